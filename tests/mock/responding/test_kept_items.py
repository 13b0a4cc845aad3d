"""The mock keeps what it is given: posted, listed, read, changed and deleted, as a server does."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from kept_things import BOOK, INTEGER, PROBLEM, REVIEW, TEXT, Client, answer, operation, query, sent
from troth.document import document
from troth.http.exchange import Request
from troth.openapi import reader
from troth.openapi.contract import Contract
from troth.seed import Seed
from troth_mock.reply import Reply
from troth_mock.responding.responder import Responder
from troth_mock.storage import sessions
from troth_mock.storage.sessions import Item
from troth_mock.storage.views import Members, shown

ETAG = {"ETag": {"schema": TEXT}}
PAGE = {
    "type": "object",
    "required": ["items", "total"],
    "properties": {
        "items": {"type": "array", "items": {"$ref": "#/components/schemas/Book"}},
        "total": INTEGER,
        "next": {"type": ["string", "null"]},
    },
}


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


MATCH = [{"name": "If-Match", "in": "header", "schema": TEXT}]
PATCH = {"type": "object", "minProperties": 1, "properties": BOOK["properties"]}
BOOKS: dict[str, Any] = {
    "/books": {
        "get": operation(
            _200=answer(PAGE),
            query=query(
                limit={**INTEGER, "minimum": 1, "maximum": 50, "default": 20},
                page={**INTEGER, "minimum": 1},
                lent={"type": "boolean"},
                tags={"type": "array", "items": TEXT},
                sort=TEXT,
                q=TEXT,
            ),
        ),
        "post": operation(
            "422",
            body=sent(ref("Book")),
            _201=answer(ref("Book"), headers={"Location": {"schema": TEXT}, **ETAG}),
        ),
    },
    "/books/{bookId}": {
        "parameters": [{"name": "bookId", "in": "path", "required": True, "schema": INTEGER}],
        "get": operation("404", "304", _200=answer(ref("Book"), headers=ETAG)),
        "put": operation(
            "404", "412", body=sent(ref("Book")), query=MATCH, _200=answer(ref("Book"))
        ),
        "patch": operation(
            "404",
            "409",
            _200=answer(ref("Book"), headers=ETAG),
            body={
                "content": {
                    "application/merge-patch+json": {"schema": PATCH},
                    "application/json-patch+json": {"schema": {"type": "array"}},
                }
            },
        ),
        "delete": operation("404", "410", "412", query=MATCH, _204=answer()),
    },
    "/books/{bookId}/reviews": {
        "parameters": [{"name": "bookId", "in": "path", "required": True, "schema": INTEGER}],
        "get": operation("404", _200=answer({"type": "array", "items": ref("Review")})),
        "post": operation("404", body=sent(ref("Review")), _201=answer(ref("Review"))),
    },
    "/books/{bookId}/reviews/{reviewId}": {
        "parameters": [
            {"name": "bookId", "in": "path", "required": True, "schema": INTEGER},
            {"name": "reviewId", "in": "path", "required": True, "schema": TEXT},
        ],
        "get": operation("404", _200=answer(ref("Review"))),
        "delete": operation("404", _204=answer()),
    },
}


def field(reply: Reply, name: str) -> str:
    return dict(reply.fields)[name]


def test_what_is_posted_is_answered_with_its_own_values_read_and_listed() -> None:
    mock = Client(BOOKS)
    made = mock.ask("POST", "/books", {"title": "Emma", "tags": ["a"], "secret": "s"})
    # what its client may set and did not is left out, or has its default
    assert made.keys() == {"id", "title", "tags", "lent", "addedAt"}
    assert (made["title"], made["tags"], made["lent"]) == ("Emma", ["a"], False)
    assert mock.ask("GET", f"/books/{made['id']}") == made
    assert mock.ask("GET", "/books")["items"][-1] == made


def test_a_list_that_is_an_object_has_what_is_posted_under_its_name() -> None:
    paths = deepcopy(BOOKS)
    listed = {"type": "object", "additionalProperties": ref("Book")}
    paths["/books"]["get"]["responses"]["200"] = answer(listed)
    mock = Client(paths)
    made = mock.ask("POST", "/books", {"title": "Emma"})
    books = mock.ask("GET", "/books")
    assert books[str(made["id"])] == made
    assert all(str(book["id"]) == key for key, book in books.items())
    mock.ask("DELETE", f"/books/{made['id']}")
    assert str(made["id"]) not in mock.ask("GET", "/books")


def test_a_declared_head_is_as_get_is() -> None:
    paths = deepcopy(BOOKS)
    paths["/books/{bookId}"]["head"] = operation(_200=answer(headers=ETAG), _404=answer())
    mock = Client(paths)
    made = mock.reply("POST", "/books", {"title": "Emma"})
    path = field(made, "Location")
    head, got = mock.reply("HEAD", path), mock.reply("GET", path)
    assert (head.status, head.fields, head.body) == (200, got.fields, got.body)
    mock.reply("DELETE", path)
    assert mock.status("HEAD", path) == 404
    # unless it is asked for another answer
    assert mock.status("HEAD", path, Prefer="code=200") == 200


def test_what_xml_has_no_character_for_is_shown_without_it() -> None:
    paths = deepcopy(BOOKS)
    one = paths["/books/{bookId}"]["get"]["responses"]["200"]["content"]
    one["application/xml"] = one["application/json"]
    mock = Client(paths)
    made = mock.ask("POST", "/books", {"title": "Em\x00ma"})
    reply = mock.reply("GET", f"/books/{made['id']}", Accept="application/xml")
    assert "<title>Em\ufffdma</title>" in (reply.body or b"").decode()


def test_the_location_of_what_was_made_leads_to_it() -> None:
    mock = Client(BOOKS)
    reply = mock.reply("POST", "/books", {"title": "Emma"})
    assert field(reply, "Location") == f"/books/{json.loads(reply.body or b'')['id']}"
    assert mock.ask("GET", field(reply, "Location"))["title"] == "Emma"


@pytest.mark.parametrize("status", ["200", "201", "202", "204"])
def test_what_an_answer_does_not_show_is_made_all_the_same(status: str) -> None:
    location = {"Location": {"required": True, "schema": {**TEXT, "format": "uri-reference"}}}
    paths = {
        "/reviews": {
            "post": operation(body=sent(REVIEW), **{f"_{status}": answer(headers=location)})
        },
        "/reviews/{review}": {
            "parameters": [{"name": "review", "in": "path", "required": True, "schema": TEXT}],
            "get": operation("404", _200=answer(REVIEW)),
        },
    }
    mock = Client(paths)
    reply = mock.reply("POST", "/reviews", {"stars": 4})
    assert (reply.status, mock.ask("GET", field(reply, "Location"))["stars"]) == (int(status), 4)
    assert mock.status("GET", "/reviews/other") == 404


def test_two_that_are_posted_alike_are_two() -> None:
    mock = Client(BOOKS)
    one, other = (mock.ask("POST", "/books", {"title": "Emma"})["id"] for _ in range(2))
    assert one != other
    assert mock.status("DELETE", f"/books/{one}") == 204
    # an identifier that was given once is never given again
    assert mock.ask("POST", "/books", {"title": "Emma"})["id"] not in (one, other)


@pytest.mark.parametrize("pattern", ["^ln_[a-z]{8}$", "^ln_[a-z0-9]{8}$", "^[A-Z]{3}-[0-9]{4}$"])
def test_two_are_two_where_identifiers_have_a_form(pattern: str) -> None:
    key = {**TEXT, "pattern": pattern}
    loan = {
        "type": "object",
        "required": ["id", "borrower"],
        "properties": {"id": {**key, "readOnly": True}, "borrower": TEXT},
    }
    one = {
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": key}],
        "get": operation("404", _200=answer(ref("Loan"))),
    }
    all_of_them = {"post": operation(body=sent(ref("Loan")), _201=answer(ref("Loan")))}
    mock = Client({"/loans": all_of_them, "/loans/{id}": one}, {"Loan": loan})
    made = [mock.ask("POST", "/loans", {"borrower": "Emma"})["id"] for _ in range(20)]
    assert len(set(made)) == 20
    assert [mock.ask("GET", f"/loans/{each}")["id"] for each in made] == made


def test_what_the_list_has_at_the_start_can_be_read_and_changed() -> None:
    mock = Client(BOOKS)
    items = mock.ask("GET", "/books")["items"]
    assert items
    for item in items:
        assert mock.ask("GET", f"/books/{item['id']}") == item
    first = f"/books/{items[0]['id']}"
    mock.ask("PATCH", first, {"title": "Other"}, kind="application/merge-patch+json")
    assert mock.ask("GET", "/books")["items"][0] == {**items[0], "title": "Other"}


def test_the_same_requests_get_the_same_bytes() -> None:
    def run() -> list[Reply]:
        mock = Client(BOOKS)
        asked = [("GET", "/books", None), *[("POST", "/books", {"title": "Emma"})] * 3]
        return [mock.reply(*each) for each in (*asked, ("GET", "/books?limit=2&page=2", None))]

    assert run() == run()


def test_what_nobody_made_is_not_there_and_what_was_deleted_is_gone() -> None:
    mock = Client(BOOKS)
    assert mock.status("GET", "/books/424242") == 404
    assert mock.status("PUT", "/books/424242", {"title": "x"}) == 404
    assert mock.status("DELETE", "/books/424242") == 404
    made = mock.ask("POST", "/books", {"title": "Emma"})["id"]
    assert mock.status("DELETE", f"/books/{made}") == 204
    assert mock.status("GET", f"/books/{made}") == 404
    # the document has a status of its own for this one
    assert mock.status("DELETE", f"/books/{made}") == 410
    assert made not in [one["id"] for one in mock.ask("GET", "/books")["items"]]
    reply = mock.reply("GET", "/books/424242")
    assert json.loads(reply.body or b"")["status"] == 404


def test_a_put_replaces_all_that_a_client_sets_and_a_patch_what_it_names() -> None:
    mock = Client(BOOKS)
    made = mock.ask("POST", "/books", {"title": "Emma", "pages": 400, "note": "n"})
    at = f"/books/{made['id']}"
    merge = {"kind": "application/merge-patch+json"}
    changed = mock.ask("PATCH", at, {"pages": 410, "note": None}, **merge)
    assert changed == {key: one for key, one in {**made, "pages": 410}.items() if key != "note"}
    put = mock.ask("PUT", at, {"title": "Emma II", "lent": True})
    assert put == {"id": made["id"], "addedAt": made["addedAt"], "title": "Emma II", "lent": True}
    assert mock.ask("GET", at) == put


def test_a_json_patch_is_carried_out_as_a_whole_or_not_at_all() -> None:
    mock = Client(BOOKS)
    made = mock.ask("POST", "/books", {"title": "Emma", "tags": ["a", "c"]})
    at, kind = f"/books/{made['id']}", {"kind": "application/json-patch+json"}
    steps = [
        {"op": "test", "path": "/title", "value": "Emma"},
        {"op": "add", "path": "/tags/1", "value": "b"},
        {"op": "add", "path": "/tags/-", "value": "d"},
        {"op": "move", "from": "/tags/0", "path": "/note"},
        {"op": "replace", "path": "/title", "value": "Emma II"},
    ]
    changed = mock.ask("PATCH", at, steps, **kind)
    assert changed == {**made, "tags": ["b", "c", "d"], "note": "a", "title": "Emma II"}
    bad = [{"op": "remove", "path": "/note"}, {"op": "test", "path": "/title", "value": "x"}]
    assert mock.status("PATCH", at, bad, **kind) == 409
    assert mock.ask("GET", at) == changed


def test_things_inside_get_what_a_server_adds_to_them_and_keep_it() -> None:
    mock = Client(BOOKS)
    made = mock.ask("POST", "/books", {"title": "Emma", "publisher": {"city": "Bath"}})
    assert made["publisher"]["city"] == "Bath"
    assert type(made["publisher"]["id"]) is int
    assert mock.ask("GET", f"/books/{made['id']}") == made


def sink(kind: str, *required: str) -> dict[str, Any]:
    names = (kind, *required)
    config = {"type": "object", "required": names, "properties": dict.fromkeys(names, TEXT)}
    members = {"id": {**INTEGER, "readOnly": True}, "kind": {"enum": [kind]}, "config": config}
    return {"type": "object", "required": ["kind", "config"], "properties": members}


def test_a_thing_is_of_the_alternative_that_was_sent_whatever_it_lacks() -> None:
    kinds = ("files", "mail", "queue", "table", "web")
    # an answer tells more of each than who makes one has to say
    shown, made = ({"oneOf": [sink(kind, *more) for kind in kinds]} for more in (("key",), ()))
    one = {
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": INTEGER}],
        "get": operation("404", _200=answer(shown)),
        "put": operation("404", body=sent(made), _200=answer(shown)),
    }
    all_of_them = {"post": operation(body=sent(made), _201=answer(shown))}
    mock = Client({"/sinks": all_of_them, "/sinks/{id}": one})
    for kind, other in zip(kinds, reversed(kinds), strict=True):
        posted = mock.ask("POST", "/sinks", {"kind": kind, "config": {kind: "x"}})
        at = f"/sinks/{posted['id']}"
        for each in (posted, mock.ask("GET", at)):
            assert (each["kind"], each["config"][kind]) == (kind, "x")
        put = mock.ask("PUT", at, {"kind": other, "config": {other: "y"}})
        for each in (put, mock.ask("GET", at)):
            assert (each["kind"], each["config"][other]) == (other, "y")


def test_what_is_sent_does_not_change_what_identifies_a_thing() -> None:
    mock = Client(BOOKS)
    made = mock.ask("POST", "/books", {"title": "Emma"})
    put = mock.ask(
        "PUT", f"/books/{made['id']}", {"id": 1, "title": "x", "addedAt": "2020-01-01T00:00:00Z"}
    )
    assert (put["id"], put["addedAt"]) == (made["id"], made["addedAt"])


def test_lists_are_filtered_searched_ordered_and_paged() -> None:
    mock = Client(BOOKS)
    before = mock.ask("GET", "/books")["total"]
    for number, title in enumerate(["Cold", "Amber", "Birch", "Dune"]):
        mock.ask("POST", "/books", {"title": title, "lent": number % 2 == 0, "tags": ["mine"]})

    def titles(target: str) -> list[str]:
        return [one["title"] for one in mock.ask("GET", target)["items"]]

    assert titles("/books?tags=mine") == ["Cold", "Amber", "Birch", "Dune"]
    assert titles("/books?tags=mine&lent=true") == ["Cold", "Birch"]
    assert titles("/books?q=mbe&tags=mine") == ["Amber"]
    assert titles("/books?tags=mine&sort=title") == ["Amber", "Birch", "Cold", "Dune"]
    assert titles("/books?tags=mine&sort=-title&limit=3") == ["Dune", "Cold", "Birch"]
    assert titles("/books?tags=mine&sort=title,desc&limit=3&page=2") == ["Amber"]
    assert titles("/books?tags=mine&page=9") == []
    page = mock.ask("GET", "/books?tags=mine&limit=3")
    assert page["total"] == 4
    assert mock.ask("GET", "/books")["total"] == before + 4
    assert page["next"] == "http://localhost:8000/books?tags=mine&limit=3&page=2"
    last = mock.ask("GET", "/books?tags=mine&limit=3&page=2")
    assert (last["next"], last["total"]) == (None, 4)


def test_a_cursor_goes_through_a_list_once() -> None:
    listed = {
        "type": "object",
        "required": ["data", "next_cursor"],
        "properties": {
            "data": {"type": "array", "items": ref("Review")},
            "next_cursor": {"type": ["string", "null"]},
        },
    }
    paths = {
        "/reviews": {
            "get": operation(_200=answer(listed), query=query(cursor=TEXT, limit=INTEGER)),
            "post": operation(body=sent(ref("Review")), _201=answer(ref("Review"))),
        },
        "/reviews/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": TEXT}],
            "get": operation("404", _200=answer(ref("Review"))),
        },
    }
    mock = Client(paths)
    for _ in range(5):
        mock.ask("POST", "/reviews", {"stars": 3})
    everything = [one["id"] for one in mock.ask("GET", "/reviews")["data"]]
    seen, cursor = [], ""
    while cursor is not None:
        page = mock.ask(
            "GET", f"/reviews?limit=2&cursor={cursor}" if cursor else "/reviews?limit=2"
        )
        seen += [one["id"] for one in page["data"]]
        cursor = page["next_cursor"]
    assert seen == everything
    assert len(set(seen)) == len(seen) >= 5


@pytest.mark.parametrize("at", ["links", "_links"])
def test_the_link_of_a_thing_to_itself_leads_to_it(at: str) -> None:
    url = {**TEXT, "format": "uri"}
    own = url if at == "links" else {"type": "object", "properties": {"href": url}}
    links = {"type": "object", "required": ["self"], "properties": {"self": own}}
    thing = {
        "type": "object",
        "required": ["id", at],
        "properties": {"id": {**INTEGER, "readOnly": True}, at: {**links, "readOnly": True}},
    }
    paths = {
        "/things": {
            "get": operation(_200=answer({"type": "array", "items": thing})),
            "post": operation(body=sent(thing), _201=answer(thing)),
        },
        "/things/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": INTEGER}],
            "get": operation("404", _200=answer(thing)),
        },
    }
    mock = Client(paths)
    for made in (mock.ask("POST", "/things", {}), *mock.ask("GET", "/things")):
        link = made[at]["self"] if at == "links" else made[at]["self"].get("href")
        assert link is None or link == f"http://localhost:8000/things/{made['id']}"
        assert mock.ask("GET", f"/things/{made['id']}")["id"] == made["id"]


def test_a_search_without_a_list_finds_what_is_there_and_what_was_made() -> None:
    pet = {
        "type": "object",
        "required": ["id", "status"],
        "properties": {
            "id": {**INTEGER, "example": 10},
            "status": {"enum": ["free", "sold"]},
            "name": TEXT,
        },
    }
    by_status = query(status={"enum": ["free", "sold"]})
    paths = {
        "/pet": {"post": operation(body=sent({**pet, "required": ["name"]}), _200=answer(pet))},
        "/pet/findByStatus": {
            "get": operation(query=by_status, _200=answer({"type": "array", "items": pet}))
        },
        "/pet/{petId}": {
            "parameters": [{"name": "petId", "in": "path", "required": True, "schema": INTEGER}],
            "get": operation("404", _200=answer(pet)),
        },
    }
    mock = Client(paths)
    assert mock.ask("GET", "/pet/10")["id"] == 10
    made = mock.ask("POST", "/pet", {"name": "Rex", "status": "sold"})
    assert made["id"] != 10
    sold, free = (mock.ask("GET", f"/pet/findByStatus?status={s}") for s in ("sold", "free"))
    assert made in sold
    assert {one["status"] for one in free} == {"free"}
    every = [*sold, *free]
    assert len({one["id"] for one in every}) == len(every)
    for one in every:
        assert mock.ask("GET", f"/pet/{one['id']}") == one


def test_links_lead_to_the_other_pages() -> None:
    link = {**TEXT, "format": "uri"}
    links = {"type": "object", "properties": {n: link for n in ("self", "first", "prev", "next")}}
    listed = {
        "type": "object",
        "required": ["data", "links"],
        "properties": {"data": {"type": "array", "items": BOOK}, "links": links},
    }
    paging = query(page={**INTEGER, "minimum": 1}, limit=INTEGER)
    mock = Client({"/books": {"get": operation(_200=answer(listed), query=paging)}})
    base = "http://localhost:8000/books"
    first = mock.ask("GET", "/books?limit=5")
    assert first["links"] == {
        "self": f"{base}?limit=5",
        "first": f"{base}?limit=5&page=1",
        "next": f"{base}?limit=5&page=2",
    }
    seen, at = first["data"], first["links"]
    while "next" in at:
        page = mock.ask("GET", at["next"].removeprefix("http://localhost:8000"))
        seen, at = seen + page["data"], page["links"]
    assert at["prev"] == f"{base}?limit=5&page=2"
    assert seen == mock.ask("GET", "/books?limit=100")["data"]


def test_header_fields_and_flags_tell_of_the_pages() -> None:
    listed = {
        "type": "object",
        "required": ["data", "has_more"],
        "properties": {
            "data": {"type": "array", "items": ref("Review")},
            "has_more": {"type": "boolean"},
        },
    }
    headers = {
        "Link": {"schema": TEXT, "example": '<https://example.org/other>; rel="next"'},
        "X-Total-Count": {"required": True, "schema": INTEGER},
    }
    whole = answer(listed, headers=headers)
    paths = {
        "/reviews": {
            "get": operation(_200=whole, query=query(page=INTEGER, per_page=INTEGER)),
            "post": operation(body=sent(ref("Review")), _201=answer(ref("Review"))),
        },
        "/reviews/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": TEXT}],
            "get": operation("404", _200=answer(ref("Review"))),
        },
    }
    mock = Client(paths)
    total = len(mock.ask("GET", "/reviews")["data"])
    reply = mock.reply("GET", "/reviews?per_page=5&page=2")
    assert json.loads(reply.body or b"")["has_more"] is True
    assert field(reply, "X-Total-Count") == str(total)
    link = field(reply, "Link")
    assert link == '<http://localhost:8000/reviews?per_page=5&page=3>; rel="next"'
    last = mock.reply("GET", "/reviews?per_page=5&page=3")
    assert json.loads(last.body or b"")["has_more"] is False
    assert "Link" not in dict(last.fields)


def test_one_list_of_what_is_in_any_thing_has_them_all() -> None:
    everything = operation(_200=answer({"type": "array", "items": ref("Review")}))
    mock = Client({**BOOKS, "/reviews": {"get": everything}})
    made = [
        mock.ask("POST", f"/books/{mock.ask('POST', '/books', {'title': 'x'})['id']}/reviews", sent)
        for sent in ({"stars": 1}, {"stars": 2})
    ]
    listed = mock.ask("GET", "/reviews")
    assert [one for one in listed if one in made] == made


def test_what_no_client_can_make_is_there_as_it_is_asked_for() -> None:
    paths = {
        "/books": {"get": BOOKS["/books"]["get"]},
        "/books/{bookId}": {
            "parameters": BOOKS["/books/{bookId}"]["parameters"],
            "get": BOOKS["/books/{bookId}"]["get"],
        },
    }
    paths["/books"]["get"]["parameters"] += query(title=TEXT)
    mock = Client(paths)
    found = mock.ask("GET", "/books?title=Emma&limit=3")["items"]
    assert [one["title"] for one in found] == ["Emma"] * 3
    assert [mock.ask("GET", f"/books/{one['id']}") for one in found] == found
    assert mock.ask("GET", "/books?title=Emma&limit=3")["items"] == found
    assert mock.status("GET", "/books/424242") == 404


def test_what_is_in_a_thing_is_there_with_it_and_goes_with_it() -> None:
    mock = Client(BOOKS)
    one, other = (mock.ask("POST", "/books", {"title": "Emma"})["id"] for _ in range(2))
    review = mock.ask("POST", f"/books/{one}/reviews", {"stars": 5})
    at = f"/books/{one}/reviews/{review['id']}"
    assert mock.ask("GET", at) == review
    assert review in mock.ask("GET", f"/books/{one}/reviews")
    assert mock.status("GET", f"/books/{other}/reviews/{review['id']}") == 404
    for method, target, body in [
        ("POST", "/books/424242/reviews", {"stars": 5}),
        ("GET", "/books/424242/reviews", None),
    ]:
        assert mock.status(method, target, body) == 404
    mock.ask("DELETE", f"/books/{one}")
    assert mock.status("GET", at) == 404


def test_what_is_made_below_a_thing_of_another_kind_is_made_only_if_that_is_there() -> None:
    paths = {target: dict(one) for target, one in BOOKS.items()}
    # it is one of all loans, and is asked for below the book
    loan = {"type": "object", "required": ["id"], "properties": {"id": TEXT}}
    name = [{"name": "loanId", "in": "path", "required": True, "schema": TEXT}]
    listed = answer({"type": "array", "items": loan})
    paths["/loans"] = {"get": operation(_200=listed)}
    read = {**operation("404", _200=answer(loan)), "operationId": "readLoan"}
    paths["/loans/{loanId}"] = {"parameters": name, "get": read}
    to = {"operationId": "readLoan", "parameters": {"loanId": "$response.body#/id"}}
    made = operation("404", _201={**answer(loan), "links": {"made": to}})
    paths["/books/{bookId}/loan"] = {
        "parameters": paths["/books/{bookId}"]["parameters"],
        "post": made,
    }
    mock = Client(paths)
    book = mock.ask("POST", "/books", {"title": "Emma"})["id"]
    loaned = mock.ask("POST", f"/books/{book}/loan")
    assert loaned in mock.ask("GET", "/loans")
    assert mock.status("POST", "/books/424242/loan") == 404
    mock.ask("DELETE", f"/books/{book}")
    assert mock.status("POST", f"/books/{book}/loan") == 404


def test_what_was_made_in_a_thing_that_nobody_knew_of_is_there() -> None:
    paths = {target: dict(one) for target, one in BOOKS.items()}
    at, body = "/books/{bookId}/reviews", sent(ref("Review"))
    # its document does not say that the thing may be missing
    paths[at]["post"] = operation(body=body, _201=answer(ref("Review")))
    mock = Client(paths)
    assert mock.status("GET", "/books/77/reviews") == 404
    review = mock.ask("POST", "/books/77/reviews", {"stars": 5})
    assert mock.ask("GET", f"/books/77/reviews/{review['id']}") == review
    assert review in mock.ask("GET", "/books/77/reviews")
    assert mock.status("GET", f"/books/78/reviews/{review['id']}") == 404
    # with what was deleted goes what is in it
    made = mock.ask("POST", "/books", {"title": "Emma"})["id"]
    review = mock.ask("POST", f"/books/{made}/reviews", {"stars": 5})
    mock.ask("DELETE", f"/books/{made}")
    assert mock.status("GET", f"/books/{made}/reviews/{review['id']}") == 404


def test_entity_tags_tell_one_state_from_another() -> None:
    mock = Client(BOOKS)
    reply = mock.reply("POST", "/books", {"title": "Emma"})
    at, tag = field(reply, "Location"), field(reply, "ETag")
    assert field(mock.reply("GET", at), "ETag") == tag
    unchanged = mock.reply("GET", at, If_None_Match=tag)
    assert (unchanged.status, unchanged.body) == (304, None)
    changed = mock.reply("PATCH", at, {"pages": 3}, kind="application/merge-patch+json")
    assert field(changed, "ETag") == field(mock.reply("GET", at), "ETag") != tag
    assert mock.status("PUT", at, {"title": "x"}, If_Match=tag) == 412
    assert mock.status("DELETE", at, If_Match=tag) == 412
    assert mock.status("PUT", at, {"title": "x"}, If_Match=field(changed, "ETag")) == 200
    assert mock.status("DELETE", at, If_Match="*") == 204


KEYED = {
    "type": "object",
    "required": ["name", "size"],
    "properties": {"name": TEXT, "size": INTEGER, "madeAt": {**TEXT, "readOnly": True}},
}
BUCKETS = {
    "/buckets": {
        "get": operation(_200=answer({"type": "array", "items": KEYED})),
        "post": operation("409", body=sent(KEYED), _201=answer(KEYED)),
    },
    "/buckets/{name}": {
        "parameters": [{"name": "name", "in": "path", "required": True, "schema": TEXT}],
        "get": operation("404", _200=answer(KEYED)),
        "put": operation(body=sent(KEYED), _200=answer(KEYED), _201=answer(KEYED)),
        "delete": operation("404", _204=answer()),
    },
}


def test_what_its_client_names_is_made_once_by_post_and_by_put_again() -> None:
    mock = Client(BUCKETS)
    assert mock.ask("POST", "/buckets", {"name": "a b", "size": 1})["name"] == "a b"
    assert mock.status("POST", "/buckets", {"name": "a b", "size": 2}) == 409
    assert mock.ask("GET", "/buckets/a%20b")["size"] == 1
    assert mock.status("PUT", "/buckets/new", {"name": "new", "size": 1}) == 201
    assert mock.status("PUT", "/buckets/new", {"name": "other", "size": 2}) == 200
    made = mock.ask("GET", "/buckets/new")
    assert (made["name"], made["size"]) == ("new", 2)


def test_what_only_an_example_names_can_be_made() -> None:
    paths = json.loads(json.dumps(BUCKETS))
    paths["/buckets/{name}"]["parameters"][0]["example"] = "mine"
    mock = Client(paths)
    assert mock.ask("GET", "/buckets/mine")["name"] == "mine"
    assert mock.ask("POST", "/buckets", {"name": "mine", "size": 1})["size"] == 1
    assert mock.ask("GET", "/buckets/mine")["size"] == 1
    assert mock.status("POST", "/buckets", {"name": "mine", "size": 1}) == 409


def test_a_thing_of_which_there_is_one_is_read_as_it_was_put() -> None:
    paths = {
        "/settings": {
            "get": operation(_200=answer(KEYED)),
            "put": operation(body=sent(KEYED), _200=answer(KEYED)),
        }
    }
    mock = Client(paths)
    before = mock.ask("GET", "/settings")
    assert mock.ask("GET", "/settings") == before
    put = mock.ask("PUT", "/settings", {"name": "dark", "size": 7})
    assert (put["name"], put["size"]) == ("dark", 7)
    assert mock.ask("GET", "/settings") == put


def test_where_nothing_tells_what_there_is_everything_is_until_it_is_deleted() -> None:
    paths = {
        "/books/{bookId}": {**BOOKS["/books/{bookId}"]},
    }
    paths["/books/{bookId}"] = {
        name: one for name, one in paths["/books/{bookId}"].items() if name not in ("put",)
    }
    mock = Client(paths)
    assert mock.ask("GET", "/books/7")["id"] == 7
    before = mock.ask("GET", "/books/7")
    merge = {"kind": "application/merge-patch+json"}
    assert mock.ask("PATCH", "/books/7", {"pages": 3}, **merge) == {**before, "pages": 3}
    assert mock.ask("GET", "/books/7") == {**before, "pages": 3}
    assert mock.status("DELETE", "/books/7") == 204
    assert mock.status("GET", "/books/7") == 404


def test_what_was_deleted_is_gone_where_the_document_has_no_answer_for_that() -> None:
    paths = {
        "/things/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": INTEGER}],
            "get": operation(_200=answer(KEYED)),
            "delete": operation(_204=answer()),
        }
    }
    mock = Client(paths)
    assert [mock.status("DELETE", "/things/7") for _ in range(2)] == [204, 204]
    assert mock.status("GET", "/things/7") == 404
    assert mock.status("GET", "/things/8") == 200


def test_what_was_deleted_is_not_put_back_where_a_server_gives_the_ids() -> None:
    item = {
        "parameters": BOOKS["/books/{bookId}"]["parameters"],
        "get": operation(_200=answer(ref("Book"))),
        "put": operation(_200=answer(ref("Book")), body=sent(ref("Book"))),
        "delete": operation(_204=answer()),
    }
    mock = Client({"/books": BOOKS["/books"], "/books/{bookId}": item})
    at = f"/books/{mock.ask('POST', '/books', {'title': 'x'})['id']}"
    asked = [mock.status("DELETE", at), mock.status("PUT", at, {"title": "y"})]
    assert [*asked, mock.status("GET", at)] == [204, 404, 404]


def test_what_an_example_names_can_be_read() -> None:
    paths = json.loads(json.dumps(BOOKS))
    paths["/books/{bookId}"]["parameters"][0]["example"] = 77
    mock = Client(paths)
    assert mock.ask("GET", "/books/77")["id"] == 77
    assert 77 in [one["id"] for one in mock.ask("GET", "/books?limit=50")["items"]]
    assert mock.status("DELETE", "/books/77") == 204
    assert mock.status("GET", "/books/77") == 404


def test_what_an_example_names_is_listed_by_that_name_though_nothing_reads_it() -> None:
    paths = json.loads(json.dumps(BOOKS))
    book = paths["/books/{bookId}"]
    book["parameters"][0]["example"] = 77
    paths["/books/{bookId}"] = {name: book[name] for name in ("parameters", "delete")}
    ids = [one["id"] for one in Client(paths).ask("GET", "/books?limit=50")["items"]]
    assert (ids.count(77), len(set(ids))) == (1, len(ids))


def test_sessions_are_worlds_apart_and_one_is_reset_alone() -> None:
    mock = Client(BOOKS)
    one, other = {"Troth_Session": "one"}, {"Cookie": "a=b; troth-session=other"}
    at = f"/books/{mock.ask('POST', '/books', {'title': 'Emma'}, **one)['id']}"
    assert mock.status("GET", at, **one) == 200
    assert mock.status("GET", at, **other) == mock.status("GET", at) == 404
    mock.ask("POST", "/books", {"title": "Emma"}, **other)
    mock.responder.reset("one")
    assert (mock.status("GET", at, **one), mock.status("GET", at, **other)) == (404, 200)
    mock.responder.reset()
    assert mock.status("GET", at, **other) == 404


def test_what_was_made_under_one_credential_is_hidden_from_another() -> None:
    paths = json.loads(json.dumps(BOOKS))
    for item in paths.values():
        for method, made in item.items():
            if method in ("post", "get", "put", "delete"):
                made["security"] = (
                    [] if method == "get" and item is paths["/books"] else [{"b": []}]
                )
    root_schemas = {"Book": BOOK, "Review": REVIEW}
    root = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": root_schemas,
            "securitySchemes": {"b": {"type": "http", "scheme": "bearer"}},
        },
    }
    mock = Client(BOOKS)
    mock.contract = reader.compile(document.read(json.dumps(root).encode(), name="api.json"))
    mock.responder = Responder(mock.contract)
    ada, bob = {"Authorization": "Bearer ada"}, {"Authorization": "Bearer bob"}
    made = mock.ask("POST", "/books", {"title": "Emma"}, **ada)
    at = f"/books/{made['id']}"
    assert mock.status("GET", at, **ada) == 200
    assert mock.status("GET", at, **bob) == mock.status("DELETE", at, **bob) == 404
    assert mock.status("PUT", at, {"title": "Mine"}, **bob) == 404
    # what everybody may read, everybody sees
    assert made in mock.ask("GET", "/books?limit=50")["items"]


def test_without_a_state_the_same_request_gets_the_same_answer() -> None:
    mock = Client(BOOKS, stateless=True)
    made = mock.ask("POST", "/books", {"title": "Emma"})
    assert mock.ask("POST", "/books", {"title": "Emma"}) == made
    assert mock.ask("GET", "/books/424242")["id"] == 424242


def test_what_a_chat_says_depends_on_nothing_that_is_kept(contract: Contract) -> None:
    root = deepcopy(contract.document.root)
    ((_, chat),) = root["paths"].items()
    chat["post"]["responses"]["404"] = PROBLEM
    rooms = operation(_200=answer({"type": "array", "items": ref("Room")}))
    room = [{"name": "roomId", "in": "path", "required": True, "schema": INTEGER}]
    root["paths"] = {
        "/rooms": {"get": rooms},
        "/rooms/{roomId}": {"parameters": room, "get": operation("404", _200=answer(ref("Room")))},
        "/rooms/{roomId}/chats": {"parameters": room, "post": chat["post"]},
    }
    root["components"]["schemas"]["Room"] = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": INTEGER},
    }
    responder = Responder(reader.compile(document.read(json.dumps(root).encode(), name="a.json")))
    fields = (("Content-Type", "application/json"), ("Authorization", "Bearer x"))
    body = b'{"model": "m", "messages": [{"role": "user", "content": "hi"}]}'
    request = Request("POST", "/rooms/424242/chats", fields, body)
    first = responder.respond(request, now=0)
    assert responder.respond(Request("GET", "/rooms"), now=0).status == 200
    again = Responder(responder.contract)
    assert again.respond(Request("GET", "/rooms"), now=0).status == 200
    assert first.status == 200
    assert first == responder.respond(request, now=0) == again.respond(request, now=0)


def test_an_answer_that_is_preferred_changes_nothing() -> None:
    mock = Client(BOOKS)
    before = mock.ask("GET", "/books")
    assert mock.status("POST", "/books", {"title": "Emma"}, Prefer="code=422") == 422
    assert mock.ask("GET", "/books") == before


def test_what_is_refused_is_not_kept() -> None:
    mock = Client(BOOKS)
    before = mock.ask("GET", "/books")
    assert mock.status("POST", "/books", {"pages": 1}) == 422
    assert mock.status("POST", "/books", {"title": "x"}, Accept="image/png") == 406
    assert mock.ask("GET", "/books") == before


def test_no_more_is_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST_ITEMS", 3)
    mock = Client(BOOKS)
    made = [mock.ask("POST", "/books", {"title": f"Book {number}"})["id"] for number in range(5)]
    assert [mock.status("GET", f"/books/{each}") for each in made] == [404, 404, 200, 200, 200]
    monkeypatch.setattr(sessions, "MOST_BYTES", 1)
    assert mock.status("POST", "/books", {"title": "x"}) == 201
    monkeypatch.setattr(sessions, "MOST_SESSIONS", 1)
    mock.ask("GET", "/books", Troth_Session="other")
    assert mock.status("GET", f"/books/{made[-1]}") == 404


def test_what_was_deleted_takes_no_more_room_than_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST_ITEMS", 3)
    mock = Client(BOOKS)
    kept = mock.ask("POST", "/books", {"title": "Emma"})["id"]
    made = [mock.ask("POST", "/books", {"title": "x"})["id"] for _ in range(2)]
    for each in made:
        mock.ask("DELETE", f"/books/{each}")
    more = mock.ask("POST", "/books", {"title": "y"})["id"]
    # what was deleted first is forgotten first, and its number is given to nobody else
    assert [mock.status("GET", f"/books/{each}") for each in (kept, more)] == [200, 200]
    assert len({kept, *made, more}) == 4
    assert mock.responder._store is not None
    session = mock.responder._store.sessions.session("")
    assert len(session.given) + len(session.gone) == 3
    session.drop()
    assert (session.given, session.gone, session.size, session.size_at_start) == ({}, {}, 0, 0)


def test_no_more_collections_are_kept_than_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mock = Client({path: one for path, one in BOOKS.items() if "reviews" in path})
    monkeypatch.setattr(sessions, "MOST_COLLECTIONS", 2)
    review = mock.ask("POST", "/books/1/reviews", {"stars": 5}, Troth_Session="first")
    for book in range(2, 5):
        mock.ask("GET", f"/books/{book}/reviews")
    # those without changes go first, whoever asked for them last
    at = f"/books/1/reviews/{review['id']}"
    assert mock.ask("GET", at, Troth_Session="first") == review
    mock.ask("POST", "/books/2/reviews", {"stars": 5})
    mock.ask("POST", "/books/3/reviews", {"stars": 5})
    assert mock.status("GET", "/books/3/reviews") == 200
    assert mock.status("GET", at, Troth_Session="first") == 404
    monkeypatch.setattr(sessions, "MOST_BYTES", 1)
    assert mock.responder._store is not None
    assert not mock.responder._store.sessions.session("first").collections


def test_what_is_changed_takes_no_more_room_than_it_is_large() -> None:
    mock = Client(BOOKS)
    made = mock.ask("POST", "/books", {"title": "x" * 1000})["id"]
    for _ in range(10):
        mock.ask("PUT", f"/books/{made}", {"title": "y" * 1000})
    assert mock.responder._store is not None
    assert mock.responder._store.sessions.session("").size < 2000


ORDER = {
    "type": "object",
    "required": ["id", "status", "createdAt", "updatedAt"],
    "properties": {
        "id": {**INTEGER, "readOnly": True},
        "note": TEXT,
        "status": {"enum": ["UNSPECIFIED", "PENDING", "PAID", "CANCELLED"], "readOnly": True},
        "linesCount": {**INTEGER, "readOnly": True},
        "archived": {"type": "boolean", "readOnly": True},
        "createdAt": {**TEXT, "format": "date-time", "readOnly": True},
        "updatedAt": {**TEXT, "format": "date-time", "readOnly": True},
        "cancelledAt": {"type": ["string", "null"], "format": "date-time", "readOnly": True},
    },
}
NOTE = sent({"type": "object", "properties": {"note": TEXT}})
_ORDER_ID = [{"name": "orderId", "in": "path", "required": True, "schema": INTEGER}]
ORDERS: dict[str, Any] = {
    "/orders": {
        "get": operation(
            _200=answer({"type": "array", "items": ref("Order")}),
            query=query(status={"enum": ["PENDING", "PAID", "CANCELLED", "all"]}),
        ),
        "post": operation(body=NOTE, _201=answer(ref("Order"))),
    },
    "/orders/{orderId}": {
        "parameters": _ORDER_ID,
        "get": operation("404", _200=answer(ref("Order"))),
        "patch": operation("404", body=NOTE, _200=answer(ref("Order"))),
    },
    **{
        f"/orders/{{orderId}}{verb}": {
            "parameters": _ORDER_ID,
            "post": operation("404", _200=answer(ref("Order"))),
        }
        for verb in ("/pay", ":cancel", "/archive", "/ship")
    },
    "/orders/{orderId}/lines": {
        "parameters": _ORDER_ID,
        "get": operation("404", _200=answer({"type": "array", "items": ref("Review")})),
        "post": operation("404", body=sent(ref("Review")), _201=answer(ref("Review"))),
    },
    "/orders/{orderId}/lines/{lineId}": {
        "parameters": [
            *_ORDER_ID,
            {"name": "lineId", "in": "path", "required": True, "schema": TEXT},
        ],
        "get": operation("404", _200=answer(ref("Review"))),
    },
}


def test_a_new_thing_comes_behind_what_was_there_and_nothing_has_happened_to_it() -> None:
    mock = Client(ORDERS, {"Order": ORDER})
    before = mock.ask("GET", "/orders")
    made = mock.ask("POST", "/orders", {"note": "x"})
    assert made == {
        **{"id": max(one["id"] for one in before) + 1, "note": "x", "status": "PENDING"},
        **{"linesCount": 0, "archived": made["archived"], "cancelledAt": None},
        **dict.fromkeys(("createdAt", "updatedAt"), "2023-11-14T22:13:20Z"),
    }
    assert made["createdAt"] > max(one["createdAt"] for one in before)
    assert mock.ask("GET", f"/orders/{made['id']}/lines") == []
    assert mock.ask("GET", f"/orders/{before[0]['id']}/lines")


def test_a_change_is_later_and_leaves_what_no_client_sets() -> None:
    mock = Client(ORDERS, {"Order": ORDER})
    made = mock.ask("POST", "/orders", {"note": "x"})
    change = {"note": "y", "id": 1, "createdAt": "2000-01-01T00:00:00Z", "status": "PAID"}
    after = mock.ask("PATCH", f"/orders/{made['id']}", change)
    assert after == {**made, "note": "y", "updatedAt": "2023-11-14T22:13:21Z"}


def test_what_is_done_to_a_thing_is_true_of_it() -> None:
    mock = Client(ORDERS, {"Order": ORDER})
    at = f"/orders/{mock.ask('POST', '/orders', {})['id']}"
    assert mock.ask("POST", f"{at}/pay")["status"] == "PAID"
    cancelled = mock.ask("POST", f"{at}:cancel")
    assert (cancelled["status"], cancelled["cancelledAt"]) == ("CANCELLED", cancelled["updatedAt"])
    assert mock.ask("POST", f"{at}/archive")["archived"] is True
    settled = mock.ask("GET", at)
    assert mock.ask("POST", f"{at}/ship") == settled == mock.ask("GET", at)
    assert settled in mock.ask("GET", "/orders?status=CANCELLED")
    assert mock.ask("GET", "/orders?status=all") == mock.ask("GET", "/orders")


def test_what_is_put_without_a_body_is_there() -> None:
    star = operation("404", _204=answer())
    parameters = [{"name": "name", "in": "path", "required": True, "schema": TEXT}]
    path = {"parameters": parameters, "get": star, "delete": star, "put": operation(_204=answer())}
    mock = Client({"/starred/{name}": path})
    asked = [mock.status(method, "/starred/x") for method in ("GET", "PUT", "GET", "DELETE", "GET")]
    assert asked == [404, 204, 204, 204, 404]


def test_a_file_that_is_put_is_there() -> None:
    png = {"image/png": {}}
    mock = Client(
        {
            "/files/{name}": {
                "parameters": [{"name": "name", "in": "path", "required": True, "schema": TEXT}],
                "get": operation("404", _200={"description": "", "content": png}),
                "put": operation(body={"content": png}, _204=answer()),
                "delete": operation("404", _204=answer()),
            }
        }
    )
    request = Request("PUT", "/files/a", (("Content-Type", "image/png"),), b"\x89PNG")
    assert mock.status("GET", "/files/a") == 404
    assert mock.responder.respond(request, now=0).status == 204
    assert mock.status("GET", "/files/a") == 200
    assert [mock.status("DELETE", "/files/a") for _ in range(2)] == [204, 404]


def test_where_nobody_can_say_in_what_a_thing_was_made_every_one_is_there() -> None:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": TEXT} for name in ("owner", "repo")
    ]
    repo = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
    mock = Client(
        {
            "/user/repos": {"post": operation(body=sent(repo), _201=answer(repo))},
            "/repos/{owner}/{repo}": {
                "parameters": parameters,
                "get": operation("404", _200=answer(repo)),
                "delete": operation("404", _204=answer()),
            },
        }
    )
    assert mock.ask("POST", "/user/repos", {"name": "r"}) == {"name": "r"}
    assert mock.status("GET", "/repos/ada/r") == 200


def test_a_link_to_the_next_page_says_each_parameter_once() -> None:
    links = {"type": "object", "properties": {"next": {"type": ["string", "null"]}}}
    page = {
        "type": "object",
        "required": ["data", "links"],
        "properties": {"data": {"type": "array", "items": ref("Book")}, "links": links},
    }
    size, number = ({"type": "integer", "minimum": 1} for _ in range(2))
    listed = operation(
        _200=answer(page), query=query(**{"page[size]": size, "page[number]": number})
    )
    mock = Client({"/books": {"get": listed}, "/books/{bookId}": BOOKS["/books/{bookId}"]})
    for target in (
        "/books?page[size]=5&page[number]=1",
        "/books?page%5Bsize%5D=5&page%5Bnumber%5D=1",
    ):
        after = mock.ask("GET", target)["links"]["next"]
        assert mock.status("GET", after.removeprefix("http://localhost:8000")) == 200


def test_a_list_of_which_nothing_asks_for_another_page_links_to_none() -> None:
    properties = {
        "tracks": {"type": "array", "items": ref("Book")},
        "next": TEXT,
        "has_more": {"type": "boolean"},
    }
    page = {"type": "object", "required": list(properties)[::2], "properties": properties}
    listed = operation(_200=answer(page), query=query(limit={**INTEGER, "minimum": 1}))
    mock = Client({"/me/tracks": {"get": listed}})
    found = [mock.ask("GET", f"/me/tracks?limit={limit}") for limit in (2, 50)]
    assert [(one.get("next"), one["has_more"]) for one in found] == [(None, True), (None, False)]
    assert found[0]["tracks"] == found[1]["tracks"][:2]


def test_members_that_cannot_be_left_out_keep_their_order_under_any_hash_seed():
    drawn = {
        name: name for name in ("kiwi", "fig", "plum", "lime", "date", "pear", "sloe", "mango")
    }
    item = Item({}, Seed.of(1), frozenset(drawn))
    value = shown(item, drawn, Members(), lambda value: value == drawn)
    assert list(value) == list(drawn)


def test_a_page_tells_its_number_and_its_size_also_where_neither_was_asked_for() -> None:
    names = ("size", "number", "totalElements", "totalPages")
    told = {"type": "object", "required": names, "properties": dict.fromkeys(names, INTEGER)}
    page = {
        "type": "object",
        "required": ["items", "page"],
        "properties": {"items": {"type": "array", "items": ref("Book")}, "page": told},
    }
    listed = operation(
        _200=answer(page),
        query=query(
            page={"type": "integer", "minimum": 0, "default": 0},
            size={"type": "integer", "minimum": 1, "default": 5},
        ),
    )
    mock = Client({"/books": {"get": listed}, "/books/{bookId}": BOOKS["/books/{bookId}"]})
    pages = [mock.ask("GET", at)["page"] for at in ("/books", "/books?page=1&size=2")]
    assert [list(map(one.get, names)) for one in pages] == [[5, 0, 12, 3], [2, 1, 12, 6]]


def test_odata_tells_how_many_there_are_and_where_the_next_are() -> None:
    page = {
        "type": "object",
        "required": ["value"],
        "properties": {
            "value": {"type": "array", "items": ref("Book")},
            "@odata.count": INTEGER,
            "@odata.nextLink": TEXT,
        },
    }
    listed = operation(_200=answer(page), query=query(**{"$top": INTEGER, "$skip": INTEGER}))
    mock = Client({"/books": {"get": listed}, "/books/{bookId}": BOOKS["/books/{bookId}"]})
    first = mock.ask("GET", "/books?$top=8")
    after = first["@odata.nextLink"].removeprefix("http://localhost:8000")
    assert (first["@odata.count"], after) == (12, "/books?$top=8&%24skip=8")
    assert len(mock.ask("GET", after)["value"]) == 4


def test_a_picture_of_a_thing_can_be_put_read_and_deleted() -> None:
    person = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {**INTEGER, "readOnly": True}, "name": TEXT},
    }
    number = [{"name": "personId", "in": "path", "required": True, "schema": INTEGER}]
    picture = {"image/png": {"schema": {**TEXT, "format": "binary"}}}
    paths = {
        "/people": {"post": operation(body=sent(person), _201=answer(person))},
        "/people/{personId}": {
            "parameters": number,
            "get": operation("404", _200=answer(person)),
        },
        "/people/{personId}/picture": {
            "parameters": number,
            "get": operation("404", _200={"description": "", "content": picture}),
            "put": operation("404", body={"content": picture}, _204=answer()),
            "delete": operation("404", _204=answer()),
        },
    }
    client = Client(paths)
    own = f"/people/{client.ask('POST', '/people', {'name': 'Ada'})['id']}/picture"
    assert client.status("PUT", own, "dots", kind="image/png") == 204
    assert client.status("GET", own) == 200
    assert client.status("DELETE", own) == 204
    assert client.status("GET", own) == 404
    assert client.status("PUT", own, "dots", kind="image/png") == 204
    assert client.status("GET", own) == 200
    assert client.status("PUT", "/people/77777/picture", "dots", kind="image/png") == 404


def test_a_list_is_in_the_order_of_what_stands_in_the_attributes_of_its_things() -> None:
    attributes = {
        "type": "object",
        "required": ["page_count", "added_at"],
        "properties": {"page_count": INTEGER, "added_at": {**TEXT, "format": "date-time"}},
    }
    resource = {
        "type": "object",
        "required": ["id", "attributes"],
        "properties": {"id": {**TEXT, "readOnly": True}, "attributes": attributes},
    }
    one = {"type": "object", "required": ["data"], "properties": {"data": resource}}
    many = {**one, "properties": {"data": {"type": "array", "items": resource}}}
    paths = {
        "/things": {
            "get": operation(_200=answer(many), query=query(sort=TEXT)),
            "post": operation(body=sent(one), _201=answer(one)),
        }
    }
    client = Client(paths)
    for count in (7, -3, 90000):
        given = {"page_count": count, "added_at": "2020-01-01T00:00:00Z"}
        client.ask("POST", "/things", {"data": {"id": "x", "attributes": given}})

    def counts(sort: str) -> list[int]:
        things = client.ask("GET", f"/things?sort={sort}")["data"]
        return [thing["attributes"]["page_count"] for thing in things]

    assert counts("page_count") == sorted(counts("page_count"))
    assert counts("-pageCount") == sorted(counts("page_count"), reverse=True)
    assert counts("attributes.page_count") == counts("page_count")


@pytest.mark.parametrize("kind", ["application/vnd.api+json", "application/merge-patch+json"])
def test_a_body_of_a_declared_json_type_is_refused_for_what_is_wrong_with_it(kind: str) -> None:
    wants = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
    client = Client({"/things": {"post": operation("422", body=sent(wants, kind), _204=answer())}})
    assert client.status("POST", "/things", {"name": "a"}, kind=kind) == 204
    refused = json.loads(client.reply("POST", "/things", {"name": 1}, kind=kind).body or b"")
    assert refused["errors"][0]["code"] == "request-body.type"
    assert refused["errors"][0]["pointer"] == "/name"
