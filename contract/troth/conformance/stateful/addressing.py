"""The requests of a trial, put together: how an item is addressed, and what named it.

A value in a path is one that an earlier answer had, and which one it was is kept with it, so that a
finding can be followed step by step.  What is sent, and when, is the trial's affair.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from troth import pointer as pointers
from troth.conformance.cases.case import Case, Subject
from troth.conformance.events import Step, Taken
from troth.conformance.settings import Settings
from troth.conformance.stateful.items import Answer, Item, same_id
from troth.generation.request_writer import UNSET, in_path
from troth.http.exchange import Fields
from troth.openapi import runtime_expression
from troth.openapi.fillings import told_at
from troth.openapi.operation import Operation
from troth.openapi.paths import shape_of
from troth.openapi.resources import Resource, Role

#: Header fields that make a request a conditional one (RFC 9110 §13.1): never drawn.
_CONDITIONS = frozenset({"if-match", "if-none-match", "if-modified-since", "if-unmodified-since"})


def addressing(
    operation: Operation, item: Item
) -> tuple[dict[str, Any], dict[str, tuple[Answer, str]]]:
    """The values of the variables of *operation*'s path that *item* has, and where from."""
    shape, names = shape_of(operation.path)
    own_shape, own_names = shape_of(item.resource.path)
    ends = [index + 1 for index, part in enumerate(shape) if part == "{}"]
    values: dict[str, Any] = {}
    expressions = {}
    for number, (name, end) in enumerate(zip(names, ends, strict=False)):
        is_same = shape[:end] == own_shape[:end] and number < len(own_names)
        other = own_names[number] if is_same else name
        if other in item.values:
            values[name] = item.values[other]
        if other in item.expressions:
            expressions[name] = item.expressions[other]
    return values, expressions


def conditions(operation: Operation, item: Item | None, fields: Fields) -> Fields:
    """What a condition that must be there is: one that *item* as it is now meets."""
    parameter = operation.condition
    if parameter is None or any(name.lower() == "if-match" for name, _ in fields):
        return ()
    tags = [each.field("ETag") for each in (item.readings if item else [])]
    return ((parameter.name, tags[-1] if tags and tags[-1] else "*"),)


def given_names(settings: Settings, resource: Resource) -> set[str]:
    """The variables of the path of an item that the user has given values for."""
    roles: tuple[Role, ...] = ("read", "update", "replace", "delete")
    own = [each for role in roles for each in resource.operations.get(role, ())]
    given = [settings.given(each).parameters for each in own]
    names = {name for one in given for place, name in one if place == "path"}
    return {name for name in names if all(("path", name) in one for one in given)}


def case_of(
    subject: Subject,
    values: Mapping[str, Any],
    *,
    query: Mapping[str, Any] | None = None,
    body: Any = UNSET,
    about: str,
    number: int,
) -> Case:
    """A request of *subject* with *values* in its path; it may be refused for what there is."""
    declared = {(str(each.location), each.name) for each in subject.operation.parameters}
    parameters = {**subject.parameters, **{("path", name): one for name, one in values.items()}}
    parameters |= {("query", name): one for name, one in (query or {}).items()}
    known = {key: value for key, value in parameters.items() if key in declared}
    known = {key: one for key, one in known.items() if key[1].lower() not in _CONDITIONS}
    addressed = replace(subject, parameters=known)
    value = subject.minimal if body is UNSET else body
    return addressed.case("resources", f"{about}-{number}", value, about=about).unsure()


def sources_of(
    operation: Operation,
    answers: Sequence[Answer],
    values: Mapping[str, Any],
    expressions: Mapping[str, tuple[Answer, str]],
    fields: Fields,
) -> tuple[tuple[Answer, str, str], ...]:
    """What of a request came from an earlier answer: which, where from, and as what text."""
    sources = []
    for parameter in operation.parameters:
        source = expressions.get(parameter.name) if parameter.location == "path" else None
        if source is not None and parameter.name in values:
            sources.append((*source, in_path(parameter, values[parameter.name])))
    for name, value in fields:
        if name.lower() in _CONDITIONS:
            tagged = (each for each in reversed(answers) if each.field("ETag") == value)
            sources += [(each, "$response.header.ETag", value) for each in [*tagged][:1]]
    return tuple(sources)


