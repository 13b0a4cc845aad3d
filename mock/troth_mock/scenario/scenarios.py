"""The scenarios of one mock: their files, read anew when they change, their calls, and the choice.

The first scenario that matches a request answers it; those that nearly did are told with the reason
why not.  A file that cannot be read any more leaves in force what it said before.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from troth.document.source import resolved
from troth.errors import Place, TrothError, nearest
from troth.http.exchange import Request
from troth.openapi.contract import Contract
from troth.openapi.operation import Match
from troth_mock.faults.fault import Fault
from troth_mock.pace import Pace
from troth_mock.reply import Reply
from troth_mock.responding.problems import Problem
from troth_mock.responding.responder import meant
from troth_mock.responding.written_answers import WrittenAnswer
from troth_mock.scenario.control_fields import NAME_FIELD
from troth_mock.scenario.holding import Holder
from troth_mock.scenario.reading import BadScenarios, Scenario, read
from troth_mock.scenario.situation import Situation
from troth_mock.scenario.templates import NoValue

_SUFFIXES = (".yaml", ".yml", ".json")
_MOST_FILES = 10_000
#: The calls of so many sessions are counted.
_MOST_SESSIONS = 10_000
_MOST_NEAR = 3


class NoScenarios(TrothError):
    """There is nothing at the path that was given for scenarios; *why* says what is there."""

    path: Path
    why: str

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"


@dataclass(frozen=True, slots=True)
class Near:
    """A scenario that nearly matched, *reason* why it did not, and where that was written."""

    scenario: str
    reason: str
    place: Place | None


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What a request gets, *written* if a *scenario* matched, and those that were *near*.

    A *reply* tells why the scenario that is meant cannot answer.
    """

    scenario: str = ""
    written: WrittenAnswer | None = None
    reply: Reply | None = None
    pace: Pace | None = None
    faults: tuple[Fault, ...] = ()
    near: tuple[Near, ...] = ()


@dataclass(slots=True, eq=False)
class File:
    """A file of scenarios: what it says, or said when it last could be read, and its *error*."""

    path: Path
    scenarios: tuple[Scenario, ...] = ()
    error: BadScenarios | None = None
    others: tuple[Path, ...] = ()
    _stamp: tuple[object, ...] = ()

    def is_stale(self) -> bool:
        """Whether it, or a file that it names, is other than when it was read."""
        return self._stamp != self._now()

    def forget(self) -> None:
        """Let it be read anew, whether or not it has changed."""
        self._stamp = ()

    def _now(self) -> tuple[object, ...]:
        return tuple(map(stamp, (self.path, *self.others)))

    def read(self, folder: Path, holder: Holder, *, known: Mapping[str, Place | None]) -> None:
        """Read it, with what it names in *folder*, and keep what it said before if it is wrong."""
        self._stamp = self._now()
        contract = holder.contract
        try:
            found = read(self.path, folder=folder, contract=contract, holder=holder, known=known)
        except BadScenarios as fault:
            # those of what it said before count as long as that does
            self.error, self.others = fault, tuple(dict.fromkeys((*self.others, *fault.files)))
        else:
            self.scenarios, self.others, self.error = found.scenarios, found.files, None
        self._stamp = self._now()


def stamp(path: Path) -> object:
    """What tells one state of the file at *path* from another."""
    try:
        known = os.stat(path)
    except OSError:
        return None
    return known.st_mtime_ns, known.st_size, known.st_ino


def _files(path: Path) -> list[Path]:
    """The files of scenarios at *path*, in the order in which they count."""
    if not path.is_dir():
        return [path]
    found = (
        each
        for each in sorted(path.rglob("*"))
        if each.suffix.lower() in _SUFFIXES and not each.name.startswith(".") and each.is_file()
    )
    return list(found)[:_MOST_FILES]


