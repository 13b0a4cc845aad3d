"""The values that a user gives for requests: `--set`, `--model`, and the file of `--values`.

    --set path.task_id=1  --set query.tenant=acme  --set header.X-Org=7  --set cookie.lang=en
    --set temperature=0   --set /options/user='"ci"'

A name that begins with `path.`, `query.`, `header.` or `cookie.` is that of a parameter, if any
operation has one of that name there; any other is a member of the body.  The file has, under the
name or the operationId of an operation, or `*` for all, such names or tables of them:

    getTask: {path: {task_id: 1}}
    POST /tasks: {query.tenant: acme, body: {title: ci}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from troth import pointer as pointers
from troth.conformance.settings import Given
from troth.document.source import Limits, Positions
from troth.document.text_reader import read_source, read_text
from troth.errors import TrothError, nearest
from troth.generation.locations import put
from troth.generation.parameters import schema_of
from troth.generation.requests import composition, tokens_of
from troth.generation.values import Unsatisfiable
from troth.http import json_text
from troth.openapi.contract import Contract, NoSuchOperation
from troth.openapi.operation import LOCATIONS, Operation, Parameter

_LOCATIONS = tuple(where for where in LOCATIONS if where != "querystring")
#: What values may be under in a file.
_TABLES = (*_LOCATIONS, "body")
_ALL = "*"
#: Of the operations that take a member so many are asked whether they allow its value.
_TRIED = 10


class BadValue(TrothError):
    """A value that the user gave cannot be used; *where* names the option, or a line."""

    where: str
    why: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.why}" + (f"; {self.advice}" if self.advice else "")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One value: the *name* as it was given, for the *operations* that are meant."""

    name: str
    value: Any
    where: str
    operations: Sequence[Operation]
    text: str | None = None
    is_for_one: bool = False

    @property
    def is_table(self) -> bool:
        """Whether it has the form of a table of values, which stands in a file only."""
        return self.text is None and isinstance(self.value, dict)

    @property
    def whose(self) -> str:
        """Which operation is meant, in words."""
        return self.operations[0].name if self.is_for_one else "any operation"


def given(
    contract: Contract,
    fields: Sequence[tuple[str, str]] = (),
    *,
    model: str | None,
    pairs: Sequence[str],
    file: str | None,
) -> dict[str, Given]:
    """What the user gave for each operation, by its name; the command line goes before the file.

    *fields* are header fields for every request: where an operation has a parameter of that name,
    a field is its value.  Raises BadValue for what fits nowhere, and SpecError for a file that
    cannot be read.
    """
    entries = [
        *_of_fields(contract, fields),
        *(_of_file(contract, file) if file else ()),
        *_of_pairs(contract, pairs),
    ]
    found: dict[str, Given] = {}
    if model is not None:
        for operation, place in _model_places(contract):
            found[operation.name] = Given(members={place: model})
    for entry in entries:
        for operation, more in _placed(entry):
            own = found.get(operation.name, Given())
            found[operation.name] = Given(
                {**own.parameters, **more.parameters}, {**own.members, **more.members}
            )
    return found


def doubts(contract: Contract, given: Mapping[str, Given]) -> Iterator[str]:
    """What was given and is no value that the document allows."""
    for operation in contract.operations:
        values = given.get(operation.name, Given()).parameters
        for parameter in operation.parameters:
            key, schema = (parameter.location, parameter.name), schema_of(parameter)
            if key in values and schema is not None and not schema.is_valid(values[key]):
                wrong = next(iter(schema.errors(values[key]))).message
                yield f"{parameter.location}.{parameter.name} of {operation.name}: {wrong}"
    for name in dict.fromkeys(name for one in given.values() for name in one.members):
        having = [one for one in contract.operations if one.name in given]
        having = [one for one in having if name in given[one.name].members][:_TRIED]
        wrongs = [_left_out(one, given[one.name].members, name) for one in having]
        if all(wrongs):
            yield f"{name} of {having[0].name} is left out of every body: {wrongs[0]}"