def identified(item: Item, answer: Answer, *, is_named: bool, given: Collection[str] = ()) -> bool:
    """Find in *answer* all that the path of *item* asks for; whether there is such.

    What of it is *given* need not be told.
    """
    if not _is_named(item, answer, is_named=is_named):
        return False
    for name in shape_of(item.resource.path)[1]:
        if name in item.values or name in given:
            continue
        told = told_at(answer.item, name)
        if told is not None:
            place = item.resource.item(answer.operation, answer.status) or ""
            item.values[name] = pointers.resolve(answer.item, told)
            item.expressions[name] = (answer, f"$response.body#{place}{told}")
        elif not _located(item, answer, name):
            return False
    return True


def _is_named(item: Item, answer: Answer, *, is_named: bool) -> bool:
    """Find in *answer* what names *item* among its like; whether there is such."""
    resource, name = item.resource, item.resource.parameter
    if name is None:  # a singleton has no name
        item.identifier = ""
        return True
    inside = resource.identifier
    if is_named:
        item.identifier = item.values[name]
        own = pointers.find(answer.item, inside) if inside and answer.item is not UNSET else None
        return own is None or same_id(own, item.identifier)
    if answer.item is not UNSET and inside is not None:
        value = pointers.find(answer.item, inside)
        if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "":
            place = (resource.item(answer.operation, answer.status) or "") + inside
            own = runtime_expression.named_by(value, resource.path, name)
            item.identifier = item.values[name] = own
            if own == value:
                item.expressions[name] = (answer, f"$response.body#{place}")
            item.readings.append(answer)
            return True
    is_located = _located(item, answer, name)
    item.identifier = item.values.get(name) if is_located else item.identifier
    return is_located


def _located(item: Item, answer: Answer, name: str) -> bool:
    """Find in Location what the path of *item* has for *name*; whether there is such."""
    location = answer.field("Location") or ""
    found = runtime_expression.in_url(location, item.resource.path, name) if location else None
    if not found:
        return False
    item.values[name] = found
    item.expressions[name] = (answer, "$response.header.Location")
    return True


def steps_to(answer: Answer, answers: Sequence[Answer]) -> tuple[Step, ...]:
    """The steps up to *answer*, and itself as the last one."""
    taking = answers[: answers.index(answer) + 1]
    places = {id(each): index for index, each in enumerate(taking)}
    return tuple(
        Step(
            each.exchange,
            tuple(
                Taken(places[id(source)], expression, text)
                for source, expression, text in each.sources
                if id(source) in places
            ),
        )
        for each in taking
    )


def steps_in_flight(
    answer: Answer, answers: Sequence[Answer], among: Sequence[Answer] = ()
) -> tuple[Step, ...]:
    """The fewest steps that had a part in *answer*: what was in flight, and what named those.

    There are none where nothing was.
    """
    flying = in_flight(answer, answers)
    if not among and not flying:
        return ()
    waiting = [answer, *among, *flying]
    taking: list[Answer] = []
    while waiting:
        each = waiting.pop()
        if each not in taking:
            taking.append(each)
            waiting += [source for source, _, _ in each.sources]
    ordered = [each for each in answers if each in taking and each is not answer]
    return steps_to(answer, (*ordered, answer))


def in_flight(answer: Answer, answers: Sequence[Answer]) -> list[Answer]:
    """What of *answers* was asked for when *answer* was not there yet, and came after it was."""
    at = answers.index(answer)
    return [
        one
        for index, one in enumerate(answers)
        if one is not answer and one.before <= at and answer.before <= index
    ]
