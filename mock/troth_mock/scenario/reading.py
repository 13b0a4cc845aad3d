"""From a scenario file to `Scenario`s, or to everything that is wrong with it, each with its place.

What a file may hold is `form`'s to say, and what the document says of an answer `holding`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from mimetypes import MimeTypes
from pathlib import Path
from typing import Any, Literal

from troth import pointer as pointers
from troth.document.source import Limits, Positions
from troth.document.text_reader import read_file, read_text
from troth.errors import Place, SpecError, TrothError, nearest
from troth.http import json_text
from troth.laws.condition import Scope
from troth.laws.declared_members import shapes_of
from troth.openapi.contract import Contract, NoSuchOperation
from troth.openapi.operation import Operation
from troth.schema.untrusted_schema import embedded
from troth_mock.chat.completion import Message
from troth_mock.faults.fault import Fault
from troth_mock.faults.grammar import BadFault
from troth_mock.faults.switches import Switches
from troth_mock.pace import Pace, UnknownPace
from troth_mock.pace import read as read_pace
from troth_mock.reply import why_unsaid
from troth_mock.responding.written_answers import ABSENT, WrittenAnswer
from troth_mock.scenario.conditions import PlacedCheck, checks, operations, parts_of
from troth_mock.scenario.form import COMPLETION, CONTENTS, schema
from troth_mock.scenario.holding import Holder
from troth_mock.scenario.templates import compiled, filled, places

LIMITS = Limits(bytes=16 << 20, depth=100)
_MOST_TOLD = 20
_TYPES = MimeTypes(filenames=())  # Python's own table: the machine's may differ


class BadScenarios(TrothError):
    """A file of scenarios cannot be used: *errors* are all that is wrong, in its order.

    *files* are those that it names, there or not.
    """

    errors: tuple[SpecError, ...]
    files: tuple[Path, ...] = ()

    def __str__(self) -> str:
        lines = [str(error) for error in self.errors[:_MOST_TOLD]]
        more = len(self.errors) - _MOST_TOLD
        return "\n".join([*lines, f"and {more} more"] if more > 0 else lines)


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """One answer of a scenario, as written: *parts* by name, templates compiled.

    *is_held*: it is held to the document again once its templates are filled.
    """

    parts: Mapping[str, Any]
    pointer: str
    place: Place | None
    pace: Pace | None = None
    faults: tuple[Fault, ...] = ()
    is_held: bool = False

    def written(self, facts: Mapping[str, Any], *, is_for_refused: bool = False) -> WrittenAnswer:
        """What it says to a request of which *facts* are.  Raises NoValue."""
        return _written(filled(dict(self.parts), facts), is_for_refused=is_for_refused)


After = Literal["last", "again", "pass"]
Valid = Literal["valid", "refused", "any"]


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """What requests are meant, and what they are answered.

    *operations* are the names of those that may be meant, none: all.  *valid* says which requests
    are, by what the document says of them.
    """

    name: str
    place: Place | None
    operations: tuple[str, ...]
    checks: tuple[PlacedCheck, ...]
    valid: Valid
    answers: tuple[Answer, ...]
    after: After = "last"

    def answer(self, count: int) -> Answer | None:
        """The answer to the request number *count* (from 0) that it matches; None: no more."""
        if count < len(self.answers):
            return self.answers[count]
        if self.after == "pass":
            return None
        return self.answers[-1 if self.after == "last" else count % len(self.answers)]


@dataclass(slots=True)
class Read:
    """What a file said: its *scenarios*, and the *files* that were read for it."""

    scenarios: tuple[Scenario, ...]
    files: tuple[Path, ...]


def read(
    path: Path,
    *,
    folder: Path,
    contract: Contract,
    holder: Holder,
    known: Mapping[str, Place | None],
) -> Read:
    """Read the file at *path*; *known* are the names that other files gave.

    What it names is in *folder*.  Raises BadScenarios.
    """
    positions = Positions()
    try:
        data = read_file(str(path), limits=LIMITS, is_regular=True)
        root = read_text(data, positions, file=str(path), limits=LIMITS)
    except SpecError as fault:
        raise BadScenarios((fault,)) from None
    reader = _Reader(path, folder, root, positions, contract, holder, dict(known))
    scenarios = tuple(reader.scenarios())
    if reader.errors:
        raise BadScenarios(tuple(sorted(reader.errors, key=_order)), tuple(reader.files))
    return Read(scenarios, tuple(reader.files))


def _order(error: SpecError) -> tuple[int, int]:
    return (error.place.line, error.place.column) if error.place else (0, 0)


@dataclass
class _Reader:
    """The reading of one file."""

    path: Path
    folder: Path
    root: Any
    positions: Positions
    contract: Contract
    holder: Holder
    names: dict[str, Place | None]
    errors: list[SpecError] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    def scenarios(self) -> Iterator[Scenario]:
        """The scenarios; where something is wrong with one of them, all of that is noted."""
        self.errors += self.misfits()
        misfits = [error.pointer for error in self.errors]
        for index, raw in enumerate(_without(self.root, misfits).get("scenarios", ())):
            if isinstance(raw, dict):  # else that was told
                at = pointers.join("", "scenarios", index)
                yield self.scenario(raw, at, self.name(raw, at, index))

    def misfits(self) -> Iterator[SpecError]:
        """What in the file is not of the form that it has."""
        if not isinstance(self.root, dict):
            fault = "a file of scenarios begins with `scenarios:`, and has a list of them below it"
            yield self.error(fault, "")
            return
        for mismatch in embedded(schema()).errors(self.root):
            at = mismatch.instance_pointer
            if mismatch.keyword == "additionalProperties":
                holder = pointers.find(schema(), mismatch.schema_pointer.rpartition("/")[0]) or {}
                known = holder.get("properties", {})
                instance = pointers.find(self.root, at)
                unknown = next((name for name in instance if name not in known), None)
                at = at if unknown is None else pointers.join(at, unknown)
                advice = "" if "did you mean" in mismatch.message else f"Known: {', '.join(known)}."
                yield self.error(mismatch.message, at, advice)
            elif mismatch.keyword == "oneOf":
                scenario = pointers.find(self.root, at)
                if isinstance(scenario, dict):  # else what it is instead is told
                    both = "answers" in scenario
                    fault = "a scenario has `answer` or `answers`" + ", not both" * both
                    yield self.error(fault, pointers.join(at, "answers") if both else at)
            else:
                yield self.error(mismatch.message, at)

    def note(self, fault: str, at: str, advice: str = "") -> None:
        """Note what is wrong, and go on: all of it is told at once."""
        self.errors.append(self.error(fault, at, advice))

    def error(self, fault: str, at: str, advice: str = "") -> SpecError:
        return SpecError(fault, place=self.place(at), pointer=at, advice=advice)

    def place(self, at: str) -> Place | None:
        return self.positions.find(self.root, at)

    def told(self, make: Callable[[], Any]) -> Any:
        """What *make* makes; what keeps it from that is noted."""
        try:
            return make()
        except SpecError as fault:
            self.errors.append(fault)
            return None

    def name(self, raw: Mapping[str, Any], at: str, index: int) -> str:
        name = raw.get("name", f"{self.path.stem}-{index + 1}")
        if name in self.names:
            first = self.names[name]
            where = f" at {first}" if first else ""
            fault = f"there is another scenario called {name!r}{where}"
            self.note(fault, pointers.join(at, "name"), "Rename one of them.")
        self.names[name] = self.place(at)
        return str(name)

    def scenario(self, raw: Mapping[str, Any], at: str, name: str) -> Scenario:
        when = raw.get("when", {})
        where = pointers.join(at, "when")
        meant = self.operations(when.get("operation"), pointers.join(where, "operation"))
        self.check_path(when.get("path", {}), pointers.join(where, "path"), meant or ())
        scope = Scope()
        if meant is not None and len(meant) == 1:
            scope = Scope(shapes_of(self.contract.document.root, meant[0].pointer))
        if "after" in raw and "answers" not in raw:
            fault = "`after` says what follows several `answers`, and here is one `answer`"
            self.note(fault, pointers.join(at, "after"))
        valid: Valid = {True: "valid", False: "refused", "any": "any"}[when.get("valid", True)]  # type: ignore[assignment]  # mypy widens the literals of a dict display
        base = pointers.join(at, "answers")
        many = [(one, pointers.join(base, i)) for i, one in enumerate(raw.get("answers", ()))]
        if "answer" in raw:
            many = [(raw["answer"], pointers.join(at, "answer"))]
        if meant == () and any(name in one for one, _ in many for name in COMPLETION):
            meant = self.chats(at)
        answers = [self.answer(*each, meant, scope) for each in many]
        found = [
            self.told(partial(checks, {part: value}, where, self.place, scope))
            for part, value in parts_of(when)
        ]
        return Scenario(
            name,
            self.place(at),
            tuple(operation.name for operation in meant or ()),
            tuple(check for checked in found for check in checked or ()),
            valid,
            tuple(answers),
            raw.get("after", "last"),
        )

    def operations(self, value: Any, at: str) -> tuple[Operation, ...] | None:
        """The operations that *value* names; None where one of them is not there."""
        found: list[Operation] = []
        names = operations(value)
        for index, name in enumerate(names):
            try:
                found.append(self.contract.operation(name))
            except NoSuchOperation as fault:
                where = at if isinstance(value, str) else pointers.join(at, index)
                ids = [one.operation_id for one in self.contract.operations if one.operation_id]
                close = nearest(name, [*ids, *fault.names])
                known = ", ".join([*ids, *fault.names][:_MOST_TOLD])
                advice = f"Did you mean {close!r}?" if close else f"There are {known}."
                self.note(f"no operation is called {name!r}", where, advice)
        return tuple(found) if len(found) == len(names) else None

    def check_path(self, asked: Mapping[str, Any], at: str, meant: tuple[Operation, ...]) -> None:
        """Note what no path has: it would never be there."""
        paths = [one.template for one in meant or self.contract.operations]
        known = {
            name
            for path in paths
            for each in (path, *dict(path.query).values())
            for name in each.names
        }
        for name in asked:
            if name not in known:
                close = nearest(name, known)
                fault = f"no operation that is meant has the path parameter {name!r}"
                advice = f"Did you mean {close!r}?" if close else ""
                self.note(fault, pointers.join(at, name), advice)

    def chats(self, at: str) -> tuple[Operation, ...] | None:
        """The operations that a completion can be an answer of; None where there are none."""
        chats = tuple(one for one in self.contract.operations if one.completion is not None)
        if not chats:
            fault = "the document has no chat completion (x-troth-completion) that could say it"
            self.note(fault, at, "Say what is answered with `body`.")
        return chats or None

    def answer(
        self,
        raw: Mapping[str, Any],
        at: str,
        meant: tuple[Operation, ...] | None,
        scope: Scope,
    ) -> Answer:
        pace, faults = self.pace(raw, at), tuple(self.faults(raw, at))
        before = len(self.errors)
        self.check_members(raw, at)
        self.check_fields(raw, at)
        parts = {name: value for name, value in raw.items() if name not in _ASIDE}
        if "file" in parts:
            parts |= self.told(partial(self.file, parts.pop("file"), at, parts)) or {}
        templated = parts
        if raw.get("templates", True):
            templated = compiled(parts, at, self.place, scope, told=self.told)
        is_forced = raw.get("force", False)
        if len(self.errors) == before and meant is not None:
            open_at = tuple(places(templated))
            self.hold(_written(parts), at, meant, open_at, is_forced=is_forced)
        is_held = not is_forced and templated is not parts and "body" in parts
        return Answer(templated, at, self.place(at), pace, faults, is_held)

    def check_members(self, raw: Mapping[str, Any], at: str) -> None:
        """Note members that exclude each other."""
        said = [name for name in COMPLETION if name in raw][:1]
        several = [*said, *(name for name in (*CONTENTS, "example") if name in raw)]
        if len(several) > 1:
            fault = f"an answer has `{several[0]}` or `{several[1]}`, not both"
            self.note(fault, pointers.join(at, several[1]))
        if "times" in raw and len(raw["times"]) != len(raw.get("events", ())):
            fault = "`times` has a time for each of `events`"
            self.note(fault, pointers.join(at, "times"))

    def check_fields(self, raw: Mapping[str, Any], at: str) -> None:
        """Note header fields that no answer can have of its own."""
        for name in raw.get("fields", ()):
            fault = why_unsaid(name)
            if fault is not None:
                self.note(fault, pointers.join(at, "fields", name))

    def file(self, name: str, at: str, parts: Mapping[str, Any]) -> dict[str, Any]:
        """What the file *name*, beside this one, makes of an answer."""
        where = pointers.join(at, "file")
        path = self.path.parent / name
        self.check_place(path, where)
        if "\0" not in name:  # no file will ever be called so
            self.files.append(path)
        try:
            data = read_file(str(path), limits=LIMITS, is_regular=True)
        except SpecError as fault:
            raise self.error(fault.fault, where, fault.advice) from None
        named = {each.lower() for each in parts.get("fields", {})}
        if path.suffix.lower() == ".json" and "content-type" not in named:
            try:
                return {"body": json_text.decode(data)}
            except json_text.BadJson as fault:
                raise self.error(f"{path}: {fault}", where) from None
        kind = _TYPES.guess_type(path.name)[0] or "application/octet-stream"
        fields = dict(parts.get("fields", {}))
        if "content-type" not in named:
            fields["Content-Type"] = kind
        return {"data": data, "fields": fields}

    def check_place(self, path: Path, at: str) -> None:
        """Refuse a *path* that leads elsewhere: who wrote a scenario is not to read all files."""
        try:
            is_inside = path.resolve().is_relative_to(self.folder.resolve())
        except (OSError, RuntimeError, ValueError):
            return  # whoever reads it says what it is
        if not is_inside:
            advice = "Put it beside this file, or serve a folder that has both."
            raise self.error(f"{path} is not in {self.folder}", at, advice)

    def pace(self, raw: Mapping[str, Any], at: str) -> Pace | None:
        if "pace" not in raw:
            return None
        try:
            return read_pace(raw["pace"])
        except UnknownPace as fault:
            self.note(str(fault), pointers.join(at, "pace"))
            return None

    def faults(self, raw: Mapping[str, Any], at: str) -> Iterator[Fault]:
        where = pointers.join(at, "fail")
        given = raw.get("fail", [])
        for index, text in enumerate(given if isinstance(given, list) else [given]):
            try:
                yield from Switches(self.contract).read((str(text),))
            except BadFault as fault:
                self.note(str(fault), pointers.join(where, index) if given is not text else where)

    def hold(
        self,
        answer: WrittenAnswer,
        at: str,
        meant: tuple[Operation, ...],
        templates: tuple[str, ...],
        *,
        is_forced: bool,
    ) -> None:
        """Note what is wrong with *answer* as one of the operations that it may be given for."""
        says = (answer.status, answer.example, answer.fields or None)
        if not answer.has_content and all(part is None for part in says):
            return
        candidates = meant or self.contract.operations
        if not meant and len(candidates) > 1:
            if answer.example is not None and "/example" not in templates:
                self.check_example(answer, at)
            if not answer.has_content or is_forced:
                return  # an error of any operation, say
            fault = "which operation answers so is not said, so it cannot be held to the document"
            advice = "Add `operation` to `when`, or `force: true` to the answer."
            self.note(fault, at, advice)
            return
        for operation in candidates:
            found: dict[tuple[str, bool], list[str]] = {}
            for wrong in self.holder.faults(operation, answer, templates=templates):
                if wrong.is_final or not is_forced:
                    found.setdefault((wrong.at, wrong.is_final), []).append(wrong.sentence)
            for (inner, is_final), sentences in found.items():
                told = "; ".join(sentences[:_MOST_TOLD])
                sentence = f"the document does not let {operation.name} answer so: {told}"
                advice = "Change it, or add `force: true` to answer so all the same."
                self.note(sentence, at + inner, "" if is_final else advice)

    def check_example(self, answer: WrittenAnswer, at: str) -> None:
        """Note an example of *answer* that none of the operations has."""
        names = dict.fromkeys(
            name
            for operation in self.contract.operations
            for name in self.holder.examples(operation, answer.status)
        )
        if answer.example not in names:
            close = nearest(str(answer.example), names)
            known = ", ".join([*names][:_MOST_TOLD]) or "none"
            advice = f"Did you mean {close!r}?" if close else f"There are {known}."
            fault = f"no operation has an example {answer.example!r} in an answer so"
            self.note(fault, pointers.join(at, "example"), advice)


def _without(root: Any, misfits: Sequence[str]) -> Mapping[str, Any]:
    """*root* without the members that *misfits* stand in: what else is wrong shows all the same."""
    sound = deepcopy(root) if misfits else root
    for at in misfits:
        tokens = pointers.split(at)
        # a scenario stays, and so does its number
        while len(tokens) > 2:
            holder = pointers.find(sound, pointers.of(tokens[:-1]))
            if isinstance(holder, dict):
                holder.pop(tokens[-1], None)
                break
            tokens = tokens[:-1]
    found = sound.get("scenarios") if isinstance(sound, dict) else None
    return sound if isinstance(found, list) else {}


#: What of an answer is not part of what it says.
_ASIDE = frozenset({"pace", "fail", "force", "templates"})


def _written(parts: Mapping[str, Any], *, is_for_refused: bool = False) -> WrittenAnswer:
    message = None
    if any(name in parts for name in COMPLETION):
        calls = tuple((call["name"], _arguments(call)) for call in parts.get("calls", ()))
        texts = {
            name: _text(parts.get(name)) for name in ("text", "reasoning", "finish", "refusal")
        }
        message = Message(calls=calls, annotations=parts.get("annotations"), **texts)
    events = parts.get("events")
    fields = parts.get("fields", {})
    return WrittenAnswer(
        status=parts.get("status"),
        fields=tuple((name, _text(value) or "") for name, value in fields.items()),
        message=message,
        body=parts.get("body", ABSENT),
        events=None if events is None else tuple(events),
        times=tuple(parts.get("times", ())),
        data=parts.get("data"),
        example=parts.get("example"),
        is_for_refused=is_for_refused,
    )


def _text(value: Any) -> str | None:
    """*value* as a text; a template may have made anything of it."""
    if value is None or isinstance(value, str):
        return value
    return json_text.encode(value).decode()


def _arguments(call: Mapping[str, Any]) -> str:
    arguments = call.get("arguments", {})
    return arguments if isinstance(arguments, str) else json_text.encode(arguments).decode()
