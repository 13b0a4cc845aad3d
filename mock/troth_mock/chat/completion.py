"""The chat-shaped parts of an answer, which no schema can fill: content, tool calls, counts.

Switched on by the document's `x-troth-completion`, which says where the parts stand.  Everything
else in the body is synthesised from the response schema, and where the document allows less than
a chat needs (another enum, a const), the finished body is made to fit it.

Limits: a token limit holds for each choice.  Its tokens are those of the content, or of the JSON
text of a tool call's arguments; an answer that reaches the limit says `length`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import orjson

from troth.generation.values import Unsatisfiable, fit, synthesize
from troth.http import json_text
from troth.schema.schema import Schema
from troth.seed import Seed
from troth_mock.chat import text
from troth_mock.chat.form import keys_of
from troth_mock.chat.members import ChatMembers, Names, get_member, put_member, remove_member
from troth_mock.chat.request import (
    ChatRequest,
    Tool,
    instance,
    last_user_text,
    written_object,
)
from troth_mock.chat.tokens import count, logprob_entries, tokens
from troth_mock.chat.tool_calls import Call, call_tools, due_tools, tool_results

#: The time of every answer under the fixed clock: 2023-11-14T22:13:20Z.
FIXED_TIME = 1_700_000_000

#: With more choices than this each is brief, so that an answer stays of a sane size.
_MOST_LONG_CHOICES = 8
#: Of the instances of a json_schema so many are drawn; further choices repeat them.
_MOST_INSTANCES = 16
_MOST_DRAWS = 6
_PROBE = ChatRequest(model="model")


@dataclass(frozen=True, slots=True)
class Draft:
    """One choice: the tokens of its text, or its calls, and why it ends.

    *reasoning* are the tokens of what it says before, where the document has a place for that,
    *refusal* those of why it says nothing else.  *annotations* tell where its text is from.
    """

    pieces: list[str] | None
    tool_calls: list[Call]
    finish: str
    reasoning: list[str] | None = None
    refusal: list[str] | None = None
    annotations: Sequence[Any] | None = None

    @property
    def size(self) -> int:
        """How many tokens it has."""
        calls = sum(len(call.pieces) for call in self.tool_calls)
        return calls + sum(len(part or ()) for part in (self.pieces, self.reasoning, self.refusal))

    @property
    def is_text(self) -> bool:
        """Whether it is a text and nothing else."""
        return not (self.tool_calls or self.reasoning or self.refusal or self.annotations)


@dataclass(frozen=True, slots=True)
class Message:
    """What an answer is told to say; *calls* are names of tools with the JSON of their arguments.

    Without a *finish* it is the usual one, and the request's limits cut the text as they do any.
    *annotations* are as they stand in a message; without any they are of the links in the text.
    """

    text: str | None = None
    reasoning: str | None = None
    calls: tuple[tuple[str, str], ...] = ()
    finish: str | None = None
    refusal: str | None = None
    annotations: Sequence[Any] | None = None

    def draft(self, request: ChatRequest, seed: Seed) -> Draft:
        """The choice that says it."""
        calls = [
            Call(f"call_{seed.child('call', index).key.hex()[:24]}", name, tokens(arguments))
            for index, (name, arguments) in enumerate(self.calls)
        ]
        if calls or self.finish is not None:
            request = replace(request, limit=None, stops=())
        is_silent = self.text is None and (calls or self.refusal is not None)
        said = Draft(None, [], "stop") if is_silent else _text_draft(self.text or "", request)
        refused = None if self.refusal is None else _text_draft(self.refusal, request)
        finish = "tool_calls" if calls else (refused or said).finish
        return Draft(
            said.pieces,
            calls,
            self.finish or finish,
            None if self.reasoning is None else tokens(self.reasoning),
            None if refused is None else refused.pieces,
            self.annotations,
        )


@dataclass(frozen=True, slots=True)
class Completed:
    """A whole completion: the *body*, valid, and the *drafts* that it was made of.

    *drafts* is empty when the body had to be changed to fit the document.  *placeholder* is a
    text that nothing in the body holds, because nobody can guess it; *is_text* says that each
    choice is a text and nothing else, *size* how many tokens were said.
    """

    body: dict[str, Any]
    drafts: tuple[Draft, ...]
    placeholder: str
    is_text: bool = False
    size: int = 0


def drafts(request: ChatRequest, seed: Seed) -> list[Draft]:
    """What each choice of the answer to *request* says.  Raises Refused."""
    if request.reasoning:
        return _reasoned(request, seed)
    tools = due_tools(request)
    if tools:
        subject = text.subject(last_user_text(request.messages))
        return [
            _calls_draft(tools, request, seed.child("choice", index), subject)
            for index in range(request.choices)
        ]
    return [_text_draft(text, request) for text in _texts(request, seed)]


def _reasoned(request: ChatRequest, seed: Seed) -> list[Draft]:
    """The choices, each with its reasoning first, which counts for the limit too."""
    question, number = last_user_text(request.messages), _number(seed)
    made: list[Draft] = []
    # each choice has its own length of reasoning, and so its own rest of the limit
    rests: dict[int | None, list[Draft]] = {}
    for index in range(request.choices):
        said = text.reasoning(question, number=number, index=index, sentences=request.reasoning)
        pieces, left = tokens(said), request.limit
        if left is not None:
            left -= len(pieces)
            if left <= 0:
                made.append(Draft([], [], "length", pieces[: request.limit]))
                continue
        if left not in rests:
            rests[left] = drafts(replace(request, reasoning=0, limit=left), seed)
        made.append(replace(rests[left][index], reasoning=pieces))
    return made


def _calls_draft(tools: Sequence[Tool], request: ChatRequest, seed: Seed, subject: str) -> Draft:
    calls, is_cut = call_tools(tools, seed, subject=subject, limit=request.limit)
    return Draft(None, calls, "length" if is_cut else "tool_calls")


def _text_draft(text: str, request: ChatRequest) -> Draft:
    if request.stops:
        text = before(text, request.stops)
    pieces = tokens(text)
    if request.limit is not None and len(pieces) >= request.limit:
        return Draft(pieces[: request.limit], [], "length")
    return Draft(pieces, [], "stop")


def before(text: str, stops: Sequence[str]) -> str:
    """*text* up to the first occurrence of any of *stops*."""
    places = [at for stop in stops if (at := text.find(stop)) >= 0]
    return text[: min(places)] if places else text


def _texts(request: ChatRequest, seed: Seed) -> list[str]:
    if request.format != "text":
        return _json_texts(request, seed)
    number = _number(seed)
    brief = request.choices > _MOST_LONG_CHOICES
    indexes = range(request.choices)
    results = tool_results(request.messages) if request.messages else []
    if results:
        return [text.report(results, number=number, index=index) for index in indexes]
    question = last_user_text(request.messages)
    asked = partial(text.answer, question, number=number, brief=brief)
    texts = [asked(index=index, system=request.system) for index in indexes]
    if request.searches:
        return [text.with_links(said, number=number + index) for index, said in enumerate(texts)]
    return texts


def _json_texts(request: ChatRequest, seed: Seed) -> list[str]:
    texts = [
        _json_text(request, seed.child("json", index))
        for index in range(min(request.choices, _MOST_INSTANCES))
    ]
    return [texts[index % len(texts)] for index in range(request.choices)]


def _json_text(request: ChatRequest, seed: Seed) -> str:
    """JSON that conforms and, where a few draws find such, has no stop sequence to cut it."""
    conforming = ""
    for attempt in range(_MOST_DRAWS if request.stops else 1):
        part = seed.child(attempt) if attempt else seed
        if request.schema is None:
            value: Any = _some_object(request, part)
        else:
            value = instance(
                request.schema, part, at=request.schema_at, owner="the response format"
            )
        conforming = json_text.encode(value).decode()
        if not any(stop in conforming for stop in request.stops):
            return conforming
    if request.schema is None and not any(stop in "{}" for stop in request.stops):
        return "{}"
    return conforming


def _some_object(request: ChatRequest, seed: Seed) -> Any:
    """An object such as the messages ask for in words, by a JSON Schema or by its keys."""
    question, number = last_user_text(request.messages), _number(seed)
    for said in (question, request.system):
        found = written_object(said, seed)
        if found is None and (keys := keys_of(said)):
            found = dict(text.values_of(keys, number))
        if found is not None:
            return found
    answer = text.answer(question, number=number, brief=True)
    return {"topic": text.topic(question), "answer": answer, "confidence": number % 100 / 100}


class Completions:
    """Makes the completions of one response schema; compiled once."""

    def __init__(self, members: ChatMembers, schema: Schema | None, *, digest: str) -> None:
        self.members = members
        self.schema = schema
        self._is_valid = schema.is_valid if schema is not None else lambda value: True
        self._fingerprint = f"fp_{Seed.of('fingerprint', digest).key.hex()[:10]}"
        self._silence: tuple[str | None, ...] = ()
        self.pool = body_templates(
            schema, members, Seed.of(digest, "completion"), fill=self._with_text
        )
        # where it may be it is there, and a text: clients that were generated often insist on one,
        # whatever the document allows; a refusal stands in the place of the content
        self._silence = tuple(filter(self._may_say, ("", None)))
        self._annotates = "annotations" in members.choice

    def complete(
        self,
        request: ChatRequest,
        seed: Seed,
        *,
        text_seed: Seed | None = None,
        created: int,
        message: Message | None = None,
    ) -> Completed:
        """Answer *request*; what it says is drawn from *text_seed*, where that is another one.

        Told a *message*, every choice says just that, whether or not the document allows it.
        Raises Refused, and Unsatisfiable if no body can be valid.
        """
        if message is None:
            choices = drafts(request, text_seed or seed)
        else:
            parts = [seed.child("choice", index) for index in range(request.choices)]
            choices = [message.draft(request, part) for part in parts]
        if self._annotates:
            choices = [_annotated(draft, self.members.annotation) for draft in choices]
        placeholder = f"mark-{seed.key.hex()}"
        template = self.pool[seed.key[0] % len(self.pool)]
        body = self._body(request, choices, seed, created=created, template=template)
        size = sum(draft.size for draft in choices)
        is_text = request.top_logprobs is None and all(draft.is_text for draft in choices)
        if message is not None or self._is_valid(body):
            return Completed(body, tuple(choices), placeholder, is_text, size)
        assert self.schema is not None
        fitted = fit(self.schema, body, seed=seed.child("fit"))
        return Completed(fitted, (), placeholder, size=size)

    def body_saying(
        self,
        model: str,
        content: str,
        finish: str,
        *,
        seed: Seed,
        created: int,
        counts: tuple[int, int, int],
        template: int,
    ) -> dict[str, Any] | None:
        """A body that says just this, usage included; None if the document takes no such body."""
        draft = Draft([content], [], finish)
        request = ChatRequest(model=model)
        body = self._body(request, [draft], seed, created=created, template=self.pool[template])
        usage = self.members.response.get("usage")
        if usage is not None:
            for name, number in zip(("prompt", "completion", "total"), counts, strict=True):
                if name in self.members.usage:
                    put_member(body, (*usage, *self.members.usage[name]), number)
        return body if self._is_valid(body) else None

    def _body(
        self,
        request: ChatRequest,
        drafts: Sequence[Draft],
        seed: Seed,
        *,
        created: int,
        template: BodyTemplate,
    ) -> dict[str, Any]:
        body: dict[str, Any] = orjson.loads(template.body)
        at = self.members.response
        _set(body, at.get("id"), f"{self.members.id_prefix}{seed.key.hex()}")
        _set(body, at.get("created"), created)
        if request.model is not None:
            _set(body, at.get("model"), request.model)
        choices = [
            self._choice(orjson.loads(template.choice), draft, request, seed, index)
            for index, draft in enumerate(drafts)
        ]
        put_member(body, at["choices"], choices)
        if "usage" in at:
            prompt, size = count(request.messages), sum(draft.size for draft in drafts)
            counts = {} if template.usage == b"{}" else orjson.loads(template.usage)
            put_member(body, at["usage"], self._usage(counts, prompt, size))
        _set(body, at.get("system-fingerprint"), self._fingerprint)
        if request.service_tier is not None:
            tier = "default" if request.service_tier == "auto" else request.service_tier
            _set(body, at.get("service-tier"), tier)
        return body

    def _choice(
        self, choice: dict[str, Any], draft: Draft, request: ChatRequest, seed: Seed, index: int
    ) -> dict[str, Any]:
        at = self.members.choice
        _set(choice, at.get("index"), index)
        _set(choice, at.get("role"), "assistant")
        if draft.pieces is not None:
            put_member(choice, at["content"], "".join(draft.pieces))
        if draft.pieces is None and self._silence:
            silence = self._silence[0 if draft.refusal is None else -1]
            put_member(choice, at["content"], silence)
        if draft.reasoning is not None:
            _set(choice, at.get("reasoning"), "".join(draft.reasoning))
        if draft.refusal is not None:
            _set(choice, at.get("refusal"), "".join(draft.refusal))
        if draft.annotations:
            _set(choice, at.get("annotations"), list(draft.annotations))
        if draft.tool_calls:
            _set(choice, at.get("tool-calls"), [call.value for call in draft.tool_calls])
        if request.top_logprobs is not None:
            entries = logprob_entries(
                draft.pieces or (), seed.child("logprobs", index), top=request.top_logprobs
            )
            _set(choice, at.get("logprobs"), {"content": entries})
        _set(choice, at.get("finish-reason"), draft.finish)
        return choice

    def _usage(self, usage: dict[str, Any], prompt: int, completion: int) -> dict[str, Any]:
        at = self.members.usage
        _set(usage, at.get("prompt"), prompt)
        _set(usage, at.get("completion"), completion)
        _set(usage, at.get("total"), prompt + completion)
        return usage

    def _with_text(self, template: BodyTemplate) -> dict[str, Any]:
        """The body that *template* makes around a text."""
        draft = Draft(["Hello"], [], "stop")
        return self._body(_PROBE, [draft], Seed.of("probe"), created=FIXED_TIME, template=template)

    def _may_say(self, content: str | None) -> bool:
        """Whether *content* may be that of a message that calls a tool."""
        draft = Draft(None, [Call("call_0", "tool", ["{}"])], "tool_calls")
        body = self._body(
            _PROBE, [draft], Seed.of("probe"), created=FIXED_TIME, template=self.pool[0]
        )
        put_member(
            get_member(body, self.members.response["choices"])[0],
            self.members.choice["content"],
            content,
        )
        return self._is_valid(body)


def _annotated(draft: Draft, annotation: Mapping[str, Any]) -> Draft:
    """*draft* with the annotations of the links in its text, unless it has its own."""
    if draft.annotations is not None or not draft.pieces:
        return draft
    return replace(draft, annotations=text.citations("".join(draft.pieces), annotation))


def _number(seed: Seed) -> int:
    # the seed is a hash already: half of it is as good a draw as another hash of it
    return int.from_bytes(seed.key[8:], "big")


def _set(value: dict[str, Any], names: Names | None, part: Any) -> None:
    if names is None:
        return
    if len(names) == 1:
        value[names[0]] = part
    else:
        put_member(value, names, part)


_POOL = 4
# The parts of a choice that an answer has or has not.
_OPTIONAL = ("reasoning", "refusal", "annotations", "tool-calls", "logprobs")


@dataclass(frozen=True, slots=True)
class BodyTemplate:
    """The JSON texts of a body without its choices and usage, of one choice, and of a usage."""

    body: bytes
    choice: bytes
    usage: bytes


def body_templates(
    schema: Schema | None, members: ChatMembers, seed: Seed, *, fill: Callable[[BodyTemplate], Any]
) -> tuple[BodyTemplate, ...]:
    """Make the templates of the bodies that *schema* describes, each other one once.

    *fill* gives the body that a template makes around an answer in text.
    """
    if schema is None:
        return (BodyTemplate(b"{}", b"{}", b"{}"),)
    pool: dict[BodyTemplate, None] = {}
    for index in range(_POOL):
        body: Any = {}
        part = seed.child(index)
        with suppress(Unsatisfiable):  # told when a body is asked for
            body = synthesize(schema, seed=part, optional=False)
            # what was drawn need not have a choice at all: the nearest valid body does
            body = fit(schema, fill(_BodyParts.of(body, members).template), seed=part)
        parts = _BodyParts.of(body, members)
        pool[parts.with_nulls(members, lambda template: schema.is_valid(fill(template)))] = None
    return tuple(pool)


@dataclass(slots=True)
class _BodyParts:
    body: dict[str, Any]
    choice: dict[str, Any]
    usage: dict[str, Any]

    @classmethod
    def of(cls, body: Any, members: ChatMembers) -> _BodyParts:
        at = members.response
        body = body if isinstance(body, dict) else {}
        choices = get_member(body, at["choices"])
        choice = choices[0] if isinstance(choices, list) and choices else {}
        usage = get_member(body, at["usage"]) if "usage" in at else {}
        remove_member(body, at["choices"])
        if "usage" in at:
            remove_member(body, at["usage"])
        choice = choice if isinstance(choice, dict) else {}
        for name in ("content", "finish-reason", *_OPTIONAL):
            if name in members.choice:
                remove_member(choice, members.choice[name])
        return cls(body, choice, usage if isinstance(usage, dict) else {})

    @property
    def template(self) -> BodyTemplate:
        return BodyTemplate(*map(json_text.encode, (self.body, self.choice, self.usage)))

    def with_nulls(
        self, members: ChatMembers, is_good: Callable[[BodyTemplate], bool]
    ) -> BodyTemplate:
        """The template with null for everything that may be null."""
        self._require(members, is_good)
        if not is_good(self.template):
            return self.template
        message = members.choice["content"][:-1]
        for holder, at, filled in (
            (self.body, (), members.response),
            (self.choice, (), members.choice),
            (get_member(self.choice, message), message, members.choice),
        ):
            for name in list(holder) if isinstance(holder, dict) else ():
                if (*at, name) in filled.values():
                    continue  # the answer has its own, unless the request lacks it
                kept = holder[name]
                holder[name] = None
                if not is_good(self.template):
                    holder[name] = kept
        return self.template

    def _require(self, members: ChatMembers, is_good: Callable[[BodyTemplate], bool]) -> None:
        """Put null for the parts that the document requires even where an answer has none."""
        known = [members.choice[name] for name in _OPTIONAL if name in members.choice]
        for some in _subsets(known):
            for names in some:
                put_member(self.choice, names, None)
            if is_good(self.template):
                return
            for names in some:
                remove_member(self.choice, names)


def _subsets(known: list[Names]) -> Iterator[list[Names]]:
    yield []
    for names in known:
        yield [names]
    if len(known) > 1:
        yield known
