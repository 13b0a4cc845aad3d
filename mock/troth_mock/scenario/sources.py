"""What scenarios and control fields make of a request, as the control asks for it: plans."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from troth.http.exchange import Request
from troth.openapi.operation import Operation
from troth_mock.faults.fault import Fault
from troth_mock.plan import NOTHING, Plan
from troth_mock.responding import negotiation
from troth_mock.responding.problems import Problem
from troth_mock.scenario.control_fields import (
    NAME_FIELD,
    BadControlField,
    Controls,
    read,
    without_session,
)

if TYPE_CHECKING:  # slow to load, with all of CEL, and most mocks have none
    from troth_mock.scenario.scenarios import Choice, Scenarios


class Asked(Protocol):
    """A request that the control asks about."""

    @property
    def request(self) -> Request:
        """The request itself."""

    @property
    def session(self) -> str:
        """The name of its session."""

    @property
    def operation(self) -> Operation | None:
        """The operation that it means."""


@dataclass(eq=False)
class ScenarioSource:
    """The answers of scenarios; *clock* tells the seconds since 1970."""

    scenarios: Scenarios
    clock: Callable[[], int]

    @property
    def is_idle(self) -> bool:
        """Never: a file may change."""
        return False

    @property
    def active(self) -> list[str]:
        """The names of the scenarios that answer."""
        chosen = self.scenarios.active
        return [one.name for one in self.scenarios.all if chosen is None or one.name in chosen]

    def plan(self, asked: Asked) -> Plan:
        """What the first scenario that matches answers, and which nearly did."""
        self.scenarios.look(self.clock())
        if _prefers(asked.request):
            return NOTHING  # its sender has said what it wants
        choice = self.scenarios.choose(asked.request, session=asked.session)
        return _planned(choice, self.scenarios, asked.session)

    def reset(self, session: str | None) -> None:
        """Begin every sequence anew, in *session* or in all."""
        self.scenarios.reset(session)


@dataclass(eq=False)
class FieldSource:
    """What requests say of their own answers; if not *is_on* only their sessions.

    *faults* reads what they say of faults.
    """

    faults: Callable[[str], tuple[Fault, ...]]
    scenarios: Scenarios | None = None
    is_on: bool = True

    @property
    def is_idle(self) -> bool:
        """Never: whoever asks may say something."""
        return False

    def plan(self, asked: Asked) -> Plan:
        """What the request that is *asked* about says."""
        if not self.is_on:
            return Plan(request=without_session(asked.request))
        try:
            controls = read(asked.request, faults=self.faults)
        except BadControlField as fault:
            problem = Problem(400, str(fault), "bad_control_field", fault.name)
            return Plan(reply=problem.reply(asked.operation))
        labels = {} if controls.seed is None else {"seed": str(controls.seed)}
        plan = Plan(
            request=controls.request,
            seed=controls.seed,
            pace=controls.pace,
            faults=controls.faults,
            labels=labels,
        )
        return plan if controls.scenario is None else plan.before(self._wanted(controls, asked))

    def _wanted(self, controls: Controls, asked: Asked) -> Plan:
        """What the scenario answers that the request names."""
        name = controls.scenario or ""
        if self.scenarios is None:
            sentence = f"there are no scenarios, and so none that is called {name[:200]!r}"
            problem = Problem(400, sentence, "unknown_scenario", NAME_FIELD)
            return Plan(reply=problem.reply(asked.operation))
        session = asked.session
        choice = self.scenarios.choose(controls.request, session=session, wanted=name)
        return _planned(choice, self.scenarios, session)

    def reset(self, session: str | None) -> None:
        """Nothing is kept."""


def _planned(choice: Choice, scenarios: Scenarios, session: str) -> Plan:
    plan = Plan(written=choice.written, reply=choice.reply, pace=choice.pace, near=choice.near)
    if not choice.scenario:
        return plan
    undo = partial(scenarios.uncount, choice.scenario, session=session)
    labels = {"scenario": choice.scenario}
    return replace(plan, faults=choice.faults, labels=labels, undo=(undo,))


def _prefers(request: Request) -> bool:
    """Whether the request says by Prefer which answer it wants."""
    fields = request.values("Prefer")
    if not fields:
        return False
    try:
        asked = negotiation.preferences(fields)
    except negotiation.BadPreference:
        return True  # it is told what is wrong with that
    return asked.code is not None or asked.example is not None
