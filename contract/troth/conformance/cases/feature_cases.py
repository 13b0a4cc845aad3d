"""The phase `examples`: the requests that a document itself implies, made whole.

Its examples and code samples, the requests that make each law apply, each feature alone, every
two features together, and the few that need an earlier answer of the same server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from troth.conformance.cases.case import Case, Legal, Subject, slug
from troth.conformance.cases.parameter_cases import judged
from troth.generation import features
from troth.generation.chat_features import Chat
from troth.generation.features import Factor
from troth.generation.locations import ABSENT, put
from troth.generation.parameters import examples, schema_of
from troth.generation.request_writer import assemble
from troth.generation.requests import Composition, varied
from troth.generation.shape import declared_names
from troth.generation.source import Smallest
from troth.generation.values import generator_of
from troth.openapi.code_samples import requests_in
from troth.openapi.operation import Parameter

_ROWS = 40


def feature_cases(subject: Subject) -> Iterator[Case]:
    """The cases of one operation, the most telling first; they may repeat themselves."""
    made = subject.made
    yield _case(subject, "minimal", subject.minimal, "the smallest valid request")
    yield from _parameter_cases(subject)
    if made is None:
        return
    if made.streamed is not None:
        yield _case(subject, "stream", made.streamed, "the smallest streamed request")
    yield from _examples(subject, made)
    yield from _law_cases(subject, made)
    yield from _single(subject, made)
    yield from _pairs(subject, made)
    if made.chat is not None:
        yield from _incoherent(subject, made.chat)
        yield from _derived(subject, made, made.chat)


def _case(
    subject: Subject,
    name: str,
    value: Any,
    about: str,
    *,
    laws: tuple[str, ...] = (),
    legal: Legal = "computed",
) -> Case:
    return subject.case("examples", name, value, about=about, laws=laws, legal=legal)


def _parameter_cases(subject: Subject) -> Iterator[Case]:
    """Each parameter with each value that the document names for it."""
    base = dict(subject.parameters)
    body = subject.undescribed if subject.made is None else subject.minimal
    for parameter in subject.operation.parameters:
        key = (parameter.location, parameter.name)
        for value in _parameter_values(parameter):
            request = assemble(subject.operation, parameters={**base, key: value}, body=body)
            where = f"{parameter.location} parameter {parameter.name}"
            name = f"{parameter.location}-{slug(parameter.name)}-{slug(str(value))[:24]}"
            sent = {f"{parameter.location} {parameter.name}": value}
            case = judged(
                subject, request, name, f"{where}: {value!r}", phase="examples", sent=sent
            )
            # what a text cannot say, and what nobody can tell from another's, shows nothing
            if case is not None and case.intent == "valid":
                yield case


def _parameter_values(parameter: Parameter) -> Iterator[Any]:
    """The values that the document itself names for *parameter*."""
    schema = schema_of(parameter)
    if parameter.allow_empty:
        yield ""
    if schema is None:
        return
    shapes = generator_of(schema).graph.one(schema.prepared)
    listed = (value for shape in shapes for value in shape.values or ())
    for value in (*examples(parameter), *listed):
        if value not in (None, "") and schema.is_valid(value):
            yield value


def _examples(subject: Subject, made: Composition) -> Iterator[Case]:
    entries = subject.operation.request_body.content if subject.operation.request_body else ()
    for entry in entries:
        if entry.is_json and entry.schema is made.schema:
            for index, example in enumerate(entry.examples, 1):
                value = subject.overridden(example.value)
                yield _case(
                    subject, f"example-{index}", value, f"the example at #{example.pointer}"
                )
    generator = generator_of(made.schema)
    shapes = tuple(generator.graph.one(made.schema.prepared))
    names = frozenset(name for shape in shapes for name in declared_names(shape))
    for index, sample in enumerate(subject.operation.code_samples, 1):
        word = slug(f"{sample.get('lang', '')}-{sample.get('label', '')}")
        about = f"the code sample {index} ({sample.get('lang', 'unnamed')})"
        for value in requests_in(sample, members=names):
            yield _case(subject, f"sample-{index}-{word}", subject.overridden(value), about)
    examples = (value for shape in shapes for value in generator.graph.examples(shape))
    for index, value in enumerate(examples, 1):
        name = f"schema-example-{index}"
        yield _case(subject, name, subject.overridden(value), "the schema's example")
    value = made.minimal
    for factor in features.member_factors(made.schema, skip=lambda name: False):
        candidate = factor.levels[0].build(value, Smallest())
        if isinstance(value, dict) and factor.name not in value and made.valid(candidate):
            value = candidate
    yield _case(subject, "members-examples", value, "the members' examples together")


def _law_cases(subject: Subject, made: Composition) -> Iterator[Case]:
    for law in made.marked.laws:
        for index, patch in enumerate(law.requests, 1):
            value = subject.patched(patch)
            name = f"law-{law.id}" + (f"-{index}" if index > 1 else "")
            about = f"the law {law.id}"
            yield _case(subject, name, value, about, laws=(law.id,))
            streamed = subject.streamed_form(value)
            if streamed is not None and "events" not in law.variables:
                name, about = f"{name}-streamed", f"{about}, streamed"
                yield _case(subject, name, streamed, about, laws=(law.id,))


def _single(subject: Subject, made: Composition) -> Iterator[Case]:
    chats = {factor.name for factor in made.chat.factors()} if made.chat else set()
    for factor in made.factors:
        for level in factor.levels:
            value = level.build(made.minimal, Smallest())
            name = f"{slug(factor.name)}-{slug(level.name)}"
            yield _case(subject, name, value, level.name)
            streamed = subject.streamed_form(value) if factor.name in chats else None
            if streamed is not None:
                yield _case(subject, f"{name}-streamed", streamed, f"{level.name}, streamed")


def _pairs(subject: Subject, made: Composition) -> Iterator[Case]:
    factors = _in_both(subject, made)
    for index, row in enumerate(features.pairwise(factors, most=_ROWS), 1):
        words = [
            factor.levels[level - 1].name
            for factor, level in zip(factors, row, strict=True)
            if level
        ]
        value = varied(replace(made, factors=factors), row, Smallest())
        yield _case(subject, f"pairs-{index:02}", value, " + ".join(words))


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
        yield _case(subject, name, value, about, legal="either-if-valid")


def _derived(subject: Subject, made: Composition, chat: Chat) -> Iterator[Case]:
    """What an earlier answer of the same server makes possible."""
    plain = _case(subject, "minimal", made.minimal, "")
    if chat.tokens("stop") is not None:
        laws = tuple(law.id for law in made.marked.laws if "stop" in law.id)
        for streams in (False, True):
            yield _stop_case(subject, chat, plain, laws, streams=streams)
    forced = _case(subject, "tools-a-forced-tool", chat.forced(made.minimal, Smallest()), "")
    if made.valid(forced.value) and "tool-calls" in chat.completion.choice:
        yield _tool_result(subject, chat, forced)


def _stop_case(
    subject: Subject, chat: Chat, plain: Case, laws: tuple[str, ...], *, streams: bool
) -> Case:
    name = "stop-from-answer" + ("-streamed" if streams else "")

    def derive(answers: Mapping[str, Any]) -> Case | None:
        word = _word_inside(chat.completion.of_first_choice(answers.get(plain.id), "content"))
        if word is None:
            return None
        value = chat.set(plain.value, "stop", [word])
        value = (subject.streamed_form(value) or value) if streams else value
        about = f"stop at {word!r}, which the answer to {plain.id} contains"
        return _case(subject, name, value, about, laws=laws)

    return replace(
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
        case = _case(subject, name, value, about)
        return case if calls and case.intent == "valid" else None

    return replace(
        forced,
        id=f"examples/{subject.slug}/{name}",
        about="the result of a tool call of an earlier answer",
        needs=(forced.id,),
        derive=derive,
    )
