"""What decides, for each request, whether it gets more than what the document says: the seam.

A `Control` asks its sources in turn: the request's own control fields, the answers that were
ordered, the scenarios, the faults that are switched on.  What an earlier one says a later one does
not take back.  A control that is idle costs nothing: the server does not ask it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from troth.http.exchange import Request
from troth.openapi.contract import Contract
from troth.openapi.operation import Match, Operation
from troth_mock.chat.completion import Message
from troth_mock.faults.refusals import reply_of
from troth_mock.faults.switches import Switches
from troth_mock.faults.wire import before
from troth_mock.pace import Pace
from troth_mock.plan import NOTHING, Plan
from troth_mock.reply import CONTROL_PREFIX, Passed, Reply
from troth_mock.responding import negotiation
from troth_mock.responding.kept import SESSION_PATH, session_of
from troth_mock.responding.problems import Problem
from troth_mock.responding.responder import meant
from troth_mock.responding.written_answers import ABSENT, WrittenAnswer
from troth_mock.scenario.sources import FieldSource, ScenarioSource

_BEGINS = "\n" + CONTROL_PREFIX
#: So many orders wait at most, and so many bytes of all of them.
_MOST_ORDERS = 1000
_MOST_BYTES_ORDERED = 32 << 20


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that a source is asked about: its *session*, and the *operation* that it means."""

    request: Request
    session: str
    operation: Operation | None


class Source(Protocol):
    """What has a say in how requests are answered."""

    @property
    def is_idle(self) -> bool:
        """Whether it has nothing to say, whatever is asked."""
        ...

    def plan(self, asked: Asked) -> Plan:
        """What it wants; `plan.NOTHING` if nothing."""
        ...

    def reset(self, session: str | None) -> None:
        """Be as at the start, for *session* or for all."""
        ...


class Control:
    """The sources of one mock, the *pace* that is set, and who hears of changes.

    *fields* reads the control fields and the session prefix of each request that
    `is_asked_by_request` names; *scenarios* and *faults* are asked about every request.  *forward*
    gives the answer of another server (*recorded* is its URL) to what nobody answered.
    Everything here happens on the loop of the server: `when_changed` are called there after every
    change, `when_read` before that with a contract that was read anew.
    """

    def __init__(
        self, contract: Contract, *, pace: Pace | None = None, faults: Switches | None = None
    ) -> None:
        self.contract = contract
        self.pace = pace or Pace()
        self.orders = Orders()
        self.fields: FieldSource | None = None
        self.recorded: str | None = None
        self.scenarios: ScenarioSource | None = None
        self.faults = faults or Switches(contract)
        self.forward: Callable[[Request], Awaitable[Reply | Passed]] | None = None
        self.when_changed: list[Callable[[], None]] = []
        self.when_read: list[Callable[[Contract], None]] = []

    @property
    def is_idle(self) -> bool:
        """Whether no request gets anything but what the document says, unless it asks itself."""
        sources = (self.orders, self.scenarios, self.faults)
        return (
            all(source is None or source.is_idle for source in sources)
            and self.forward is None
            and not self.pace.is_set
        )

    def is_asked_by_request(self, target: str, names: Iterable[str]) -> bool:
        """Whether a request to *target* with fields of these *names* may say what it gets."""
        # one text of all names: every request is asked about
        return self.fields is not None and (
            SESSION_PATH in target or _BEGINS in "\n".join(("", *names)).lower()
        )

    def follow(
        self,
        path: Path | None,
        *,
        problem: Callable[[Match, Request], Problem | None],
        clock: Callable[[], int],
        told: Callable[[str], None],
        fields: bool = True,
        may_be_none: bool = False,
    ) -> None:
        """Let the scenarios at *path* answer, and with *fields* requests say what they get.

        *problem* says what keeps the document from allowing a request, *clock* tells the seconds
        since 1970, *told* hears of files that were read anew.  In a folder there may be none yet
        if so *may_be_none*.  Raises NoScenarios, BadScenarios.
        """
        scenarios = None
        if path is not None:
            from troth_mock.scenario.scenarios import Scenarios  # slow to load, with all of CEL

            def changed(sentence: str) -> None:
                told(sentence)
                self.changed()

            scenarios = Scenarios(self.contract, problem, path, changed)
            scenarios.open(may_be_none=may_be_none)
            self.scenarios = ScenarioSource(scenarios, clock)
            self.when_read.append(scenarios.use)
        self.fields = FieldSource(self.faults.read_one, scenarios, is_on=fields)
        self.changed()

    def put_faults(self, texts: Sequence[str], *, session: str | None = None) -> None:
        """Let go wrong what *texts* say, and nothing else.  Raises BadFault."""
        self.faults.put(texts, session=session)
        self.changed()

    def changed(self) -> None:
        """Tell everybody that something is other than before."""
        for listener in self.when_changed:
            listener()

    def use(self, contract: Contract) -> None:
        """Speak of *contract* from now on."""
        self.contract = contract
        self.faults.use(contract)
        for listener in self.when_read:
            listener(contract)
        self.changed()

    def plan(self, request: Request) -> Plan:
        """What *request* gets beyond what the document says."""
        plan = NOTHING
        names = (name for name, _ in request.fields)
        if self.fields is not None and self.is_asked_by_request(request.target, names):
            plan = self.fields.plan(self._asked(request))
            if plan.reply is not None and not plan.faults:
                return plan  # what it asks for cannot be
            request = plan.request or request
        elif self.is_idle:
            return plan
        asked = self._asked(request)
        was_idle, is_failing = self.orders.is_idle, bool(plan.faults)
        for source in (self.orders, self.scenarios):
            # where the answer is known nobody else is asked, and no call is counted
            if source is not None and not source.is_idle and not plan.has_answer:
                plan = plan.before(source.plan(asked))
        plan = self._with_faults(plan, asked, is_own=bool(plan.faults) and not is_failing)
        if self.orders.is_idle and not was_idle:
            self.changed()
        return plan

    def _with_faults(self, plan: Plan, asked: Asked, *, is_own: bool) -> Plan:
        """*plan* with what goes wrong before the answer, and what may go wrong with it.

        If what goes wrong *is_own*, the answer that was asked for is to fail; else it is not given.
        """
        if not plan.faults and self.faults.is_idle:
            return plan
        chances = self.faults.chances(
            asked.operation, session=asked.session, faults=plan.faults, seed=plan.seed
        )
        first = before(chances)
        if first is not None:
            accept = ", ".join(asked.request.values("accept")) or None
            reply = reply_of(first, asked.operation, accept=accept)
            plan = replace(plan if is_own else plan.undone(), reply=reply, written=None)
        return replace(plan, chances=chances)

    def reset(self, session: str | None) -> None:
        """Let every source be as at the start, for *session* or for all."""
        for source in (self.orders, self.scenarios, self.faults):
            if source is not None:
                source.reset(session)
        self.changed()

    def _asked(self, request: Request) -> Asked:
        match = meant(self.contract, request)
        return Asked(request, session_of(request), None if match is None else match.operation)


