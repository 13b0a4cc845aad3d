"""The deck: the requests that a document itself implies, made whole.

Its examples and code samples, the requests that make each law apply, each feature alone, every
two features together, and the few that need an earlier answer of the same server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from troth.conformance.cases.case import Case, Intent, Subject, slug
from troth.generation import features
from troth.generation.chat_features import Chat
from troth.generation.features import Factor
from troth.generation.locations import ABSENT, put
from troth.generation.request_writer import assemble
from troth.generation.requests import Composition, overridden, rejected_text, varied
from troth.generation.shape import declared_names
from troth.generation.source import Smallest
from troth.generation.values import generator_of
from troth.http.exchange import Request
from troth.openapi.code_samples import requests_in

_ROWS = 40


def deck(subject: Subject, *, overrides: Mapping[str, Any] | None = None) -> Iterator[Case]:
    """The deck of one operation, the most telling first; it may repeat itself."""
    made = subject.made
    yield subject.case("examples", "minimal", subject.minimal, about="the smallest valid request")
    yield from _parameter_cases(subject)
    if made is None:
        return
    if made.streamed is not None:
        yield subject.case(
            "examples", "stream", made.streamed, about="the smallest streamed request"
        )
    yield from _examples(subject, made, overrides or {})
    yield from _law_cases(subject, made, overrides or {})
    yield from _single(subject, made)
    yield from _pairs(subject, made)
    if made.chat is not None:
        yield from _incoherent(subject, made.chat)
        yield from _derived(subject, made, made.chat)


def _parameter_cases(subject: Subject) -> Iterator[Case]:
    """Each parameter: given, absent, rejected."""
    operation = subject.operation
    base = dict(subject.parameters)
    body = {"body": subject.minimal} if subject.made is not None else {}
    plain = subject.case("examples", "minimal", subject.minimal, about="")
    for parameter in operation.parameters:
        key = (parameter.location, parameter.name)
        where = f"{parameter.location} parameter {parameter.name}"
        name = f"{parameter.location}-{slug(parameter.name)}"
        if parameter.required and parameter.location != "path":
            rest = {other: value for other, value in base.items() if other != key}
            request = assemble(operation, parameters=rest, **body)
            yield _changed(plain, f"{name}-absent", request, "invalid", f"{where}: absent")
        text = rejected_text(parameter)
        if text is not None:
            request = assemble(operation, parameters={**base, key: text}, **body)
            yield _changed(plain, f"{name}-rejected", request, "invalid", f"{where}: {text!r}")
        schema = parameter.schema
        if schema is None:
            continue
        shapes = generator_of(schema).graph.one(schema.prepared)
        for shape in shapes:
            for value in shape.values or generator_of(schema).graph.examples(shape):
                if value not in (None, "") and schema.is_valid(value):
                    request = assemble(operation, parameters={**base, key: value}, **body)
                    yield _changed(
                        plain,
                        f"{name}-{slug(str(value))[:24]}",
                        request,
                        "valid",
                        f"{where}: {value!r}",
                    )


def _changed(case: Case, name: str, request: Request, intent: Intent, about: str) -> Case:
    stem = case.id.rpartition("/")[0]
    published: Intent = intent if case.published_intent != "either" else "either"
    return replace(
        case,
        id=f"{stem}/{name}",
        request=request,
        intent=intent,
        published_intent=published,
        about=about,
    )


def _examples(subject: Subject, made: Composition, overrides: Mapping[str, Any]) -> Iterator[Case]:
    entries = subject.operation.request_body.content if subject.operation.request_body else ()
    for entry in entries:
        if entry.is_json and entry.schema is made.schema:
            for index, example in enumerate(entry.examples, 1):
                value = overridden(made.schema, example.value, overrides)
                about = f"the example at #{example.pointer}"
                yield subject.case("examples", f"example-{index}", value, about=about)
    generator = generator_of(made.schema)
    names = [
        name
        for shape in generator.graph.one(made.schema.prepared)
        for name in declared_names(shape)
    ]
    for index, sample in enumerate(subject.operation.code_samples, 1):
        for value in requests_in(sample, members=frozenset(names)):
            word = slug(f"{sample.get('lang', '')}-{sample.get('label', '')}")
            yield subject.case(
                "examples",
                f"sample-{index}-{word}",
                overridden(made.schema, value, overrides),
                about=f"the code sample {index} ({sample.get('lang', 'unnamed')})",
            )
    yield from _whole_schema_examples(subject, made, overrides)


def _whole_schema_examples(
    subject: Subject, made: Composition, overrides: Mapping[str, Any]
) -> Iterator[Case]:
    """The schema's own examples, and one request of all the examples of its members."""
    generator = generator_of(made.schema)
    count = 0
    for shape in generator.graph.one(made.schema.prepared):
        for value in generator.graph.examples(shape):
            count += 1
            value = overridden(made.schema, value, overrides)
            yield subject.case(
                "examples", f"schema-example-{count}", value, about="the schema's example"
            )
    value = made.minimal
    for factor in features.member_factors(made.schema, skip=lambda name: False):
        candidate = factor.levels[0].build(value, Smallest())
        if isinstance(value, dict) and factor.name not in value and made.valid(candidate):
            value = candidate
    yield subject.case(
        "examples", "members-examples", value, about="the members' examples together"
    )