@dataclass(eq=False)
class Scenarios:
    """The scenarios of the file or folder at *path*, for the mock of *contract*.

    *problem* says what keeps the document from allowing a request.  *told* hears what is said of
    files that were read anew.
    """

    contract: Contract
    problem: Callable[[Match, Request], Problem | None]
    path: Path
    told: Callable[[str], None] = field(default=lambda sentence: None)
    #: the names of those that answer; None: all
    active: frozenset[str] | None = None
    files: list[File] = field(init=False, default_factory=list)
    _counts: OrderedDict[str, dict[str, int]] = field(init=False, default_factory=OrderedDict)
    _looked: int | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._holder = Holder(self.contract)

    def open(self, *, may_be_none: bool = False) -> None:
        """Read everything for the first time.  Raises NoScenarios, BadScenarios.

        In a folder there may be none yet if so *may_be_none*.
        """
        if not self.path.exists():
            raise NoScenarios(self.path, "there is no such file or folder")
        self.reload()
        errors = [error for one in self.files if one.error for error in one.error.errors]
        if errors:
            raise BadScenarios(tuple(errors))
        if not self.files and not may_be_none:
            raise NoScenarios(self.path, "the folder has no files that end in .yaml, .yml or .json")

    @property
    def all(self) -> Sequence[Scenario]:
        """All scenarios, in the order in which they are asked."""
        return [one for each in self.files for one in each.scenarios]

    def uncount(self, name: str, *, session: str) -> None:
        """Take back the last call of the scenario *name*: its answer was not given."""
        self._counts[session][name] -= 1

    def calls(self, session: str) -> Mapping[str, int]:
        """How often each scenario has answered in *session*."""
        return self._counts.get(session, {})

    def reset(self, session: str | None = None) -> None:
        """Begin every sequence anew, in *session* or in all."""
        if session is None:
            self._counts.clear()
        else:
            self._counts.pop(session, None)

    def look(self, now: int) -> bool:
        """Read what has changed, if nobody has looked in the second *now*; whether something had.

        What was wrong with a file, or is no more, is told.
        """
        if now == self._looked:
            return False
        is_first, self._looked = self._looked is None, now
        return not is_first and self.reload()

    def reload(self) -> bool:
        """Read every file that is new or has changed; whether there was one."""
        known = {each.path: each for each in self.files}
        paths = _files(self.path)
        files = [known.get(path) or File(path) for path in paths]
        stale = [each for each in files if each.is_stale()]
        if not stale and files == self.files:
            return False
        first = not self.files
        folder = self.path if self.path.is_dir() else self.path.parent
        self.files = files
        for each in stale:
            others = (one for other in files if other is not each for one in other.scenarios)
            names = {one.name: one.place for one in others}
            each.read(folder, self._holder, known=names)
        named = {resolved(other) for each in files for other in each.others}
        for each in stale:
            if each.error is not None and resolved(each.path) in named:
                each.error = None  # it is what an answer sends, and has no scenarios
            elif each.error is not None and not first:
                self.told(f"{each.error}\nWhat {each.path} said before stays in force.")
            elif not first:
                many = f"{len(each.scenarios)} scenario{'s' * (len(each.scenarios) != 1)}"
                self.told(f"{each.path} was read anew: {many}")
        return True

    def use(self, contract: Contract) -> None:
        """Hold the scenarios to *contract* from now on: what stands in the files is read anew."""
        self.contract, self._holder = contract, Holder(contract)
        for each in self.files:
            each.forget()
        self.reload()

    def choose(self, request: Request, *, session: str, wanted: str | None = None) -> Choice:
        """What answers *request* in *session*.

        *wanted* is the name of the scenario that is to answer, whatever it asks of requests.
        """
        match = meant(self.contract, request)
        if match is None:
            return Choice()
        situation = Situation(match, request, session)
        if wanted is not None:
            return self._wanted(wanted, situation)
        near: list[tuple[int, Near]] = []
        for scenario in self.all:
            if scenario.operations and match.operation.name not in scenario.operations:
                continue
            if self.active is not None and scenario.name not in self.active:
                continue
            missed = self._missed(scenario, situation)
            if not missed:
                return replace(self._answer(scenario, situation), near=_nearest(near))
            if len(missed) == 1:
                near.append((len(scenario.checks), missed[0]))
        return Choice(near=_nearest(near))

    def _wanted(self, name: str, situation: Situation) -> Choice:
        """The answer of the scenario that a request names."""
        every = {one.name: one for one in self.all}
        scenario = every.get(name)
        operation = situation.match.operation
        if scenario is not None and operation.name in (scenario.operations or (operation.name,)):
            return self._answer(scenario, situation)
        if scenario is not None:
            names = ", ".join(scenario.operations)
            sentence = f"the scenario {name!r} answers {names}, not {operation.name}"
        else:
            close = nearest(name, every)
            known = ", ".join(list(every)[:20]) or "none"
            advice = f"did you mean {close!r}?" if close else f"there are: {known}"
            sentence = f"no scenario is called {name[:200]!r}; {advice}"
        return Choice(reply=Problem(400, sentence, "unknown_scenario", NAME_FIELD).reply(operation))

    def _missed(self, scenario: Scenario, situation: Situation) -> list[Near]:
        """The reasons, two at most, why *scenario* does not match."""
        missed: list[Near] = []
        for check in scenario.checks:
            reason = check.holds_not(situation)
            if reason is not None:
                missed.append(Near(scenario.name, reason, check.place))
                if len(missed) > 1:
                    return missed
        count = self.calls(situation.session).get(scenario.name, 0)
        if scenario.answer(count) is None:
            many = len(scenario.answers)
            reason = f"it has given its {many} answers" if many > 1 else "it has given its answer"
            missed.append(Near(scenario.name, reason, scenario.place))
        if not missed and scenario.valid != "any":
            missed += self._unfit(scenario, situation)
        return missed

    def _unfit(self, scenario: Scenario, situation: Situation) -> Iterable[Near]:
        """Why *scenario* does not mean the request, by what the document says of that."""
        problem = self.problem(situation.match, situation.request)
        if scenario.valid == "valid" and problem is not None:
            reason = f"the request is refused with {problem.status}: {problem.message}"
            yield Near(scenario.name, reason, scenario.place)
        elif scenario.valid == "refused" and problem is None:
            yield Near(scenario.name, "the document allows the request", scenario.place)

    def _answer(self, scenario: Scenario, situation: Situation) -> Choice:
        """What *scenario* answers, which is one call more."""
        counts = self._counts.setdefault(situation.session, {})
        self._counts.move_to_end(situation.session)
        while len(self._counts) > _MOST_SESSIONS:
            self._counts.popitem(last=False)
        count = counts[scenario.name] = counts.get(scenario.name, 0) + 1
        answer = scenario.answer(count - 1) or scenario.answers[-1]
        facts = {**situation.facts, "count": count}
        try:
            written = answer.written(facts, is_for_refused=scenario.valid != "valid")
        except NoValue as fault:
            return _failed(scenario, str(fault), situation.match)
        if answer.is_held:
            for wrong in self._holder.faults(situation.match.operation, written):
                where = f"{answer.place or ''} (at {answer.pointer}{wrong.at})"
                told = f"the document does not allow what templates make of {where}"
                return _failed(scenario, f"{told}: {wrong.sentence}", situation.match)
        named = (*written.fields, (NAME_FIELD, scenario.name))
        written = replace(written, fields=named)
        return Choice(scenario.name, written, None, answer.pace, answer.faults)


def _nearest(near: Sequence[tuple[int, Near]]) -> tuple[Near, ...]:
    """Those of *near* that matched in most respects."""
    ranked = sorted(near, key=lambda each: -each[0])
    return tuple(each for _, each in ranked[:_MOST_NEAR])


def _failed(scenario: Scenario, fault: str, match: Match) -> Choice:
    sentence = f"the scenario {scenario.name!r} cannot answer: {fault}"
    reply = Problem(500, sentence, "scenario_failed").reply(match.operation)
    return Choice(scenario.name, reply=reply)
