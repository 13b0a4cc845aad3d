"""What is asked about each request, in which order, and that a control that is idle is not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import troth
from troth.http.exchange import Request
from troth_mock.control import Asked, Control, Order
from troth_mock.faults.grammar import parse_all
from troth_mock.pace import Pace
from troth_mock.plan import NOTHING, Plan
from troth_mock.reply import Reply

PING = """
openapi: 3.1.0
info: {title: Pings, version: '1'}
paths:
  /ping:
    get: {operationId: ping, responses: {'200': {description: pong}}}
  /pong:
    get: {operationId: pong, responses: {'200': {description: ping}}}
"""
CONTRACT = troth.load(PING.encode(), name="pings.yaml")


def request(target: str = "/ping", **fields: str) -> Request:
    named = tuple((name.replace("_", "-"), value) for name, value in fields.items())
    return Request("GET", target, named, b"")


@dataclass
class Told:
    """A source that says what a test wants."""

    says: Plan
    is_idle: bool = False
    asked: list[Asked] = field(default_factory=list)

    def plan(self, asked: Asked) -> Plan:
        self.asked.append(asked)
        return self.says

    def reset(self, session: str | None) -> None:
        self.asked.clear()


FAILS = Plan(faults=parse_all("500"))


def test_a_control_that_is_idle_plans_nothing() -> None:
    control = Control(CONTRACT)
    assert control.is_idle
    assert control.plan(request()) is NOTHING
    assert not Control(CONTRACT, pace=Pace(1.0)).is_idle


def test_what_is_said_first_holds_and_what_it_leaves_open_is_said_by_others() -> None:
    control = Control(CONTRACT)
    control.fields = Told(Plan(seed=1, labels={"seed": "1"}))
    control.scenarios = Told(Plan(seed=2, pace=Pace(2.0), labels={"scenario": "b"}))
    labels = {"seed": "1", "scenario": "b"}
    planned = control.plan(request(X_Troth_Seed="1"))
    assert planned == Plan(seed=1, pace=Pace(2.0), labels=labels)


def test_what_goes_wrong_before_the_answer_takes_its_place() -> None:
    control = Control(CONTRACT)
    control.scenarios = Told(Plan(reply=Reply(200, (), b"said")))
    control.put_faults(["503 on ping once", "drop after 9 events on pong"])
    first, second = control.plan(request()), control.plan(request())
    assert first.reply is not None
    assert (first.reply.status, len(first.chances)) == (503, 1)
    assert (second.reply, second.chances) == (Reply(200, (), b"said"), ())
    assert len(control.plan(request("/pong")).chances) == 1
    control.reset(None)
    assert control.faults.is_idle


def test_an_answer_that_is_refused_first_is_still_to_be_given() -> None:
    undone: list[str] = []
    control = Control(CONTRACT)
    control.scenarios = Told(
        Plan(seed=2, labels={"scenario": "a"}, undo=(lambda: undone.append("a"),))
    )
    control.put_faults(["503 once"])
    control.orders.add(Order({"operation": "ping", "text": "one"}))
    control.orders.add(Order({"operation": "ping", "text": "two"}, extra=FAILS))
    plans = [control.plan(request()) for _ in range(3)]
    assert [plan.labels for plan in plans] == [{}, {"next": "as ordered"}, {"next": "as ordered"}]
    # what is to fail itself has been given when it has failed
    assert [plan.reply and plan.reply.status for plan in plans] == [503, None, 500]
    assert control.orders.is_idle
    control.put_faults(["503 once"])
    assert [control.plan(request()).labels for _ in range(2)] == [{}, {"scenario": "a"}]
    assert undone == ["a"]


def test_what_goes_wrong_with_get_goes_wrong_with_head() -> None:
    control = Control(CONTRACT)
    control.put_faults(["503 on GET /ping"])
    planned = [control.plan(replace(request(at), method="HEAD")) for at in ("/ping", "/pong")]
    assert [one.reply is not None and one.reply.status for one in planned] == [503, False]


def test_a_request_says_itself_what_it_gets_only_by_fields_of_its_own() -> None:
    control = Control(CONTRACT)
    control.fields = Told(Plan(seed=3, request=request("/pong", Troth_Session="s")))
    assert control.plan(request()) is NOTHING
    assert control.plan(request(X_Troth_Seed="3")).seed == 3
    control.scenarios = later = Told(NOTHING)
    control.plan(request("/_troth/session/s/pong"))
    assert [(one.session, one.operation and one.operation.operation_id) for one in later.asked] == [
        ("s", "pong")
    ]


def test_an_order_is_given_as_often_as_was_said_to_whom_it_is_for() -> None:
    control, heard = Control(CONTRACT), []
    control.when_changed.append(lambda: heard.append(control.is_idle))
    control.orders.add(Order({"operation": "pong", "status": 503}, "s", 2))
    control.changed()
    assert control.plan(request("/ping", Troth_Session="s")) == NOTHING
    assert control.plan(request("/pong", Troth_Session="other")) == NOTHING
    plans = [control.plan(request("/pong", Troth_Session="s")) for _ in range(3)]
    assert [plan.written and plan.written.status for plan in plans] == [503, 503, None]
    assert heard == [False, True]


def test_a_text_that_is_ordered_of_an_error_is_its_body_and_no_completion() -> None:
    control, chat = Control(troth.load()), "/v1/chat/completions"
    for status in (503, 200):
        control.orders.add(Order({"text": "busy", "status": status}))
    plans = [control.plan(Request("POST", chat, (), b"")) for _ in range(2)]
    told = [plan.written for plan in plans]
    assert [one and (one.data, one.message and one.message.text) for one in told] == [
        (b"busy", None),
        (None, "busy"),
    ]


def test_where_the_answer_is_ordered_no_scenario_is_asked() -> None:
    control = Control(CONTRACT)
    control.scenarios = scenario = Told(Plan(labels={"scenario": "a"}))
    control.orders.add(Order({"status": 503}))
    control.orders.add(Order({}, extra=Plan(pace=Pace(1.0))))
    labels = [control.plan(request()).labels for _ in range(3)]
    assert labels == [
        {"next": "as ordered"},
        {"next": "as ordered", "scenario": "a"},
        {"scenario": "a"},
    ]
    assert len(scenario.asked) == 2


def test_a_reset_forgets_the_orders_of_its_session() -> None:
    control = Control(CONTRACT)
    for session in ("a", "b", None):
        control.orders.add(Order({"status": 503}, session))
    control.reset("a")
    assert [one.session for one in control.orders.of(None)] == ["b", None]
    control.reset(None)
    assert control.is_idle
