"""The entries of a journal as values: for tests that look at them, and for the verdict."""

from __future__ import annotations

from collections.abc import Iterator

from troth.openapi.contract import Contract
from troth_mock.faults.verdict import PATIENCE, Seen, Verdict, verdict
from troth_mock.inspector.journal import Entry, Journal
from troth_mock.inspector.wire import read_content, read_head
from troth_mock.responding.responder import meant


def exchanges(
    journal: Journal, contract: Contract, *, session: str | None = None
) -> tuple[Seen, ...]:
    """The exchanges of *session*, or all that are kept, oldest first."""
    return tuple(seen(entry, contract) for entry in _of(journal, session))


def verdict_on(
    journal: Journal,
    contract: Contract,
    *,
    session: str | None = None,
    patience: float = PATIENCE,
    only: int | None = None,
) -> Verdict:
    """What the clients made of the faults that befell them, in *session* or in all.

    With *only* it is about the exchange of that number.
    """
    entries = {entry.number: entry for entry in _of(journal, session)}
    found = [
        # what was answered matters mostly where something went wrong
        seen(entry, contract, is_whole="fault" in entry.labels and only in (None, entry.number))
        for entry in entries.values()
    ]

    def whole(one: Seen) -> Seen:
        return seen(entries[one.number], contract)

    return verdict(found, now=journal.clock(), patience=patience, only=only, whole=whole)


def _of(journal: Journal, session: str | None) -> Iterator[Entry]:
    for entry in reversed(tuple(journal.newest_first())):
        if session is None or entry.session == session:
            yield entry


def seen(entry: Entry, contract: Contract, *, is_whole: bool = True) -> Seen:
    """The exchange that *entry* keeps; its content only where it *is_whole*."""
    head = read_head(b"".join(data for _, data in entry.pieces)) if is_whole else None
    match = meant(contract, entry.asked) if is_whole else None
    return Seen(
        number=entry.number,
        session=entry.session,
        began=entry.began,
        ended=entry.ended,
        request=entry.head,
        body=entry.body,
        status=head.status if head is not None else None,
        fields=head.fields if head is not None else (),
        content=read_content(head, entry.pieces) if head is not None else b"",
        state=entry.state,
        labels=entry.labels,
        operation=match.operation if match is not None else None,
    )
