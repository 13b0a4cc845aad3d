"""Resources from creation to deletion: each fault is found, and no right server accused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import troth
from servers.conduct import Conducted, conduct
from servers.seats import Seats
from servers.seats import spec as seats_spec
from servers.shelves import BOOK, Remembering, Shelves, spec
from servers.wire import Answer, Asked, Handler
from troth import pointer as pointers
from troth.conformance.settings import Given
from troth.conformance.stateful import life_cycle
from troth.conformance.stateful.comparison import derivations, differences, same
from troth.conformance.stateful.paging import is_all
from troth.openapi.contract import Contract
from troth.openapi.resources import Listing

#: What each fault is told as: the code, the operation to blame, and how many requests it took.
FAULTS = {
    "not kept": ("resource.not-readable", "GET /books/{book_id}", 2),
    "drops a member": ("resource.reads-back-other", "POST /books", 2),
    "cuts a text": ("resource.reads-back-other", "POST /books", 1),
    "letters": ("resource.reads-back-other", "POST /books", 2),
    "default": ("resource.default-ignored", "POST /books", 2),
    "key": ("resource.key-ignored", "POST /books", 2),
    "created anew": ("resource.update-resets", "PATCH /books/{book_id}", 4),
    "location": ("resource.location-wrong", "POST /books", 2),
    "id twice": ("resource.id-repeated", "POST /books", 2),
    "not listed": ("resource.not-listed", "GET /books", 2),
    "list forgets": ("list.item-differs", "GET /books", 3),
    "update lost": ("resource.update-lost", "PATCH /books/{book_id}", 3),
    "false stays": ("resource.update-lost", "PATCH /books/{book_id}", 4),
    "update resets": ("resource.update-resets", "PATCH /books/{book_id}", 4),
    "put lost": ("resource.update-lost", "PUT /books/{book_id}", 3),
    "put keeps": ("resource.replace-keeps", "PUT /books/{book_id}", 4),
    "put adds": ("resource.put-not-idempotent", "PUT /books/{book_id}", 5),
    "still there": ("resource.still-there", "DELETE /books/{book_id}", 3),
    "still listed": ("resource.still-listed", "GET /books", 4),
    "deleted twice": ("resource.deleted-twice", "DELETE /books/{book_id}", 5),
    "unknown to put": ("resource.not-found", "PUT /books/{book_id}", 3),
    "etag": ("resource.etag-unchanged", "PATCH /books/{book_id}", 4),
    "if-match": ("resource.match-ignored", "PATCH /books/{book_id}", 5),
    "if-none-match": ("resource.not-modified-ignored", "GET /books/{book_id}", 3),
    "other reads": ("resource.read-by-other", "GET /books/{book_id}", 4),
    "other changes": ("resource.changed-by-other", "PATCH /books/{book_id}", 4),
    "other deletes": ("resource.deleted-by-other", "DELETE /books/{book_id}", 4),
}
#: What no server is accused of: what it may do otherwise.
MANNERS = (
    "",
    "hides",
    "twenty",
    "caps",
    "normalises",
    "later",
    "slow",
    "marks",
    "shared",
    "200",
    "forgets",
    "one of a title",
    "pages wear off",
    "note expires",
)
#: So many requests a clean run may take for one resource, with all that the document declares.
MOST = 146


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    return load(tmp_path_factory.mktemp("shelves"), spec())


def load(folder: Path, document: dict[str, Any]) -> Contract:
    file = folder / "shelves.json"
    file.write_text(json.dumps(document))
    return troth.load(file)


def life(server: Handler, contract: Contract, **settings: Any) -> Conducted:
    """A run of the resources alone."""
    given = {"token": "first", "phases": ("resources",), **settings}
    return conduct(server, contract, **given)


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found_in_as_few_requests_as_it_takes(fault: str, contract: Contract) -> None:
    run = life(Shelves(fault), contract, second_token="second")
    code, operation, requests = FAULTS[fault]
    told = [(one.code, one.violation.operation, len(one.steps) + 1) for one in run.findings]
    assert (code, operation, requests) in told, run.told
    assert {one.code for one in run.findings} == {code}, run.told
    assert all((one.again, one.tries) == (1, 1) for one in run.findings)


@pytest.mark.parametrize("manner", MANNERS)
def test_what_a_server_may_do_accuses_nobody(manner: str, contract: Contract) -> None:
    run = life(Shelves(manner=manner), contract, second_token="second")
    assert run.told == []
    assert run.finished.verdict == "conforms"


def test_each_request_has_a_key_of_its_own_where_a_server_remembers_them(tmp_path: Path) -> None:
    keyed, phases = load(tmp_path, Remembering.document()), ("examples", "resources", "stateful")
    server = Remembering(Shelves())
    for _ in range(2):  # it remembers those of the first run, too
        run = life(server, keyed, second_token="second", phases=phases, max_requests=200)
        assert run.told == []
        assert run.finished.verdict == "conforms"
    keys = {key for _, key in server.answers}
    assert len(keys) == len(server.answers) > 20


def test_a_key_that_the_user_gave_is_sent_as_it_is(tmp_path: Path) -> None:
    key = "5b0f7a3e-4c1d-4f7b-8a58-2f8f3a6a9d10"
    given = Given(parameters={("header", "Idempotency-Key"): key})
    server = Remembering(Shelves())
    life(server, load(tmp_path, Remembering.document()), values={"POST /books": given})
    assert key in {sent for _, sent in server.answers}


def test_a_clean_run_takes_few_requests_and_leaves_nothing_behind(contract: Contract) -> None:
    server = Shelves()
    server.books[99], server.owners[99] = {"id": 99, "title": "mine"}, "ada"
    run = life(server, contract)
    assert run.told == []
    assert run.finished.requests <= MOST
    assert server.books == {99: {"id": 99, "title": "mine"}}


def test_no_more_is_sent_than_a_run_may_send(contract: Contract) -> None:
    for most in range(1, 20):
        server = Shelves()
        run = life(server, contract, max_requests=most * 3)
        assert run.finished.requests <= most * 3
        assert server.books == {}


def test_a_second_token_that_opens_nothing_proves_nothing(contract: Contract) -> None:
    assert life(Shelves("other reads"), contract, second_token="nobody's").told == []


class FillsIn(Shelves):
    """Has something by itself of what was not sent."""

    def read_body(self, asked: Asked) -> dict[str, Any] | None:
        book = json.loads(asked.body)
        return book if isinstance(book, dict) else None

    def shown(self, book: dict[str, Any]) -> dict[str, Any]:
        cover = "https://covers.test/none.png"
        return {"labels": {}, "cover": cover, "motto": "***", **super().shown(book)}


def test_what_a_server_fills_in_is_not_taken_from_the_request_before(tmp_path: Path) -> None:
    document = json.loads(json.dumps(spec()))
    text = {"type": "string"}
    document["components"]["schemas"]["Book"]["properties"] |= {
        "labels": {"type": "object", "additionalProperties": text},
        "cover": {**text, "format": "uri"},
        "motto": text,
    }
    assert life(FillsIn(), load(tmp_path, document)).told == []


def test_a_moment_is_the_same_in_whatever_zone_it_is_told(tmp_path: Path) -> None:
    document = json.loads(json.dumps(spec()))
    due = {"type": "string", "format": "date-time"}
    document["components"]["schemas"]["Book"]["properties"]["due"] = due
    own = load(tmp_path, document)
    assert life(Shelves(manner="UTC"), own).told == []
    (found,) = life(Shelves("zone"), own).findings
    assert (found.code, found.severity) == ("resource.reads-back-other", "error")
    assert "/due" in found.violation.message


def test_what_the_document_says_of_owners_counts(tmp_path: Path) -> None:
    document = spec()
    del document["paths"]["/books"]["get"]
    read = document["paths"]["/books/{book_id}"]["get"]
    for text, severity in (("A book.", "warning"), ("One of your own books.", "error")):
        run = life(
            Shelves("other reads"),
            load(tmp_path, {**document, "paths": _with_summary(document, text)}),
            second_token="second",
        )
        assert [one.severity for one in run.findings] == [severity], run.told
    run = life(
        Shelves("other reads"),
        load(tmp_path, {**document, "paths": _with_summary(document, "A book; all users see it.")}),
        second_token="second",
    )
    assert run.told == []
    assert read["operationId"] == "getBook"


def _with_summary(document: dict[str, Any], text: str) -> dict[str, Any]:
    item = document["paths"]["/books/{book_id}"]
    read = {**item["get"], "summary": text}
    return {**document["paths"], "/books/{book_id}": {**item, "get": read}}


def test_a_page_that_may_go_on_does_not_say_that_anything_is_missing() -> None:
    """Whatever was asked for: a server gives as many as it likes."""
    unknown = {size for size in range(1, 101) if not _is_all(size)}
    assert {5, 10, 20, 25, 32, 50, 64, 100} <= unknown
    assert {1, 2, 3, 4, 7, 19, 21, 33} & unknown == set()


def _is_all(size: int) -> bool:
    return is_all([], Listing(), page=[None] * size, seen=size, size=None)


# -- what is the same ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (" Ada ", "ada"),
        ("a  b", "a b"),
        ("cafe\u0301", "caf\u00e9"),
        ("a & b", "a &amp; b"),
        (1, 1.0),
        (12.345, 12.35),
        ("12.50", "12.5"),
        (".30", "0.3"),
        (12.5, "12.50"),
        (0.1 + 0.2, 0.3),
        (True, 1),
        ("2026-01-01T10:00:00+02:00", "2026-01-01T08:00:00Z"),
        ("2026-01-01T10:00:00.123456Z", "2026-01-01T10:00:00.123Z"),
        ("2026-01-01T10:00:00Z", "2026-01-01T10:00:00"),
        ("2026-01-01T10:00:00Z", "2026-01-01"),
        ("https://Example.com/a/", "https://example.com/a"),
        ("https://example.com/a.png", "https://cdn.example.net/7f.png"),
        ("+1 (555) 123-4567", "+15551234567"),
        ("10:00", "10:00:00"),
        ("PT60M", "PT1H"),
        ("a note", "<p>a note</p>"),
        ("sk-1234567", "sk-***"),
        (["b", "a", "b"], ["a", "b"]),
        ([{"a": 1}, {"a": 2}], [{"a": 2, "id": 9}, {"a": 1, "id": 8}]),
        ({"a": 1, "b": None}, {"a": 1.0, "extra": True, "b": "filled in"}),
    ],
)
def test_a_server_may_write_a_value_otherwise(sent: Any, read: Any) -> None:
    assert same(sent, read)
    assert differences({"it": sent}, {"it": read}) == []


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("Ada", "Bob"),
        ("Ada Lovelace", "Ada Lov"),
        (5, 6),
        (2**53 + 1, 2**53),
        (1.5, 2),
        (True, False),
        ("2026-01-01T10:00:00+02:00", "2026-01-01T10:00:00Z"),
        ("2026-01-01", "2026-01-02"),
        (["a", "b"], ["a"]),
        ({"a": {"b": 1}}, {"a": {"b": 2}}),
        ("x", None),
        ("x", ""),
    ],
)
def test_another_value_is_another(sent: Any, read: Any) -> None:
    assert len(differences({"it": sent}, {"it": read})) == 1


@pytest.mark.parametrize(
    ("items", "derived"),
    [
        ([{"a": 3, "b": 5, "c": 15}, {"a": 4, "b": 7, "c": 28}], ["a times b"]),
        ([{"a": 3, "b": 0.5, "c": "1.50"}, {"a": 4, "b": 7.25, "c": "29.00"}], ["a times b"]),
        ([{"a": 3, "b": 5, "c": 15}, {"a": 4, "b": 7, "c": 29}], []),
        ([{"a": 3, "b": 5, "c": 15}, {"a": 3, "b": 5, "c": 15}], []),  # one may be by chance
        ([{"a": 3, "b": 5, "c": 15}, {"a": 1, "b": 7, "c": 7}], []),  # it is b itself, perhaps
        ([{"a": 1, "b": 5, "c": 5}, {"a": 1, "b": 7, "c": 7}], []),
        (
            [
                {"r": [{"a": 2, "b": 5}, {"a": 3, "b": 4}], "c": 22},
                {"r": [{"a": 3, "b": 3, "t": "x"}], "c": 9},
            ],
            ["the sum of a times b of all r"],
        ),
        ([{"r": [{"a": 2, "b": 5}, 7], "c": 10}, {"r": None, "a": "x", "c": 9}], []),
    ],
)
def test_a_number_is_a_product_where_it_was_in_what_was_made(
    items: list[dict[str, Any]], derived: list[str]
) -> None:
    assert [str(each) for each in derivations(items, sent=["a", "b", "r"])] == derived


def test_what_a_server_decides_itself_is_nobodys_to_say() -> None:
    sent = {"id": 1, "createdAt": "x", "updated_by": "a", "version": 3, "status": "done", "a": None}
    read = {"id": 9, "createdAt": "y", "updated_by": "b", "version": 4, "status": "new", "a": "b"}
    assert differences(sent, read) == []
    assert differences({"owner": {"id": 1}, "name": "a"}, {"name": "a"}, declared=["name"]) == []
    assert differences({"parent": "a-7"}, {"parent": {"id": "a-7", "name": "A"}}) == []


def test_who_has_a_word_for_what_is_gone_does_not_answer_as_before(tmp_path: Path) -> None:
    document = spec()
    read = document["paths"]["/books/{book_id}"]["get"]
    read["responses"]["410"] = read["responses"]["404"]
    run = life(Shelves(manner="hides"), load(tmp_path, document))
    assert [(one.severity, one.code) for one in run.findings] == [
        ("warning", "resource.still-there")
    ]


def test_what_two_variables_name_is_never_taken_for_another() -> None:
    server = Seats()
    contract = troth.load(json.dumps(seats_spec()).encode(), overlays=[])
    run = life(server, contract, allow_destructive=False)
    assert (run.told, server.taken_from) == ([], [])
    assert ("A", 3) in server.seats
    assert any(one.exchange.request.method == "DELETE" for one in run.exchanges)


DEEP = "/data/attributes"


def deep(schema: Any) -> dict[str, Any]:
    """The schema of what has *schema* two levels down, beside something else that must be there."""
    return {
        "type": "object",
        "required": ["data"],
        "properties": {
            "data": {
                "type": "object",
                "required": ["type", "attributes"],
                "properties": {"type": {"const": "book"}, "attributes": schema},
            }
        },
    }


def deep_spec() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(spec()))  # nothing of it twice
    for path, methods in (("/books", ("post",)), ("/books/{book_id}", ("get", "patch", "put"))):
        item = document["paths"][path]
        item["x-troth-resource"] = {"sent": DEEP, "item": DEEP, "identifier": "/id"}
        for method in methods:
            operation = item[method]
            wrapped = [operation[word] for word in ("requestBody",) if word in operation]
            wrapped += [
                operation["responses"][each]
                for each in ("200", "201", "202")
                if each in operation["responses"]
            ]
            for holder in wrapped:
                schema = holder["content"]["application/json"]["schema"]
                holder["content"] = {"application/json": {"schema": deep(schema)}}
    return document


@pytest.mark.parametrize("fault", ["", "update lost", "put keeps"])
def test_an_item_may_stand_deep_in_what_is_sent(fault: str, tmp_path: Path) -> None:
    shelves = Shelves(fault)

    def server(asked: Asked) -> Answer:
        sent = pointers.find(json.loads(asked.body), DEEP) if asked.body else None
        answer = shelves(replace(asked, body=json.dumps(sent).encode() if asked.body else b""))
        body = json.loads(b"".join(answer.pieces) or b"{}")
        if "id" in body:
            whole = {"data": {"type": "book", "attributes": body}}
            answer.pieces = [json.dumps(whole).encode()]
        return answer

    run = life(server, load(tmp_path, deep_spec()))
    expected = [FAULTS[fault][0]] if fault else []
    assert [one.code for one in run.findings] == expected, run.told


@pytest.mark.parametrize("counts", [True, False])
def test_the_same_put_may_only_conflict_by_a_version_that_is_over(
    counts: bool, tmp_path: Path
) -> None:
    shelves = Shelves()
    puts: dict[int, int] = {}

    def server(asked: Asked) -> Answer:
        name = asked.target.removeprefix("/books/")
        key = int(name) if name.isdigit() else 0
        if asked.method == "PUT" and key in shelves.books:
            is_over = (
                json.loads(asked.body)["version"] != puts.get(key, 0) if counts else key in puts
            )
            if is_over:
                return Answer(409, {"Content-Type": "application/json"}, [b"{}"])
            puts[key] = puts.get(key, 0) + 1
        answer = shelves(asked)
        body = json.loads(b"".join(answer.pieces) or b"{}")
        if "id" in body:
            whole = {**body, "version": puts.get(body["id"], 0) if counts else 0}
            answer.pieces = [json.dumps(whole).encode()]
        return answer

    document = json.loads(json.dumps(spec()))
    book = document["components"]["schemas"]["Book"]
    versioned = {**book, "required": ["title", "version"]}
    versioned["properties"] = {**book["properties"], "version": {"type": "integer", "minimum": 0}}
    book["properties"]["version"] = {"type": "integer", "readOnly": True}
    put = document["paths"]["/books/{book_id}"]["put"]
    put["requestBody"]["content"] = {"application/json": {"schema": versioned}}
    put["responses"]["409"] = put["responses"]["404"]
    run = life(server, load(tmp_path, document))
    told = [] if counts else ["resource.put-not-idempotent"]
    assert [one.code for one in run.findings] == told, run.told


def test_an_action_of_who_may_not_read_is_a_warning(tmp_path: Path) -> None:
    """A closed group may be joined by those who are not in it, and a hidden text be reported."""
    shelves = Shelves()

    def server(asked: Asked) -> Answer:
        return Answer(204) if asked.target.endswith("/report") else shelves(asked)

    document = json.loads(json.dumps(spec()))
    document["paths"]["/books/{book_id}/report"] = {
        "parameters": document["paths"]["/books/{book_id}"]["parameters"],
        "post": {"operationId": "reportBook", "responses": {"204": {"description": "thanks"}}},
    }
    run = life(server, load(tmp_path, document), second_token="second")
    told = [(one.severity, one.code, one.violation.operation) for one in run.findings]
    code, operation = "resource.changed-by-other", "POST /books/{book_id}/report"
    assert told == [("warning", code, operation)], run.told
    assert run.finished.verdict == "conforms"


class Rooms:
    """Houses, and rooms below them; a room is found by its path alone."""

    def __init__(self, *, tidies: bool) -> None:
        self.tidies = tidies
        self.items: dict[str, dict[str, Any]] = {}
        self.number = 0

    def __call__(self, asked: Asked) -> Answer:
        path = asked.target.partition("?")[0]
        if asked.method == "POST":
            self.number += 1
            item = {"id": self.number, "name": json.loads(asked.body)["name"]}
            above = path.rpartition("/")[0]
            if above and above not in self.items:
                return Answer(404)
            self.items[f"{path}/{self.number}"] = item
            return Answer(201, {"Content-Type": "application/json"}, [json.dumps(item).encode()])
        if path not in self.items or asked.method not in ("GET", "DELETE"):
            return Answer(404 if path not in self.items else 405, {"Allow": "GET, DELETE"})
        if asked.method == "DELETE":
            below = [one for one in self.items if self.tidies and one.startswith(f"{path}/")]
            for one in (path, *below):
                del self.items[one]
            return Answer(204)
        item = self.items[path]
        return Answer(200, {"Content-Type": "application/json"}, [json.dumps(item).encode()])


def rooms_spec() -> dict[str, Any]:
    named = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    item = {**named, "properties": {**named["properties"], "id": {"type": "integer"}}}
    content = {"application/json": {"schema": item}}
    made = {
        "requestBody": {"required": True, "content": {"application/json": {"schema": named}}},
        "responses": {"201": {"description": "it", "content": content}},
    }
    there = {
        "get": {"responses": {"200": {"description": "it", "content": content}}},
        "delete": {"responses": {"204": {"description": "gone"}}},
    }
    for method in there.values():
        method["responses"]["404"] = {"description": "no"}
    house, room = (
        {"name": name, "in": "path", "required": True, "schema": {"type": "integer"}}
        for name in ("house", "room")
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Houses", "version": "1"},
        "paths": {
            "/houses": {"post": made},
            "/houses/{house}": {"parameters": [house], **there},
            "/houses/{house}/rooms": {"parameters": [house], "post": made},
            "/houses/{house}/rooms/{room}": {"parameters": [house, room], **there},
        },
    }


@pytest.mark.parametrize("tidies", [True, False])
def test_what_was_below_what_is_deleted_is_gone_with_it(tidies: bool) -> None:
    run = life(Rooms(tidies=tidies), troth.load(json.dumps(rooms_spec()).encode(), overlays=[]))
    told = [(one.severity, one.code, len(one.steps) + 1) for one in run.findings]
    assert told == ([] if tidies else [("warning", "resource.still-there", 6)]), run.told


def test_what_the_document_lets_no_answer_tell_is_not_missed(tmp_path: Path) -> None:
    document = spec()
    book = json.loads(json.dumps(BOOK))
    sent = document["paths"]["/books"]["post"]["requestBody"]["content"]["application/json"]
    # a request takes what no answer may show: the server shows something else
    taken = json.loads(json.dumps(BOOK))
    taken["properties"]["kind"] = {"type": "string", "enum": ["auto"]}
    taken["required"].append("kind")
    sent["schema"] = taken
    book["properties"]["kind"] = {"type": "string", "enum": ["novel", "atlas"]}
    document["components"]["schemas"]["Book"] = book

    class Choosing(Shelves):
        def shown(self, book: dict[str, Any]) -> dict[str, Any]:
            return {**super().shown(book), "kind": "novel"}

    assert life(Choosing(), load(tmp_path, document)).told == []
    book["properties"]["kind"]["enum"].append("auto")
    codes = {one.code for one in life(Choosing(), load(tmp_path, document)).findings}
    assert codes == {"resource.reads-back-other", "resource.update-lost"}


@pytest.mark.parametrize(
    ("created", "listed", "is_own"),
    [
        ("/tasks", "/tasks", True),
        ("/projects/{project}/tasks", "/tasks", True),  # of all projects
        ("/projects/{project}/tasks", "/projects/{project}/tasks/all", True),
        ("/orgs/{org}/tasks", "/user/tasks", False),
    ],
)
def test_what_is_created_has_to_be_in_the_lists_of_its_place(
    created: str, listed: str, is_own: bool
) -> None:
    item: Any = SimpleNamespace(
        created=SimpleNamespace(operation=SimpleNamespace(path=created)),
        resource=SimpleNamespace(collection="/tasks"),
    )
    listing: Any = SimpleNamespace(path=listed)
    assert life_cycle._is_list_of(listing, item) is is_own


def told_of_talks(topic: str | None, *, is_one: bool, reading: str = "bearer") -> list[str]:
    """What is told of a server of talks; where it *is_one*, all names are of the same one."""
    talk = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    talk["properties"] |= {"kind": {"const": "talk"}, "topic": {"type": ["string", "null"]}}
    told = {"description": "", "content": {"application/json": {"schema": talk}}}
    name = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    missing = {"404": {"description": ""}}
    read = {"responses": {"200": told, **missing}, "security": [{reading: []}]}
    paths = {
        "/talks": {"post": {"responses": {"201": told}}},
        "/talks/{id}": {"parameters": [name], "get": read},
    }
    root = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}
    schemes = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    }
    root |= {"components": {"securitySchemes": schemes}, "security": [{"bearer": []}]}
    made: list[str] = []

    def talks(asked: Asked) -> Answer:
        if asked.method == "POST":
            made.append(f"talk-{len(made)}")
        own = made[-1] if asked.method == "POST" else asked.target.rpartition("/")[2]
        status = 201 if asked.method == "POST" else 200 if is_one or own in made else 404
        value = {"id": own, "kind": "talk", "topic": topic}
        return Answer(status, {"Content-Type": "application/json"}, [json.dumps(value).encode()])

    contract = troth.load(json.dumps(root).encode())
    found = conduct(talks, contract, second_token="other", phases=("examples", "resources"))
    assert len(made) > 0
    return [each for each in found.told if "by-other" in each]


@pytest.mark.parametrize("topic", [None, "birch"])
def test_what_a_server_has_for_any_name_was_made_by_nobody(topic: str | None) -> None:
    assert told_of_talks(topic, is_one=True) == []


def test_a_key_and_an_access_token_do_not_tell_whether_they_are_of_one_user() -> None:
    assert told_of_talks("birch", is_one=False, reading="key") == []
    assert len(told_of_talks("birch", is_one=False)) == 1


def rooms_contract(sent: dict[str, Any]) -> Contract:
    """Of rooms with a mood, that are made of the members *sent*."""
    mood = {"enum": ["calm", "wild"]}
    room = {"type": "object", "required": ["id", "mood"], "properties": {"id": {"type": "string"}}}
    room["properties"] |= {"mood": mood, "name": {"type": "string"}}
    told = {"description": "", "content": {"application/json": {"schema": room}}}
    named = {"type": "object", "properties": sent}
    name = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    taken = {"required": True, "content": {"application/json": {"schema": named}}}
    paths = {
        "/rooms": {"post": {"requestBody": taken, "responses": {"201": told}}},
        "/rooms/{id}": {"parameters": [name], "get": {"responses": {"200": told, "404": {}}}},
    }
    root = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}
    return troth.load(json.dumps(root).encode())


@pytest.mark.parametrize(("times", "is_told"), [(2, False), (1000, True)])
def test_one_of_few_values_is_decided_by_a_client_only_if_it_is_so_each_time(
    times: int, *, is_told: bool
) -> None:
    contract = rooms_contract({"name": {"type": "string"}})
    made: dict[str, str] = {}
    sent: list[str] = []

    def rooms(asked: Asked) -> Answer:
        own = asked.target.rpartition("/")[2]
        if asked.method == "POST":
            own, mood = f"room-{len(made)}", json.loads(asked.body).get("mood")
            sent.extend([mood] if mood else [])
            # by chance it is at first what is sent
            made[own] = mood if mood and len(sent) <= times else "calm"
        value = {"id": own, "mood": made.get(own)}
        status = 201 if asked.method == "POST" else 200 if own in made else 404
        body = [json.dumps(value).encode()] if status < 400 else []
        return Answer(status, {"Content-Type": "application/json"}, body)

    found = conduct(rooms, contract, phases=("examples", "resources"))
    codes = [each for each in found.told if "decided-by-client" in each]
    assert len(set(sent)) == 2
    assert bool(codes) == is_told


def test_what_a_server_comes_to_by_what_else_is_sent_is_not_decided_by_a_client() -> None:
    made: dict[str, str] = {}
    names: list[str] = []

    def rooms(asked: Asked) -> Answer:
        own = asked.target.rpartition("/")[2]
        if asked.method == "POST":
            sent = json.loads(asked.body)
            own, mood = f"room-{len(made)}", sent.get("mood")
            names.extend([str(sent.get("name"))] if mood else [])
            # of one name it is what was sent, whenever that comes
            made[own] = mood if mood and str(sent.get("name")) == names[0] else "calm"
        value = {"id": own, "mood": made.get(own)}
        status = 201 if asked.method == "POST" else 200 if own in made else 404
        body = [json.dumps(value).encode()] if status < 400 else []
        return Answer(status, {"Content-Type": "application/json"}, body)

    contract = rooms_contract({"name": {"type": "string"}})
    found = conduct(rooms, contract, phases=("examples", "resources"))
    assert len(set(names)) > 1
    assert [each for each in found.told if "decided-by-client" in each] == []


@pytest.mark.parametrize(("times", "is_told"), [(3, False), (1000, True)])
def test_one_of_few_values_is_of_another_request_only_if_it_is_so_each_time(
    times: int, *, is_told: bool
) -> None:
    contract = rooms_contract({"name": {"type": "string"}, "mood": {"enum": ["calm", "wild"]}})
    made: dict[str, str] = {}
    moods: list[str] = ["calm"]
    unsent: list[str] = []

    def rooms(asked: Asked) -> Answer:
        own = asked.target.rpartition("/")[2]
        if asked.method == "POST":
            own, mood = f"room-{len(made)}", json.loads(asked.body).get("mood")
            if mood:
                moods.append(mood)
            else:
                unsent.append(own)
            # by chance it is at first what was sent before
            made[own] = mood or (moods[-1] if len(unsent) <= times else "calm")
        value = {"id": own, "mood": made.get(own)}
        status = 201 if asked.method == "POST" else 200 if own in made else 404
        body = [json.dumps(value).encode()] if status < 400 else []
        return Answer(status, {"Content-Type": "application/json"}, body)

    found = conduct(rooms, contract, phases=("resources",))
    assert len(set(moods)) == 2
    assert bool([each for each in found.told if "run.leak" in each]) == is_told
