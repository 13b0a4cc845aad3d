"""`Prefer: return=…`, where clients may choose whether what they changed comes back."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from kept_things import BOOK, INTEGER, TEXT, Client, answer, operation, sent
from troth.http.exchange import Request
from troth_mock.responding.responder import Responder

PREFER = {"name": "Prefer", "in": "header", "schema": TEXT}
BOTH = {"_200": answer(BOOK), "_204": answer()}
BOOKS: dict[str, Any] = {
    "/books": {
        "post": operation("422", body=sent(BOOK), _201=answer(BOOK), _204=answer()),
        "get": operation(_200=answer({"type": "array", "items": BOOK})),
    },
    "/books/{bookId}": {
        "parameters": [{"name": "bookId", "in": "path", "required": True, "schema": INTEGER}],
        "get": operation("404", **BOTH),
        "put": operation("404", body=sent(BOOK), **BOTH),
        "patch": operation("404", body=sent(BOOK), _200=answer(BOOK)),
    },
}


def applied(client: Client, method: str, path: str, prefer: str) -> tuple[int, bool, str | None]:
    reply = client.reply(method, path, {"title": "Emma"}, Prefer=prefer)
    return reply.status, bool(reply.body), dict(reply.fields).get("Preference-Applied")


@pytest.mark.parametrize(
    ("prefer", "status", "told"),
    [
        ("return=minimal", 204, "return=minimal"),
        ("respond-async, return = minimal", 204, "return=minimal"),
        ("return=representation", 200, "return=representation"),
        ("return=representation, return=minimal", 200, "return=representation"),
        ("return=everything", 200, None),
        ("wait=10", 200, None),
    ],
)
def test_where_a_204_is_declared_beside_it_a_client_chooses(
    prefer: str, status: int, told: str | None
) -> None:
    mock = Client(BOOKS)
    path = f"/books/{mock.ask('POST', '/books', {'title': 'Persuasion'})['id']}"
    assert applied(mock, "PUT", path, prefer) == (status, status == 200, told)
    assert mock.ask("GET", path)["title"] == "Emma"


def test_what_does_not_come_back_is_made_all_the_same() -> None:
    mock = Client(BOOKS)
    assert applied(mock, "POST", "/books", "return=minimal") == (204, False, "return=minimal")
    assert mock.ask("GET", "/books")[-1]["title"] == "Emma"


def test_where_nothing_is_declared_for_it_a_preference_is_ignored() -> None:
    mock = Client(BOOKS)
    path = f"/books/{mock.ask('POST', '/books', {'title': 'Emma'})['id']}"
    assert applied(mock, "PATCH", path, "return=minimal") == (200, True, None)
    reply = mock.reply("GET", path, Prefer="return=minimal")
    assert (reply.status, bool(reply.body)) == (200, True)


def test_a_declared_field_is_the_apis_own_whatever_the_mock_hears_of_itself() -> None:
    paths = deepcopy(BOOKS)
    paths["/books"]["post"]["parameters"] = [PREFER]
    fields = (("Content-Type", "application/json"), ("Prefer", "return=minimal, code=422"))
    request = Request("POST", "/books", fields, b'{"title": "Emma"}')
    statuses = [
        Responder(Client(each).contract, preferences=False).respond(request, now=0).status
        for each in (BOOKS, paths)
    ]
    assert statuses == [201, 204]
