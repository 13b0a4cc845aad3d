"""Requests that make many things at once: each is made as if it had been sent alone.

All are made, in the order in which they were sent, or none.  What the answer tells of them stands
where the document has an array of such things, and what it counts beside that is their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from troth import pointer
from troth.generation.values import Unsatisfiable, synthesize
from troth.openapi.names import named, words_of
from troth.openapi.operation import MediaType, Operation
from troth.openapi.resource import Resource, Role
from troth.pointer import put
from troth.schema.schema import Schema
from troth_mock.reply import Reply
from troth_mock.responding.kept import Asked, Kept
from troth_mock.responding.problems import Problem
from troth_mock.responding.resource_responder import ResourceResponder
from troth_mock.responding.resource_store import ResourceStore
from troth_mock.storage.views import first_valid

#: Words of what counts, beside an array, what was made, and what was not.
_MADE = frozenset(
    word
    for words in named(
        "total count size length created inserted added imported"
        " succeeded success successes successful accepted processed received"
    )
    for word in words
)
_NOT_MADE = frozenset(
    word
    for words in named(
        "failed failures failure errors error rejected skipped ignored duplicates invalid"
    )
    for word in words
)


class BatchResponder:
    """What *operation* makes of *resource* in *store*, many at once.

    What is sent alone, where the document allows that too, is *alone*'s.
    """

    role: Role = "create"

    def __init__(
        self,
        operation: Operation,
        *,
        resource: Resource,
        status: int,
        store: ResourceStore,
        alone: ResourceResponder,
    ) -> None:
        declared, body = operation.response(status), operation.request_body
        self._sent = resource.batches[operation]
        self._told = resource.items(operation, status)
        self._alone = alone
        places = dict(resource.item_places)
        if declared is not None and self._told is not None:
            places[declared] = f"{self._told}/0"
        sent = {} if body is None else {body: f"{self._sent}/0"}
        one = replace(resource, item_places=places, sent_places=sent, array_places={})
        self._one = ResourceResponder(
            operation, resource=one, role="create", status=status, store=store
        )

    def respond(self, asked: Asked) -> Problem | Reply | Kept | None:
        """What becomes of the things that *asked* sends: all are made, or it is told why not."""
        values = pointer.find(asked.body, self._sent)
        if not isinstance(values, list):
            outcome = self._alone.respond(asked)
            return self._shown_alone(outcome) if isinstance(outcome, Kept) else outcome
        made: list[Kept] = []
        for index, value in enumerate(values):
            outcome = self._one.respond(self._of_one(asked, value, index))
            if not isinstance(outcome, Kept):
                return outcome
            made.append(outcome)

        def finish() -> None:
            for each in made:
                each.finish()

        said = replace(asked.said.of_one, body=None)
        return Kept(asked.seed, said, partial(self._show, values, made), finish)

    def _of_one(self, asked: Asked, value: Any, index: int) -> Asked:
        """*asked*, as if it had sent *value* alone."""
        around = asked.body if isinstance(asked.body, dict) else {}
        inner = value if isinstance(value, dict) else {}
        return replace(
            asked,
            body=put(asked.body, self._sent, [value]),
            said=replace(asked.said, body={**around, **inner}),
            seed=asked.seed.child("item", index),
            whole=asked.whole.child("item", index),
        )

    def _show(
        self, values: Sequence[Any], made: Sequence[Kept], entry: MediaType, drawn: Any
    ) -> Any:
        """*drawn* with all that was *made* of *values*; where it tells of one, with the first."""
        schema, told = entry.schema, self._told
        if schema is None or told is None:
            body = made[0].show(entry, drawn) if made else drawn
            for each in made[1:]:
                each.finish()
            return body
        before, shown = self._drawn_in(drawn), []
        for index, (value, each) in enumerate(zip(values, made, strict=True)):
            item = before[index] if index < len(before) else self._another(schema, value, each)
            body = each.show(entry, put(drawn, told, [item]))
            shown.append(pointer.find(body, f"{told}/0"))
        body = _counted(schema, put(drawn, told, shown), told, len(shown))
        return body if schema.is_valid(body) else drawn

    def _another(self, schema: Schema, value: Any, made: Kept) -> Any:
        """What is drawn for one that was *made* of *value*."""
        given = value if isinstance(value, dict) else {}
        try:
            drawn = synthesize(schema, seed=made.seed, name=made.said.owner, length=1, given=given)
        except Unsatisfiable:
            return {}
        return next(iter(self._drawn_in(drawn)), {})

    def _drawn_in(self, drawn: Any) -> Sequence[Any]:
        """The things in *drawn*, which is one of them where the document allows that too."""
        array = drawn if self._told is None else pointer.find(drawn, self._told)
        return array if isinstance(array, list) else [array] if self._told == "" else []

    def _shown_alone(self, made: Kept) -> Kept:
        """*made* alone, which the answer tells alone, where it may."""

        def show(entry: MediaType, drawn: Any) -> Any:
            one = next(iter(self._drawn_in(drawn)), drawn)
            is_good = entry.schema is None or entry.schema.is_valid(one)
            return made.show(entry, one if self._told == "" and is_good else drawn)

        return replace(made, show=show)


def _counted(schema: Schema, body: Any, told: str, count: int) -> Any:
    """*body* whose members beside the array that was *told* say that *count* were made."""
    tokens = pointer.split(told)
    around = pointer.of(tokens[:-1])
    members = pointer.find(body, around)
    for name, before in list(members.items()) if tokens and isinstance(members, dict) else ():
        words, place = set(words_of(name)), pointer.join(around, name)
        if isinstance(before, int) and not isinstance(before, bool):
            if words & _NOT_MADE:
                body = first_valid(schema, body, place, [0])
            elif words & _MADE:
                body = first_valid(schema, body, place, [count])
        elif isinstance(before, list) and name != tokens[-1] and words & _NOT_MADE:
            body = first_valid(schema, body, place, [[]])
    return body
