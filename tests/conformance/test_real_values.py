"""Which values a request has when it is sent, and what a run leaves alone."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import troth
from servers import depot
from servers.bookcase import DOCUMENT, TOKEN, Shelves
from servers.conduct import Conducted, conduct
from servers.wire import Answer, Asked, Handler
from troth.conformance.cases.case import Case
from troth.conformance.real_values import RealValues
from troth.conformance.reports.finding_text import notes_of_run
from troth.conformance.run_summary import summarize
from troth.conformance.settings import Given, Settings
from troth.conformance.stateful.items import same_id
from troth.http.exchange import Exchange, Request, Response

CONTRACT = troth.load(json.dumps(DOCUMENT).encode())
ONE = "/shelves/{shelf_id}/books/{book_id}"
#: Of the operations that a path of another's item leads to, so many answers must be successes.
ITEMS = ("GET /shelves/{shelf_id}", f"GET {ONE}", f"PUT {ONE}", f"DELETE {ONE}")


def run(shelves: Handler, **settings: Any) -> Conducted:
    given = {"token": TOKEN, "allow_destructive": False, **settings}
    return conduct(shelves, CONTRACT, **given)


@pytest.fixture(scope="module")
def shelves() -> Shelves:
    return Shelves()


@pytest.fixture(scope="module")
def conducted(shelves: Shelves) -> Conducted:
    return run(shelves)


def test_a_correct_server_is_told_nothing_of(conducted: Conducted) -> None:
    assert [told for told in conducted.told if told.startswith("error")] == []


def test_what_was_there_is_neither_changed_nor_deleted(
    conducted: Conducted, shelves: Shelves
) -> None:
    assert conducted.finished.verdict == "conforms"
    assert shelves.touched == []
    assert set(conducted.finished.held_back) == {"PUT /mode"}
    assert conducted.finished.not_run == 0


def test_a_run_does_not_draw_for_its_whole_time_what_it_holds_back() -> None:
    bounds = {"max_seconds": 30, "max_requests": 1e9, "exhaustive": True}
    finished = run(Shelves(), phases=("random",), only=("PUT /mode",), **bounds).finished
    assert (finished.requests, finished.held_back.keys()) == (0, {"PUT /mode"})
    assert finished.seconds < 20


def test_what_the_run_made_is_deleted_at_its_end(conducted: Conducted, shelves: Shelves) -> None:
    assert conducted.exchanges[-1].about == "deleting what this run has made"
    # an answer with half a surrogate pair is no JSON, and tells of nothing
    left = [one for name, one in shelves.shelves.items() if name != "old"]
    assert [one["name"] for one in left if one["name"] != "\ud800"] == []
    assert {number for books in shelves.books.values() for number in books} >= {1, 2}


def test_what_is_left_behind_is_told() -> None:
    shelves = Shelves()
    few: dict[str, Any] = {"max_requests": 8, "exhaustive": True}
    found = run(shelves, phases=("boundary",), only=("addShelf", "removeShelf"), **few)
    left = len(shelves.shelves) - 1
    assert left > 0
    assert found.finished.left_behind == {"DELETE /shelves/{shelf_id}": left}
    (note,) = (each for each in notes_of_run(summarize(found.events)) if "behind" in each)
    assert note == f"left behind, to be deleted: {left} by DELETE /shelves/{{shelf_id}}"


def test_what_somebody_else_has_deleted_keeps_nothing_else_from_being() -> None:
    shelves = Shelves()

    def losing(asked: Asked) -> Answer:
        mine = [name for name in shelves.shelves if name != "old"]
        if asked.method == "DELETE" and len(mine) > 3:
            shelves.shelves.pop(mine[-1])
        return shelves(asked)

    found = run(losing, phases=("boundary",), only=("addShelf", "removeShelf"))
    assert list(shelves.shelves) == ["old"]
    assert found.finished.left_behind == {}


@pytest.mark.parametrize("operation", ITEMS)
def test_every_operation_is_tried_on_what_there_is(conducted: Conducted, operation: str) -> None:
    answered = [
        one.exchange.response.status
        for one in conducted.exchanges
        if one.operation == operation and one.intent == "accepted" and one.exchange.response
    ]
    assert sum(status < 300 for status in answered) >= 5
    assert answered.count(404) <= len(answered) // 2


def test_no_credential_is_tried_on_what_there_is(conducted: Conducted) -> None:
    made = re.compile(r"/shelves/(s\d+|old)(/books(/\d+)?)?(\?.*)?")
    bare = [
        one.exchange.request.target
        for one in conducted.exchanges
        if "no-credential" in one.case_id and one.operation in ITEMS
    ]
    assert [target for target in bare if not made.fullmatch(target)] == []
    assert len(bare) >= len(ITEMS)


def test_a_hole_for_those_without_credentials_is_found_on_what_the_run_made() -> None:
    shelves = Shelves(is_open_to_delete=True)
    found = run(shelves, phases=("examples", "protocol"))
    holes = {one.violation.operation for one in found.of("error")}
    assert holes == {"DELETE /shelves/{shelf_id}", f"DELETE {ONE}"}
    assert shelves.touched == []


def test_a_run_that_may_is_not_careful() -> None:
    shelves = Shelves()
    found = run(shelves, allow_destructive=True, only=("setMode",))
    assert (set(shelves.touched), found.finished.held_back) == ({"mode"}, {})


def test_a_safe_run_only_looks() -> None:
    shelves = Shelves()
    found = run(shelves, safe=True)
    assert {method for method, *_ in shelves.seen} <= {"GET", "HEAD"}
    # what a list answered is what is read
    assert ("GET", "/shelves/old/books/1", 200) in shelves.seen
    assert (found.finished.verdict, found.finished.held_back) == ("conforms", {})


def test_what_the_user_gives_comes_first_where_it_is_read() -> None:
    shelves = Shelves()
    given = Given({("path", "book_id"): 2, ("path", "shelf_id"): "old"})
    values = dict.fromkeys((f"GET {ONE}", f"DELETE {ONE}"), given)
    run(shelves, values=values, phases=("examples", "stateful"))
    read = {target for method, target, status in shelves.seen if method == "GET" and status == 200}
    books = {target for target in read if re.fullmatch(r"/shelves/\w+/books/\d+", target)}
    assert books == {"/shelves/old/books/2"}
    assert shelves.touched == []


def test_what_nobody_made_is_asked_to_go_under_a_name_that_nobody_has() -> None:
    shelves = Shelves()
    run(shelves, only=("DELETE",))
    deleted = [target for method, target, _ in shelves.seen if method == "DELETE"]
    assert deleted
    assert not [target for target in deleted if re.fullmatch(r"/shelves/old(/books/[12])?", target)]
    assert shelves.touched == []


@pytest.mark.parametrize(("shelf", "is_there"), [("s1", True), ("elsewhere", False)])
def test_what_was_made_is_there_in_what_it_was_made_in_alone(shelf: str, is_there: bool) -> None:
    values = RealValues(CONTRACT, Settings(url="http://127.0.0.1:1"))
    book = json.dumps({"id": 732, "title": "x"}).encode()
    made = Response(201, (("Content-Type", "application/json"),), book)
    values.keep(Exchange(Request("POST", "/shelves/s1/books", (), b"{}"), made))
    read = Request("GET", f"/shelves/{shelf}/books/732", (), b"")
    filled = values.filled(Case("read", "boundary", f"GET {ONE}", read))
    assert filled is not None
    assert filled.exists is is_there


def _repository(asked: Asked) -> Answer:
    """What is made is ada's, and nobody else's has that name."""
    _, *parts = asked.target.split("/")
    status, told = 404, b'{"title": "no such repository"}'
    if asked.method == "POST" and parts == ["user", "repos"]:
        status, told = 201, b'{"name": "engine"}'
    elif asked.method == "GET" and parts == ["repos", "ada", "engine"]:
        status, told = 200, b'{"name": "engine"}'
    return Answer(status, {"Content-Type": "application/json"}, [told], length=len(told))


def test_what_was_made_elsewhere_is_not_known_to_be_below_a_made_up_name() -> None:
    one = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    content = {"application/json": {"schema": one}}
    gone = {"description": "gone", "content": {"application/json": {}}}
    names = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in ("owner", "name")
    ]
    made = {"201": {"description": "made", "content": content}}
    read = {"200": {"description": "one", "content": content}, "404": gone}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {
            "/user/repos": {"post": {"requestBody": {"content": content}, "responses": made}},
            "/repos/{owner}/{name}": {"get": {"parameters": names, "responses": read}},
        },
    }
    contract = troth.load(json.dumps(document).encode())
    settings: dict[str, Any] = {"phases": ("examples",), "token": None}
    found = conduct(_repository, contract, **settings)
    assert any(one.operation.startswith("GET") for one in found.exchanges)
    assert [one for one in found.told if "GET" in one or "refused" in one] == []


def test_a_name_that_is_a_path_is_what_stands_in_it() -> None:
    name = {"type": "object", "properties": {"name": {"type": "string"}}}
    content = {"application/json": {"schema": name}}
    done = {"responses": {"200": {"description": "it", "content": content}}}

    def variable(name: str) -> list[dict[str, Any]]:
        return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}}]

    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {
            "/shelves": {"post": {**done, "requestBody": {"content": content}}},
            "/shelves/{shelf}": {"parameters": variable("shelf"), "get": done},
        },
    }
    contract = troth.load(json.dumps(document).encode(), overlays=[])
    values = RealValues(contract, Settings(url="http://127.0.0.1:1"))
    made = Response(200, (("Content-Type", "application/json"),), b'{"name": "shelves/s 1"}')
    values.keep(Exchange(Request("POST", "/shelves", (), b"{}"), made))
    read = Request("GET", "/shelves/x", (), b"")
    case = Case(
        "read", "boundary", "GET /shelves/{shelf}", read, parameters={("path", "shelf"): "x"}
    )
    filled = values.filled(case)
    assert filled is not None
    assert (filled.request.target, filled.exists) == ("/shelves/s%201", True)
    assert same_id("shelves/s 1", "s 1")
    assert not same_id("shelves/1", "shelfs/1")


def test_what_is_in_no_state_for_it_is_asked_for_last() -> None:
    values = RealValues(CONTRACT, Settings(url="http://127.0.0.1:1"))
    for number in (731, 732):
        book = json.dumps({"id": number, "title": "x"}).encode()
        made = Response(201, (("Content-Type", "application/json"),), book)
        values.keep(Exchange(Request("POST", "/shelves/s1/books", (), b"{}"), made))
    put = Case(
        *("put", "boundary", f"PUT {ONE}", Request("PUT", "/shelves/s/books/1", (), b"")),
        parameters={("path", "shelf_id"): "s", ("path", "book_id"): 1},
    )
    targets = []
    for _ in range(3):
        filled = values.filled(put)
        assert filled is not None
        targets.append(filled.request.target.rpartition("/")[2])
        values.keep(Exchange(filled.request, Response(409, (), b"")))
    assert targets == ["731", "732", "731"]


def test_what_is_gone_by_itself_keeps_nothing_else_from_being_deleted() -> None:
    values = RealValues(CONTRACT, Settings(url="http://127.0.0.1:1"))
    for number in (731, 732):
        book = json.dumps({"id": number, "title": "x"}).encode()
        made = Response(201, (("Content-Type", "application/json"),), book)
        values.keep(Exchange(Request("POST", "/shelves/s1/books", (), b"{}"), made))
    delete = CONTRACT.operation(f"DELETE {ONE}")
    left = [values.made(delete)]
    for status in (503, 404):
        gone = Request("DELETE", "/shelves/s1/books/732", (), b"")
        values.keep(Exchange(gone, Response(status, (), b"")))
        left.append(values.made(delete))
    assert left == [2, 2, 1]


@pytest.mark.parametrize(
    ("target", "left"),
    [("/crates/7", 0), ("/crates/8", 1), ("/crates/9", 0), ("/crates/5", 0)],
)
def test_what_names_a_thing_may_have_gone_with_it(target: str, left: int) -> None:
    contract = troth.load(json.dumps(depot.spec()).encode(), overlays=[])
    values = RealValues(contract, Settings(url="http://127.0.0.1:1/v1"))
    for crate, file in (("5", {"id": "f0"}), ("7", {"id": "f1", "crate_id": 9, "file_id": "f0"})):
        made = Response(201, (("Content-Type", "application/json"),), json.dumps(file).encode())
        values.keep(Exchange(Request("POST", f"/crates/{crate}/files", (), b""), made))
    read = contract.operation("GET /files/{file}")
    values.keep(Exchange(Request("DELETE", target, (), b""), Response(204, (), b"")))
    untouched = [given["path", "file"] for given, _ in values.untouched(read)]
    assert untouched.count("f1") == left


def test_what_a_thing_says_to_be_in_is_what_its_path_asks_for() -> None:
    text = {"type": "string"}
    owner = {"type": "object", "properties": {"name": text, "login": text}, "required": ["login"]}
    repo = {"type": "object", "required": ["name", "owner"]}
    repo["properties"] = {"name": text, "owner": owner}
    told = {"description": "", "content": {"application/json": {"schema": repo}}}
    sent = {"type": "object", "required": ["name"], "properties": {"name": text}}
    taken = {"required": True, "content": {"application/json": {"schema": sent}}}
    names = [
        {"name": name, "in": "path", "required": True, "schema": text} for name in ("owner", "repo")
    ]
    known = {"200": told, "404": {"description": ""}}
    paths = {
        "/user/repos": {"post": {"requestBody": taken, "responses": {"201": told}}},
        "/repos/{owner}/{repo}": {
            "parameters": names,
            "get": {"responses": known},
            "delete": {"responses": {"204": {"description": ""}, "404": {"description": ""}}},
        },
        "/networks/{owner}/{repo}/events": {"parameters": names, "get": {"responses": known}},
    }
    root = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}
    there: dict[str, Any] = {}
    reached: set[str] = set()

    def repos(asked: Asked) -> Answer:
        parts = asked.target.partition("?")[0].strip("/").split("/")
        status, value = 200, there.get("/".join(parts[1:3]))
        if asked.method == "POST":
            name = f"r{len(reached)}-{len(there)}"
            value = {"name": name, "owner": {"name": "Ada L.", "login": "ada"}}
            status, there[f"ada/{name}"] = 201, value
        elif value is None:
            status = 404
        elif asked.method == "DELETE":
            status = 204
            del there["/".join(parts[1:3])]
        if status < 300:
            reached.add(f"{asked.method} /{parts[0]}")
        body = [json.dumps(value).encode()] if status in (200, 201) else []
        return Answer(status, {"Content-Type": "application/json"} if body else {}, body)

    conducted = conduct(repos, troth.load(json.dumps(root).encode()))
    assert [each for each in conducted.told if " resource." in each or " run." in each] == []
    wanted = {"POST /user", "GET /repos", "DELETE /repos", "GET /networks"}
    assert wanted <= reached
