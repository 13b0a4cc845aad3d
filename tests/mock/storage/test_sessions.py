"""What sessions keep when the document is another than it was."""

from __future__ import annotations

from troth.seed import Seed
from troth_mock.storage.sessions import Collection, Item, Place, Session, Sessions

CHANGED: Place = ("/books", ())
UNCHANGED: Place = ("/shelves", ())


def filled() -> tuple[Sessions, Session]:
    """The sessions of a mock, in one of which a book was made and shelves were looked at."""
    sessions = Sessions()
    session = sessions.session("one")
    for place in (CHANGED, UNCHANGED):
        item = Item({"id": 1}, Seed.of(place[0]), shown={"a schema": {"id": 1}})
        session.collection(place, lambda item=item: Collection({"1": item}))
    session.put(CHANGED, "2", Item({"id": 2}, Seed.of(2), shown={"a schema": {"id": 2}}))
    return sessions, session


def test_what_was_changed_is_taken_over_and_what_was_not_begins_anew() -> None:
    sessions, session = filled()
    other = Sessions()
    other.take_over(sessions)
    assert other.session("one") is session
    assert list(session.collections) == [CHANGED]
    assert list(session.collections[CHANGED].items) == ["1", "2"]
    # that of what is at the start and gone has been given back
    assert session.size_at_start == session.collections[CHANGED].size


def test_how_answers_showed_an_item_is_forgotten_with_the_document_that_said_it() -> None:
    sessions, session = filled()
    Sessions().take_over(sessions)
    assert [item.shown for item in session.collections[CHANGED].items.values()] == [{}, {}]