def _left_out(operation: Operation, members: Mapping[str, Any], name: str) -> str:
    """Why no body of *operation* has what *members* hold for *name*; empty if one may."""
    tokens = tokens_of(name)
    try:
        made = composition(operation, overrides=members)
        if made is None:
            return ""
        candidate = put(made.minimal, tokens, members[name])
    except (Unsatisfiable, TrothError, IndexError, TypeError, ValueError):
        return ""  # what cannot be made, or has no such item yet, is not for this to tell
    if made.schema.is_valid(candidate):
        return ""
    at = pointers.of(tokens)
    found = (one.message for one in made.schema.errors(candidate) if one.instance_pointer == at)
    return next(found, "")


# -- as it is written -----------------------------------------------------------------------------


def _model_places(contract: Contract) -> list[tuple[Operation, str]]:
    places = [
        (operation, operation.completion.request["model"])
        for operation in contract.operations
        if operation.completion and "model" in operation.completion.request
    ]
    if not places:
        why = "the document names no place for a model (x-troth-completion)"
        raise BadValue("--model", why, advice="use --set NAME=VALUE")
    return places


def _of_pairs(contract: Contract, pairs: Sequence[str]) -> Iterator[_Entry]:
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise BadValue("--set", f"{pair!r} is not NAME=VALUE")
        value = _value(name, text)
        yield _Entry(name, value, f"--set {name}", contract.operations, text)


def _of_fields(contract: Contract, fields: Sequence[tuple[str, str]]) -> Iterator[_Entry]:
    for name, text in fields:
        operations = [
            one
            for one in contract.operations
            if any(each.location == "header" and _is_called(each, name) for each in one.parameters)
        ]
        if operations:
            try:
                value = json_text.decode(text.encode("utf-8"))
            except json_text.BadJson:
                value = text
            # quotes are part of a field, not of JSON that is written in it
            value = text if isinstance(value, str) else value
            yield _Entry(f"header.{name}", value, f"--header {name}", operations, text)


def _value(name: str, text: str) -> Any:
    try:
        return json_text.decode(text.encode("utf-8"))
    except json_text.BadJson as fault:
        if text[:1] in ("{", "[", '"'):
            raise BadValue("--set", f"the value of {name} is not JSON: {fault}") from None
        return text  # a bare word: --set model=llama


def _of_file(contract: Contract, file: str) -> Iterator[_Entry]:
    positions, limits = Positions(), Limits()
    data, name = read_source(file, name=None, limits=limits)
    root = read_text(data, positions, file=name, limits=limits)

    def where(*tokens: str) -> str:
        place = positions.find(root, pointers.join("", *tokens))
        return f"{name}:{place.line}" if place else name

    if not isinstance(root, dict):
        raise BadValue(name, "operations with their values are expected: {getTask: {path: {…}}}")
    # what is said of one operation goes before what is said of all
    for word, values in sorted(root.items(), key=lambda pair: pair[0] != _ALL):
        operations = _named(contract, word, where(word))
        is_one = word != _ALL
        if not isinstance(values, dict):
            why = f"the values of {word} are expected by name: {{path: {{task_id: 1}}}}"
            raise BadValue(where(word), why)
        for key, value in values.items():
            if key not in _TABLES or not isinstance(value, dict):
                yield _Entry(key, value, where(word, key), operations, is_for_one=is_one)
                continue
            for inner, item in value.items():
                full = inner if key == "body" else f"{key}.{inner}"
                at = where(word, key, inner)
                yield _Entry(full, item, at, operations, is_for_one=is_one)


def _named(contract: Contract, word: str, where: str) -> Sequence[Operation]:
    if word == _ALL:
        return contract.operations
    try:
        return (contract.operation(word),)
    except NoSuchOperation:
        known = [each for one in contract.operations for each in (one.operation_id, one.name)]
        near = nearest(word, [each for each in known if each])
        advice = f"did you mean {near!r}?" if near else "it is an operationId, METHOD /path, or *"
        raise BadValue(where, f"there is no operation {word!r}", advice=advice) from None


