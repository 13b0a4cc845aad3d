"""What the answer of an operation tells of that it makes elsewhere: the job of a 202, say.

Such a thing has a path of its own, and nothing that creates it there; so whoever is told its
identifier can ask for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from troth.openapi.names import named, words_of
from troth.openapi.operation import Operation
from troth.openapi.resource import Filling, Resource, Resources
from troth_mock.storage import server_side
from troth_mock.storage.views import Members

#: What a job is in the end, where all goes well.
_ENDS = named("done completed complete succeeded success successful finished ready processed")
_STATES = named("status state phase job_status")
#: First words of members that say when it was done.
_MOMENTS = frozenset({"completed", "finished", "ended", "done", "succeeded", "processed"})


def made_by(operation: Operation, known: Resources) -> Resource | None:
    """The resource of which *operation* makes one by telling of it, if nothing else makes any."""
    owner, body = known.of(operation), operation.request_body
    sent_at = owner.sent(operation) if owner is not None else None
    sent = {} if body is None else {body: sent_at or ""}
    by_status = {response.status: response for response in operation.responses}
    for resource in known.all:
        own = resource.identifier
        if own is None or resource.operations.keys() & {"create", "replace"}:
            continue
        for filling in tellers(resource, known):
            response = by_status.get(filling.status) if filling.source is operation else None
            if response is not None:
                at = filling.expression.name.removesuffix(own)
                items = {**resource.item_places, response: at}
                return replace(resource, item_places=items, sent_places=sent)
    return None


def tellers(resource: Resource, known: Resources) -> Iterator[Filling]:
    """Where answers tell a whole item of *resource*, with what its path calls it."""
    for read in resource.operations.get("read", ()):
        for filling in known.fillings(read):
            place = filling.expression
            is_answer = (place.message, place.part) == ("response", "body")
            is_own = filling.name == resource.parameter and filling.items is None
            if is_answer and is_own and place.name.endswith(resource.identifier or " "):
                yield filling


def ended(value: Any, members: Members, now: int) -> Any:
    """*value*, a part of a job, as it is when it is asked for, *now*: at its good end."""
    if not isinstance(value, dict):
        return value
    ends: dict[str, Any]
    ends = {
        name: end
        for name in value
        if words_of(name) in _STATES
        for end in members.choices.get(name, ())
        if isinstance(end, str) and words_of(end) in _ENDS
    }
    for name, before in value.items() if ends else ():
        words = words_of(name)
        if words in server_side.SHARES and isinstance(before, (int, float)):
            ends[name] = 1.0 if isinstance(before, float) and before <= 1 else 100
        elif server_side.FAULTS.intersection(words[:1]):
            ends[name] = [] if isinstance(before, list) else None
        elif _MOMENTS.intersection(words[:1]) and words[-1] in ("at", "on", "time", "date"):
            time = server_side.stamp("2000-01-01T" if before is None else before, now)
            ends[name] = before if time is None else time
    return {**value, **ends}