def _law_cases(subject: Subject, made: Composition, overrides: Mapping[str, Any]) -> Iterator[Case]:
    for law in made.marked.laws:
        for index, patch in enumerate(law.requests, 1):
            value = overridden(made.schema, merged(made.minimal, patch), overrides)
            name = f"law-{law.id}" + (f"-{index}" if index > 1 else "")
            yield subject.case("examples", name, value, about=f"the law {law.id}", laws=(law.id,))
            streamed = streamed_form(made, value)
            if streamed is not None and "events" not in law.variables:
                about = f"the law {law.id}, streamed"
                yield subject.case(
                    "examples", f"{name}-streamed", streamed, about=about, laws=(law.id,)
                )


def merged(target: Any, patch: Any) -> Any:
    """Apply a JSON Merge Patch (RFC 7396 §2)."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, item in patch.items():
        if item is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), item)
    return result


def streamed_form(made: Composition, value: Any) -> Any:
    """*value* as a streamed request, None when it is one already or cannot be."""
    if made.streamed is None or features.is_streaming(made.marked, value):
        return None
    found = next((factor for factor in made.factors if factor.name == "stream"), None)
    if found is None:
        return None
    streamed = found.levels[0].build(value, Smallest())
    return streamed if made.valid(streamed) else None


def _single(subject: Subject, made: Composition) -> Iterator[Case]:
    for factor in made.factors:
        for level in factor.levels:
            value = level.build(made.minimal, Smallest())
            name = f"{slug(factor.name)}-{slug(level.name)}"
            yield subject.case("examples", name, value, about=level.name)
            streamed = streamed_form(made, value) if _chats(made, factor.name) else None
            if streamed is not None:
                yield subject.case(
                    "examples", f"{name}-streamed", streamed, about=f"{level.name}, streamed"
                )


def _chats(made: Composition, factor: str) -> bool:
    return made.chat is not None and any(one.name == factor for one in made.chat.factors())


def _pairs(subject: Subject, made: Composition) -> Iterator[Case]:
    factors = _in_both(subject, made)
    for index, row in enumerate(features.pairwise(factors, most=_ROWS), 1):
        words = [
            factor.levels[level - 1].name
            for factor, level in zip(factors, row, strict=True)
            if level
        ]
        value = varied(replace(made, factors=factors), row, Smallest())
        yield subject.case("examples", f"pairs-{index:02}", value, about=" + ".join(words))


def _in_both(subject: Subject, made: Composition) -> tuple[Factor, ...]:
    """The factors with those of their levels that the published document accepts as well.

    A request of many features is worth little when one of them lets a server refuse it.
    """
    accepts = subject.published.is_valid if subject.published else made.valid
    kept = (
        Factor(
            factor.name,
            tuple(one for one in factor.levels if accepts(one.build(made.minimal, Smallest()))),
        )
        for factor in made.factors
    )
    return tuple(factor for factor in kept if factor.levels) or made.factors


def _incoherent(subject: Subject, chat: Chat) -> Iterator[Case]:
    """What a schema accepts and makes no sense: a server may refuse it, and must not fail."""
    forced = chat.forced(subject.minimal, Smallest())
    tokens = chat.tokens("tools")
    if tokens is None or not isinstance(chat.get(forced, "tools"), list):
        return
    for name, value, about in (
        ("forced-tool-without-tools", put(forced, tokens, ABSENT), "a forced tool, and no tools"),
        (
            "forced-tool-of-none",
            put(forced, tokens, []),
            "a forced tool, and an empty list of tools",
        ),
    ):
        yield subject.case("examples", name, value, about=about, legal="either-if-valid")


def _derived(subject: Subject, made: Composition, chat: Chat) -> Iterator[Case]:
    """What an earlier answer of the same server makes possible."""
    plain = subject.case("examples", "minimal", made.minimal, about="")
    if chat.tokens("stop") is not None:
        yield from _stop_cases(subject, made, chat, plain)
    forced = subject.case(
        "examples", "tools-a-forced-tool", chat.forced(made.minimal, Smallest()), about=""
    )
    if made.valid(forced.value) and "tool-calls" in chat.completion.choice:
        yield _tool_result(subject, chat, forced)


def _stop_cases(subject: Subject, made: Composition, chat: Chat, plain: Case) -> Iterator[Case]:
    for streams in (False, True):
        name = "stop-from-answer" + ("-streamed" if streams else "")

        def derive(
            answers: Mapping[str, Any], *, name: str = name, streams: bool = streams
        ) -> Case | None:
            word = _word_inside(chat.completion.of_first_choice(answers.get(plain.id), "content"))
            if word is None:
                return None
            value = chat.set(plain.value, "stop", [word])
            value = (streamed_form(made, value) or value) if streams else value
            laws = tuple(law.id for law in made.marked.laws if "stop" in law.id)
            about = f"stop at {word!r}, which the answer to {plain.id} contains"
            return subject.case("examples", name, value, about=about, laws=laws)

        yield replace(
            plain,
            id=f"examples/{subject.slug}/{name}",
            about="stop at a word of an earlier answer",
            needs=(plain.id,),
            derive=derive,
        )


def _word_inside(content: Any) -> str | None:
    """A word from the middle of a text, such that something precedes it."""
    words = content.split() if isinstance(content, str) else []
    inner = [word for word in words[1:] if word != words[0]]
    return inner[len(inner) // 2] if inner else None


def _tool_result(subject: Subject, chat: Chat, forced: Case) -> Case:
    name = "tool-result-of-answer"

    def derive(answers: Mapping[str, Any]) -> Case | None:
        calls = chat.completion.of_first_choice(answers.get(forced.id), "tool-calls")
        if not isinstance(calls, list) or not all(
            isinstance(call, dict) and isinstance(call.get("id"), str) for call in calls
        ):
            return None
        results = [
            {"role": "tool", "tool_call_id": call["id"], "content": '{"ok": true}'}
            for call in calls
        ]
        before = chat.get(forced.value, "messages")
        messages = [*before, {"role": "assistant", "tool_calls": calls}, *results]
        value = chat.set(forced.value, "messages", messages)
        value = chat.set(value, "tool-choice", "auto")
        about = f"the results of the tool calls in the answer to {forced.id}"
        case = subject.case("examples", name, value, about=about)
        return case if calls and case.intent == "valid" else None

    return replace(
        forced,
        id=f"examples/{subject.slug}/{name}",
        about="the result of a tool call of an earlier answer",
        needs=(forced.id,),
        derive=derive,
    )