# -- where it belongs -----------------------------------------------------------------------------


def _placed(entry: _Entry) -> list[tuple[Operation, Given]]:
    """The operations that *entry* has a place in."""
    location, dot, name = entry.name.partition(".")
    if dot and location in _LOCATIONS:
        placed = [
            (operation, Given(parameters={(location, parameter.name): _fitting(parameter, entry)}))
            for operation in entry.operations
            for parameter in operation.parameters
            if parameter.location == location and _is_called(parameter, name)
        ]
        if placed:
            return placed
    tokens = tokens_of(entry.name)
    members = Given(members={entry.name: entry.value})
    unknown = [(one, _undeclared(one, tokens)) for one in entry.operations]
    fitting = [(operation, members) for operation, wrong in unknown if wrong is None]
    if fitting:
        return fitting
    if dot and location in _LOCATIONS:
        raise _no_such_parameter(entry, location, name)
    raise _no_such_member(entry, [wrong for _, wrong in unknown if wrong])


def _no_such_member(entry: _Entry, unknown: Sequence[tuple[str, tuple[str, ...]]]) -> BadValue:
    places = dict.fromkeys(
        f"{each.location}.{each.name}"
        for one in entry.operations
        for each in one.parameters
        if _is_called(each, entry.name)
    )
    if places:
        why = f"no body has a member {entry.name!r}"
        return BadValue(entry.where, why, advice=f"a parameter is set as {' or '.join(places)}")
    names = [(token, nearest(token, known)) for token, known in unknown if token]
    token, near = next((pair for pair in names if pair[1]), names[0] if names else ("", None))
    table = nearest(entry.name, _TABLES) if entry.is_table else None
    if table or (entry.is_table and not token):
        advice = f"did you mean {table!r}?" if table else f"there are {', '.join(_TABLES)}"
        why = f"{entry.name!r} is no table of values for {entry.whose}"
        return BadValue(entry.where, why, advice=advice)
    if not token:
        why = f"{entry.whose} has no body" if entry.is_for_one else "no request has a body"
        return BadValue(entry.where, why)
    known = ", ".join(list(dict.fromkeys(name for _, own in unknown for name in own))[:8])
    advice = f"did you mean {near!r}?" if near else f"there is {known}"
    return BadValue(entry.where, f"{token!r} is not declared", advice=advice)


def _is_called(parameter: Parameter, name: str) -> bool:
    if parameter.location == "header":  # RFC 9110 §5.1
        return parameter.name.lower() == name.lower()
    return parameter.name == name


def _no_such_parameter(entry: _Entry, location: str, name: str) -> BadValue:
    has = f"no operation has a {location} parameter {name!r}"
    if entry.is_for_one:
        has = f"{entry.whose} has no {location} parameter {name!r}"
    known = dict.fromkeys(
        f"{each.location}.{each.name}" for one in entry.operations for each in one.parameters
    )
    near = nearest(entry.name, known) or nearest(name, [each.partition(".")[2] for each in known])
    own = [each for each in known if each.startswith(f"{location}.")]
    if near:
        return BadValue(entry.where, has, advice=f"did you mean {near!r}?")
    named = ", ".join((own or list(known))[:8])
    return BadValue(entry.where, has, advice=f"there is {named}" if named else "there is none")


def _undeclared(operation: Operation, tokens: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
    """The token that no body of *operation* declares, and what is declared; "" without a body."""
    contents = operation.request_body.content if operation.request_body else ()
    unknown = [one.schema.undeclared(tokens) if one.schema else None for one in contents]
    return next((each for each in unknown if each is None), unknown[0] if unknown else ("", ()))


def _fitting(parameter: Parameter, entry: _Entry) -> Any:
    """The value for *parameter*: as JSON, as the text that was written, or as an array's only."""
    schema = schema_of(parameter)
    readings = [entry.value, *([entry.text] if entry.text is not None else [str(entry.value)])]
    readings += [[each] for each in readings]
    fits = (each for each in readings if schema is None or schema.is_valid(each))
    return next(fits, entry.value)
