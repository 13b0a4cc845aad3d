"""Work that is accepted to be done (202), and told of as a job: what comes of it is there as well.

The job is at its end when it is asked for, and says then what has come of it: by its identifier, by
where it is, or by showing it, in members that are called so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from troth import pointer
from troth.openapi.names import in_singular, named, words_of
from troth.openapi.operation import MediaType
from troth.openapi.resource import Resource, Role
from troth_mock.reply import Reply
from troth_mock.responding.kept import Asked, Kept, Making, addresses
from troth_mock.responding.problems import Problem
from troth_mock.responding.resource_responder import ResourceResponder
from troth_mock.responding.resource_store import Found
from troth_mock.storage.views import NOTHING, first_valid

#: What has come of a job may be called so, in words, and where it is: with one of these at the end.
_RESULTS = named("result resource output target created")
_PLACES = named("url uri href link location")


@dataclass(frozen=True, slots=True)
class WorkResponder:
    """Makes what *work* makes of a request, and the *job* that its answer tells of instead."""

    work: ResourceResponder
    job: ResourceResponder
    role: Role = "create"

    def respond(self, asked: Asked) -> Problem | Reply | Kept | None:
        """What becomes of the request *asked*: the thing and its job, or neither."""
        made, job = self.work.respond(asked), self.job.respond(asked)
        if not isinstance(made, Kept) or not isinstance(job, Kept):
            return made if made is not None and not isinstance(made, Kept) else job
        work = made

        def finish() -> None:
            work.finish()
            job.finish()

        def show(entry: MediaType, drawn: Any) -> Any:
            work.finish()
            body = job.show(entry, drawn)
            return self._told(entry, body, work.made, job.made, asked)

        return replace(job, show=show, finish=finish)

    def _told(
        self, entry: MediaType, body: Any, work: Making | None, job: Making | None, asked: Asked
    ) -> Any:
        """*body*, which tells of a new *job*, that will say what has come of it: of *work*."""
        at = self.job.resource.item(self.job.operation, self.job.status)
        if work is None or job is None or at is None or entry.schema is None:
            return body
        resource = self.work.resource
        found = Found(work.place, work.key or "", work.item)
        urls = addresses(found, resource, asked)
        for name in sorted(self.job.shown_members().names):
            values = list(_values(name, found, resource, urls))
            place = pointer.join(at, name)
            known = first_valid(entry.schema, body, place, values) if values else body
            if known is body or not isinstance(job.item.value, dict):
                continue
            job.item.value = {**job.item.value, name: pointer.find(known, place)}
            # as long as it is not done nothing is told, if that may be
            body = first_valid(entry.schema, known, place, (None, NOTHING))
        job.item.shown.clear()
        job.keep()
        return body


def _values(name: str, found: Found, resource: Resource, urls: list[str]) -> Iterator[Any]:
    """What the member *name* of a job says of what is *found*, one of *resource*, best first."""
    words, own = words_of(name), in_singular(words_of(resource.name))
    results = (*_RESULTS, own)
    if words[-1:] in _PLACES and words[:-1] in (*results, ("download",), ("file",)):
        yield from reversed(urls)
    elif words == words_of(resource.parameter or "") or (
        words[-1:] in (("id",), ("uuid",), ("key",)) and words[:-1] in results
    ):
        yield from [int(found.key)] if found.key.isdecimal() else []
        yield found.key
    elif words in results:
        yield found.item.value
        yield from reversed(urls)
        yield found.key
