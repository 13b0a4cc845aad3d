"""Lists whose parameters do nothing are told, and no list that is right is accused."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

import troth
from servers import archive
from servers.chat import TOKEN
from servers.conduct import CAPS, conduct
from servers.ledger import FAULTS, LEGAL, Ledger, Paging, Way, spec
from servers.marina import Marina
from servers.marina_document import Manner, document
from servers.wire import Answer, Asked, Server
from troth.conformance.session import Session
from troth.conformance.settings import Settings
from troth.conformance.stateful import filters, lists, orders
from troth.conformance.stateful.paging import target_of
from troth.conformance.stateful.trial import Told, Trial
from troth.conformance.transport import Transport
from troth.openapi.contract import Contract
from troth.openapi.resource import Listing
from troth.openapi.resources import resources

CODES = Path(troth.__file__).with_name("conformance") / "codes.yaml"


def loaded(way: Way) -> Contract:
    return troth.load(json.dumps(spec(way)).encode(), overlays=[])


def told(ledger: Ledger) -> list[Told]:
    """What the checks of lists tell of *ledger*."""
    with Server(ledger) as server:
        return asyncio.run(_tried(Settings(url=server.url, caps=CAPS), loaded(ledger.way)))


async def _tried(settings: Settings, contract: Contract, path: str = "/entries") -> list[Told]:
    return (await _trial(settings, contract, path)).told


async def _trial(settings: Settings, contract: Contract, path: str) -> Trial:
    known = resources(contract)
    async with Transport(settings.url, caps=CAPS, clock=time.monotonic) as transport:
        session = Session(contract, transport, settings, emit=lambda _: None, clock=time.monotonic)
        resource = next(each for each in known.all if path in (each.path, each.collection))
        trial = Trial(session, known, resource)
        for check in (*lists.CHECKS, *filters.CHECKS, *orders.CHECKS):
            if all(map(trial.can, check.needs)):
                await check.run(trial)
    return trial


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_list_does_wrong_is_told(fault: str) -> None:
    code, way = FAULTS[fault]
    found = told(Ledger(way, fault))
    assert {(one.violation.code, one.violation.severity) for one in found} == {(code, "warning")}


@pytest.mark.parametrize("manner", LEGAL)
@pytest.mark.parametrize("paging", [None, "offset", "page", "cursor", "link"])
def test_a_list_that_is_right_is_accused_of_nothing(manner: str, paging: Paging | None) -> None:
    way = LEGAL[manner]
    if paging is not None:
        way = Way(paging, first_page=way.first_page, total=way.total, sort=way.sort)
    ledger = Ledger(way, manner)
    assert [one.violation.message for one in told(ledger)] == []
    assert ledger.requests <= 40


def test_a_run_tells_what_a_list_does_wrong_with_its_steps() -> None:
    code, way = FAULTS["overlaps"]
    found = conduct(Ledger(way, "overlaps"), loaded(way), until=(code,))
    (finding,) = [one for one in found.findings if one.code == code]
    assert (finding.severity, finding.again) == ("warning", 1)
    assert finding.steps


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("/task/lists?page=2", "/lists?page=2"),
        ("https://api.example.com/task/lists?page=2", "/lists?page=2"),
        ("?page=2", "/lists?page=2"),
        ("/lists?page=2", "/lists?page=2"),
        ("/tasks?page=2", "/tasks?page=2"),
    ],
)
def test_a_link_is_followed_below_the_url_that_is_under_test(link: str, target: str) -> None:
    assert target_of(link, "/lists?page=1", base="/task") == target


def test_every_code_of_lists_has_a_faulty_server() -> None:
    known = yaml.safe_load(CODES.read_bytes())["codes"]["Lists"]
    faults = [*FAULTS.values(), *archive.FAULTS.values()]
    assert {code for code, _ in faults if code.startswith("list.")} == set(known)


def test_items_that_nothing_names_are_made_a_few_times_only() -> None:
    contract = troth.load(json.dumps(document(Manner())).encode(), overlays=[])
    with Server(Marina(Manner())) as server:
        settings = Settings(url=server.url, token=TOKEN, caps=CAPS)
        trial = asyncio.run(_trial(settings, contract, "/boats/{boat_id}/papers"))
    assert len(trial.answers) < 20


@pytest.mark.parametrize(("name", "told"), [("page-token", 0), ("region", 1)])
def test_a_token_of_a_page_that_no_answer_gave_may_be_refused(name: str, told: int) -> None:
    """What goes on at a path of its own is no list, and its token is a place all the same."""
    asked = {"name": name, "in": "query", "required": True, "schema": {"type": "string"}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Events", "version": "1"},
        "paths": {
            "/events/next": {
                "get": {"parameters": [asked], "responses": {"200": {"description": "more"}}}
            }
        },
    }
    contract = troth.load(json.dumps(document).encode(), overlays=[])
    run = conduct(lambda _: Answer(400), contract, phases=("examples",))
    refused = [one for one in run.findings if one.code == "request.valid-refused"]
    assert len(refused) == told, run.told


def test_where_all_items_are_alike_one_is_made_that_a_filter_tells_apart() -> None:
    state = {"type": "string", "enum": ["open", "closed"], "examples": ["open"]}
    ticket = {
        "type": "object",
        "required": ["state"],
        "properties": {"id": {"type": "integer", "readOnly": True}, "state": state},
    }
    content = {"content": {"application/json": {"schema": ticket}}}
    several = {"application/json": {"schema": {"type": "array", "items": ticket}}}
    get = {
        "parameters": [{"name": "state", "in": "query", "schema": state}],
        "responses": {"200": {"description": "some", "content": several}},
    }
    answers = {"201": {"description": "made", **content}}
    one = {"200": {"description": "it", **content}, "404": {"description": "none"}}
    at = [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}]
    paths = {
        "/tickets": {"get": get, "post": {"requestBody": content, "responses": answers}},
        "/tickets/{id}": {"get": {"parameters": at, "responses": one}},
    }
    root = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}
    contract = troth.load(json.dumps(root).encode(), overlays=[])

    def told_of(*, is_filtered: bool) -> set[str]:
        kept: list[dict[str, object]] = []

        def tickets(asked: Asked) -> Answer:
            path, _, query = asked.target.partition("?")
            if asked.method == "POST":
                # a draw may have either: here all are alike, unless it is asked for by name
                wanted = json.loads(asked.body)["state"]
                kept.append({"id": len(kept) + 1, "state": wanted if len(kept) > 3 else "open"})
                return _json(201, kept[-1])
            if path != "/tickets":
                found = [each for each in kept if path == f"/tickets/{each['id']}"]
                return _json(200, found[0]) if found else Answer(404)
            state = query.removeprefix("state=") if is_filtered else ""
            return _json(200, [each for each in kept if state in ("", each["state"])])

        with Server(tickets) as server:
            settings = Settings(url=server.url, caps=CAPS, allow_destructive=True)
            told = asyncio.run(_tried(settings, contract, "/tickets"))
        return {one.violation.code for one in told}

    assert told_of(is_filtered=False) == {"list.filter-ignored"}
    assert told_of(is_filtered=True) == set()


def _json(status: int, value: object) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, [json.dumps(value).encode()])


def test_an_order_by_a_member_that_some_items_have_not_is_tried_by_those_that_have_it() -> None:
    wanted = {"type": "string", "enum": ["pages", "-pages", "rare"]}
    sort = {"name": "sort", "in": "query", "schema": wanted}
    root = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {
            "/books": {"get": {"parameters": [sort], "responses": {"200": {"description": ""}}}}
        },
    }
    (operation,) = troth.load(json.dumps(root).encode()).operations
    items = ({"pages": 1}, {}, {"pages": 2, "rare": 1})
    whole: Any = SimpleNamespace(last=SimpleNamespace(operation=operation), items=items)
    ways = list(orders._ways(whole, Listing(sort="sort")))
    assert ways == [("/pages", [{"sort": "pages"}, {"sort": "-pages"}])]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # numbers, in texts too, are no texts
        (["5.00", "10.00", 9], ["5.00", 9, "10.00"]),
        # a fraction that ends with zeros is written without them
        (
            ["2026-01-01T00:00:05.123Z", "2026-01-01T01:00:05.12+01:00"],
            ["2026-01-01T01:00:05.12+01:00", "2026-01-01T00:00:05.123Z"],
        ),
        (["2026-02-01", "2026-01-31"], ["2026-01-31", "2026-02-01"]),
        (["red", True, None, {}, float("nan")], []),
    ],
)
def test_what_a_bound_is_held_to_has_a_size(values: list[Any], expected: list[Any]) -> None:
    sizes = filters._sizes(values)
    assert [value for _, _, value in sorted(sizes, key=lambda one: one[1])] == expected
    assert len({kind for kind, _, _ in sizes}) <= 1
    # by less than a second no moment is beyond another
    is_beyond = [filters._is_beyond(own, sizes[-1][1], 1) for _, own, _ in sizes[:1]]
    assert is_beyond in ([], [values[0] == "5.00"])


def test_a_feed_that_has_no_more_may_say_where_to_go_on() -> None:
    told: list[str] = []
    case = SimpleNamespace(request=SimpleNamespace(target="/events?cursor=abc"))
    last = SimpleNamespace(case=case, response=SimpleNamespace(values=lambda name: ()), line="GET")
    trial: Any = SimpleNamespace(tell=lambda code, *_, **__: told.append(code), session=None)
    listing = Listing(cursor="cursor", next="/next", more="/has_more")
    for has_more in (True, False):
        last.body = {"next": "abc", "has_more": has_more}
        lists._is_endless(trial, SimpleNamespace(last=last), [], listing)  # type: ignore[arg-type]  # a walk of one answer
    assert told == ["list.next-dead"]
