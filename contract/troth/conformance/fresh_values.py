"""Values that nothing has yet: for members that are unique, and for keys.

No schema says that a name is unique.  A server that has it so refuses the second request with the
same one, whatever that was sent for; so from the first such refusal on each gets one of its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

from troth import pointer as pointers
from troth.conformance import references
from troth.conformance.cases.case import Case
from troth.conformance.words import sent_body, words_in
from troth.generation.locations import put
from troth.generation.natural_values import another
from troth.generation.parameters import schema_of
from troth.generation.request_writer import body_type
from troth.generation.source import Quick
from troth.generation.values import Unsatisfiable, synthesize
from troth.http.exchange import Exchange
from troth.openapi.names import words_of
from troth.openapi.operation import Operation, Parameter
from troth.openapi.resources import Resources
from troth.openapi.schema_view import of_request
from troth.seed import Seed
from troth.validation.styles import write_field

_SENDING = frozenset({"POST", "PUT", "PATCH"})
#: How what is there already is refused: RFC 9110 §15.5.10, and by those who take it for a fault.
_REFUSED = frozenset({400, 409, 422})
_CONFLICT = 409
#: What of its words says that it is for that.
_ALREADY = re.compile(r"already|\bexists\b|taken|duplicat|in use|(unique)", re.IGNORECASE)
#: Of one member so many values are remembered, and so many others are tried in the place of one.
_MOST = 2000
_TRIES = 8
_LONGER = 6
#: A shorter text is in any word by chance.
_SHORT = 3


class TakenValues:
    """What the members of items are that this run has made or changed, and which are unique."""

    def __init__(self, known: Resources, *, seed: Seed) -> None:
        self._resources = known
        self._seed = seed
        self._taken: dict[tuple[str, str], set[Any]] = {}
        self._unique: dict[str, set[str]] = {}
        #: what was taken last, by operation: in a body that is broken, what is good shows there
        self._samples: dict[str, Any] = {}
        self._renamed = 0

    def keep(self, operation: Operation, exchange: Exchange) -> None:
        """Learn of *exchange* what is taken now, or that something is unique."""
        response = exchange.response
        if operation.method not in _SENDING or response is None or not exchange.request.body:
            return
        if operation.completion is not None:
            return
        kind, value = self._kind(operation), sent_body(exchange.request)
        members = self._members(operation, value)
        if 200 <= response.status < 300:
            if members:
                self._samples[operation.name] = value
            for name, one in members:
                taken = self._taken.setdefault((kind, name), set())
                if len(taken) < _MOST:
                    taken.add(one)
        elif response.status in _REFUSED:
            self._learn(operation, exchange, [pair for pair in members if self._has(kind, *pair)])

    def _learn(
        self, operation: Operation, exchange: Exchange, taken: list[tuple[str, Any]]
    ) -> None:
        """Take for unique what of the members that are *taken* a refusal may be for."""
        response = exchange.response
        if not taken or response is None:
            return
        filled = {
            pointers.split(each.name)[-1]
            for each in self._resources.fillings(operation)
            if each.location == "body" and each.name
        }
        view = of_request(operation)
        inner = view.at(self._place(operation)) if view is not None else None
        text = response.body[:4096].decode("utf-8", "replace")
        for _, one in taken:  # that the name is `already` says nothing
            text = text.replace(str(one), "") if len(str(one)) > _SHORT else text
        says_so, there = _ALREADY.search(text), words_in(text)
        found = []
        for name, value in taken:
            member = inner.members.get(name) if inner is not None else None
            is_choice = member is not None and (
                bool(member.values) or any("const" in schema for _, schema in member.parts)
            )
            is_likely = isinstance(value, str) or says_so is not None
            if is_likely and not is_choice and name not in filled:
                found += [] if references.refers(name, value) or value == "" else [name]
        told = [name for name in found if set(words_of(name)) <= there]
        is_clear = response.status == _CONFLICT or (says_so is not None and not says_so[1])
        if is_clear or (told and says_so):
            self._unique.setdefault(self._kind(operation), set()).update(told or found)

    def repeated(self, value: Any, operation: Operation) -> set[str]:
        """The members of *value* that are unique, and have what something else has."""
        kind = self._kind(operation)
        unique = self._unique.get(kind, set()) if operation.method in _SENDING else set()
        members = self._members(operation, value) if unique else ()
        return {name for name, one in members if name in unique and self._has(kind, name, one)}

    def anew(self, case: Case, operation: Operation, *, but: Collection[str]) -> Case:
        """*case* with other values, *but* there, where it has such as may be there once."""
        entry = body_type(operation)
        if not case.request.body:
            return case
        for value, *change in self._steps(case.value, operation, but=but):
            body, pair = case.request.body, (change[0], change[1])
            body_anew = references.rewritten(body, case.value, value, change=pair, entry=entry)
            if body_anew is None:
                break
            case = replace(case, request=replace(case.request, body=body_anew), value=value)
        return case

    def apart(self, value: Any, operation: Operation) -> Any:
        """*value*, which *operation* is to be sent, with others for what may be there once."""
        for changed, *_ in self._steps(value, operation, but=()):
            value = changed
        return value

    def _steps(
        self, value: Any, operation: Operation, *, but: Collection[str]
    ) -> Iterator[tuple[Any, Any, Any]]:
        """*value* with one more of its members changed each time: what that was, and what it is."""
        kind, entry = self._kind(operation), body_type(operation)
        schema = entry.schema if entry is not None else None
        for name in sorted(self.repeated(value, operation)) if schema is not None else ():
            at = pointers.join(self._place(operation), name)
            old = pointers.find(value, at)
            if at in but or schema is None:
                continue
            self._renamed += 1
            whole = value if schema.is_valid(value) else self._samples.get(operation.name, value)
            source = Quick(self._seed.child(kind, name, self._renamed))
            for turn in range(_TRIES):
                # there are few others of one letter
                longer = old * _LONGER if isinstance(old, str) and turn >= _TRIES // 2 else old
                new = another(longer, source, self._renamed + turn, has_form=True)
                changed = put(whole, pointers.split(at), new)
                is_alike = schema.is_valid(changed) == schema.is_valid(whole)
                if is_alike and not self._has(kind, name, new):
                    value = put(value, pointers.split(at), new)
                    yield value, old, new
                    break

    def _kind(self, operation: Operation) -> str:
        resource = self._resources.of(operation)
        return resource.path if resource is not None else operation.path

    def _place(self, operation: Operation) -> str:
        resource = self._resources.of(operation)
        return (resource.sent(operation) if resource is not None else None) or ""

    def _has(self, kind: str, name: str, value: Any) -> bool:
        return value in self._taken.get((kind, name), ())

    def _members(self, operation: Operation, body: Any) -> list[tuple[str, Any]]:
        """The members of what *body* sends that are a text or a number."""
        sent = pointers.find(body, self._place(operation))
        members = sent.items() if isinstance(sent, dict) else ()
        return [(name, one) for name, one in members if type(one) in (str, int)]


# -- values that are nobody's ----------------------------------------------------------------------


def keys_for(parameter: Parameter, seed: Seed) -> Iterator[str]:
    """Keys that *parameter* may take: as most of them are, or else like one that is drawn."""
    yield str(UUID(bytes=seed.key, version=4))
    schema = schema_of(parameter)
    with suppress(Unsatisfiable):
        value = synthesize(schema, seed=seed, name=parameter.name) if schema is not None else ""
        # an example would be the same each time
        yield write_field(parameter, another(value, Quick(seed), 1, has_form=True))
        yield write_field(parameter, value)