@dataclass(slots=True)
class Order:
    """An answer that was ordered for the next request of *session*, or of any (None).

    *wanted* is what was ordered, as it was said; *left* is how often it is still to be given, and
    *size* how much it takes.
    """

    wanted: Mapping[str, Any]
    session: str | None = None
    left: int = 1
    extra: Plan = field(default=NOTHING)
    size: int = 0

    def fits(self, asked: Asked) -> bool:
        """Whether it is for the request that is *asked* about."""
        name = self.wanted.get("operation")
        operation = asked.operation
        is_meant = name is None or (
            operation is not None and name in (operation.name, operation.operation_id)
        )
        return is_meant and self.session in (None, asked.session)

    def plan(self, asked: Asked) -> Plan:
        """What the request gets by it."""
        wanted = self.wanted
        fields = [(each["name"], each["value"]) for each in wanted.get("fields", ())]
        answer = None
        if wanted.keys() & {"status", "fields", "body", "text"}:
            text, message, data = wanted.get("text"), None, None
            if text is not None and _is_said(asked.operation, wanted.get("status")):
                message = Message(text)
            elif text is not None:
                data = text.encode("utf-8", "replace")
                fields.append(("Content-Type", "text/plain; charset=utf-8"))
            answer = WrittenAnswer(
                status=wanted.get("status"),
                fields=tuple(fields),
                message=message,
                body=wanted.get("body", ABSENT),
                data=data,
            )
        return Plan(answer, labels={"next": "as ordered"}).before(self.extra)


def _is_said(operation: Operation | None, status: int | None) -> bool:
    """Whether a text of *status* is what a model says: of *operation* its success, and no error."""
    if operation is None or operation.completion is None:
        return False
    return status in (None, negotiation.success(operation)[0])


class Orders:
    """The answers that were ordered, the next one first."""

    def __init__(self) -> None:
        self._orders: list[Order] = []

    @property
    def is_idle(self) -> bool:
        """Whether none waits."""
        return not self._orders

    def of(self, session: str | None) -> list[Order]:
        """Those for *session*, or all."""
        return [one for one in self._orders if session is None or one.session in (None, session)]

    def add(self, order: Order) -> None:
        """Let *order* be given after those that wait; the oldest goes if there are too many."""
        orders = [*self._orders, order][-_MOST_ORDERS:]
        size = sum(one.size for one in orders)
        while size > _MOST_BYTES_ORDERED and len(orders) > 1:
            size -= orders.pop(0).size
        self._orders = orders

    def plan(self, asked: Asked) -> Plan:
        """What the first order for the request says: it is given once more."""
        order = next((one for one in self._orders if one.fits(asked)), None)
        if order is None:
            return NOTHING
        place = self._orders.index(order)
        order.left -= 1
        if order.left <= 0:
            del self._orders[place]

        def undo() -> None:
            if order.left <= 0:
                self._orders.insert(place, order)
            order.left += 1

        return replace(order.plan(asked), undo=(undo,))

    def reset(self, session: str | None) -> None:
        """Forget those of *session*, or all."""
        self._orders = [one for one in self._orders if session not in (None, one.session)]
