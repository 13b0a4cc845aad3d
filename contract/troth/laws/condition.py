"""A condition over an exchange: CEL, compiled once, that holds, does not hold, or is undecided.

Everything that an author can get wrong in the text of a condition is refused when it is compiled,
with a caret below it; the same look at the text tells which members it needs.  Judging never
raises.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from time import thread_time
from types import ModuleType
from typing import Any

from troth.errors import Place, SpecError, nearest
from troth.laws.declared_members import Shape, TooDeep, read
from troth.laws.functions import FUNCTIONS, Function, Senseless

# `import cel` also imports the command line that the library ships (typer, rich, prompt_toolkit):
# 0.2 s and 25 MB that nobody here uses.  A stand-in takes its place for the time of the import.
_SHELL = "cel.cli"
if "cel" in sys.modules:
    import cel
else:
    sys.modules[_SHELL] = ModuleType(_SHELL)
    try:
        import cel
    finally:
        # whoever wants the shell still gets it
        del sys.modules[_SHELL]
    vars(cel).pop("cli", None)

#: What a condition may speak of, with what each is.
VARIABLES: Mapping[str, str] = {
    "request": "the request's body",
    "response": "the response's JSON body, or the body that its stream folds to",
    "events": "the parsed data of the stream's items, in order, without the sentinel",
    "status": "the response's status, an integer",
    "streamed": "whether the response was a stream",
    "path": "the request's parameters in the path, by name, as their schemas read them",
    "query": "the request's parameters in the query, likewise",
    "header": "the request's header fields, texts by their names in lower case",
    "response_header": "the response's header fields, likewise",
    "before": "of a law between two operations: the earlier exchange, its variables as members",
    "first": "of a law that repeats its request: the first answer's `response`",
    "again": "of a law that repeats its request: the second answer's `response`",
}

# CEL's own: macros and functions, with the arguments that each takes, a receiver counted.
_BUILT_IN: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(("size", "int", "uint", "double", "string", "bytes", "type", "dyn"), (1, 1)),
    **dict.fromkeys(("contains", "startsWith", "endsWith", "matches"), (2, 2)),
    **dict.fromkeys(("timestamp", "duration", "has"), (1, 1)),
    **dict.fromkeys(("all", "exists", "exists_one", "existsOne", "filter"), (3, 3)),
    "map": (3, 4),
}
_TYPES = frozenset({"string", "bool", "bytes", "double", "int", "list", "map", "null_type", "uint"})
_KEYWORDS = frozenset({"true", "false", "null", "in"})

_LITERAL = re.compile(
    r"""//[^\n]*
    |[bB]?[rR][bB]?(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"[^"\n]*"|'[^'\n]*')
    |[bB]?(?:\"{3}(?:\\.|.)*?\"{3}|'{3}(?:\\.|.)*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""",
    re.DOTALL | re.VERBOSE,
)
_NAME = re.compile(r"(\.\s*)?\b([A-Za-z_]\w*)(\s*\()?")
_MACROS = frozenset({"all", "exists", "exists_one", "existsOne", "map", "filter"})
_MACRO_VARIABLE = re.compile(rf"\.\s*(?:{'|'.join(sorted(_MACROS))})\s*\(\s*(\w+)\s*,")
_MEMBER = re.compile(r"\s*\.\s*([A-Za-z_]\w*)(?!\w)(?!\s*\()")
_SYNTAX = re.compile(r"ERROR: <input>:(\d+):(\d+): (?:Syntax error: )?([^\n]*)")

_LONGEST = 20_000
#: The value of what CEL cannot evaluate.
UNDECIDED: Any = object()
#: The value of what takes longer than it may.
UNENDING: Any = object()
#: What a condition calls at each step of a macro.
_STEP = "_step"
#: What else costs a condition time: the library copies what they gathered at every step.
_GATHERING = frozenset({"map", "filter"})
#: So many seconds of computing a condition takes at most, and all on one exchange together.
_LONGEST_RUN = 10.0
#: Where it takes so many to put an exchange into CEL's form, a condition on it takes long, too.
_LONG = 0.1


class Unending(Senseless):
    """A condition takes longer than it may."""


class _Clock:
    """Stops a condition, which is in the hands of CEL meanwhile, at a step *until* which it may."""

    def __init__(self) -> None:
        self.until = 0.0

    @property
    def is_over(self) -> bool:
        # of this thread, whatever else the machine does
        return thread_time() > self.until

    def step(self) -> bool:
        if self.is_over:
            raise Unending
        return True


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """What is known of the variables: their shapes, and what a set of conditions needs of each.

    *members* are the members that are read by name, *whole* the variables that are needed whole.
    """

    shapes: Mapping[str, Shape] = field(default_factory=dict)
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()

    def read(self, name: str, value: Any) -> Any:
        """*value* of the variable *name*, as conditions see it: a member read by name is there."""
        shape, members = self.shapes.get(name), self.members.get(name, frozenset())
        if not isinstance(value, dict):
            return read(value, shape)
        if name in self.whole:
            return dict.fromkeys(members) | read(value, shape)
        # what is not named is not copied: a long conversation costs a law on `n` nothing
        return {
            member: read(value.get(member), shape.member(member) if shape else None)
            for member in members
        }

    def covers(self, needs: Scope) -> bool:
        """Whether what this scope reads is enough for what *needs* does."""
        return needs.whole <= self.whole and all(
            members <= self.members.get(name, frozenset())
            for name, members in needs.members.items()
        )


class Facts(dict[str, Any]):
    """The values of the variables for one exchange, put into CEL's form once for all laws.

    *values* are plain JSON, as decoded; *scope* is that of the laws.  For one thread at a time.
    *spent* are the seconds that this took, and what is judged by it where it is large.
    """

    def __init__(self, values: Mapping[str, Any], scope: Scope | None = None) -> None:
        super().__init__(values)
        self.scope = scope or Scope()
        self._context: cel.Context | None = None
        self._put: dict[str, bool] = {}
        self.clock = _Clock()
        self.spent = 0.0

    @property
    def left(self) -> float:
        """How many seconds of computing are left for what else is judged."""
        return max(0.0, _LONGEST_RUN - self.spent)

    def context(self, condition: Condition) -> cel.Context | None:
        """The variables that *condition* copies, and all functions; None if one is too deep."""
        if self._context is None:
            # not itself: the context is no object that Python's collector looks into, so a way back
            # from its functions to what holds it would keep both for ever
            values = dict(self)
            functions = {name: _reaching(function, values) for name, function in FUNCTIONS.items()}
            functions[_STEP] = self.clock.step
            # a variable that is only reached into stays outside: a function gets at it by a token
            tokens = {_token(name): _token(name) for name in self}
            self._context = cel.Context(variables=tokens, functions=functions)
        for name in condition.copied:
            if name not in self._put:
                began = thread_time()
                try:
                    self._context.add_variable(name, self.scope.read(name, self[name]))
                except (TooDeep, ValueError):
                    self._put[name] = False
                else:
                    self._put[name] = True
                self.spent += thread_time() - began
            if not self._put[name]:
                return None
        return self._context


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """A compiled CEL expression that is true or false of an exchange; safe to share.

    *variables* are those that it names; of these *copied* go into CEL, and the others are only
    reached into by *functions*.  *scope* says what it needs of each.  *seconds* is how long it may
    take; 0 of what takes no longer than what it reads is.
    """

    source: str
    pointer: str
    place: Place | None
    scope: Scope
    variables: frozenset[str]
    copied: frozenset[str]
    functions: frozenset[str]
    program: cel.Program = field(repr=False)
    seconds: float = 0.0

    def holds(self, facts: Mapping[str, Any]) -> bool | None:
        """Whether it holds of *facts*, plain JSON by variable; None: undecided.

        Undecided is whatever CEL cannot evaluate: a member where null came, a string that should
        be a number, a variable that *facts* lacks.  The schema reports such values.
        """
        result = self.value(facts)
        return result if isinstance(result, bool) else None

    def value(self, facts: Mapping[str, Any]) -> Any:
        """What it is of *facts*, as plain JSON; UNDECIDED or UNENDING where `holds` is None."""
        if not self.variables <= facts.keys():
            return UNDECIDED
        context: cel.Context | dict[str, Any] | None
        if isinstance(facts, Facts) and facts.scope.covers(self.scope):
            clock, context = facts.clock, facts.context(self)
            if context is not None and facts.spent > _LONG:
                return self._bounded(facts, context)
        else:
            clock = _Clock()
            context = self._context(facts, clock)
        return UNDECIDED if context is None else self._run(context, clock, self.seconds)

    def _bounded(self, facts: Facts, context: cel.Context) -> Any:
        """What it is of large *facts*, in the time that is left for them; else UNENDING."""
        if not facts.left:
            return UNENDING
        began = thread_time()
        value = self._run(context, facts.clock, min(self.seconds, facts.left))
        facts.spent += thread_time() - began
        return value

    def _run(self, context: cel.Context | dict[str, Any], clock: _Clock, seconds: float) -> Any:
        if seconds:
            clock.until = thread_time() + seconds
        try:
            return self.program.execute(context)
        except Exception:  # the library raises a dozen types for what CEL calls an error value
            return UNENDING if seconds and clock.is_over else UNDECIDED

    def _context(
        self, facts: Mapping[str, Any], clock: _Clock
    ) -> cel.Context | dict[str, Any] | None:
        try:
            variables = {name: self.scope.read(name, facts[name]) for name in self.copied}
        except TooDeep:
            return None
        if not (self.functions or self.seconds):
            return variables
        variables |= {_token(name): _token(name) for name in self.variables}
        functions = {name: _reaching(FUNCTIONS[name], facts) for name in self.functions}
        functions[_STEP] = clock.step
        try:
            return cel.Context(variables=variables, functions=functions)
        except ValueError:
            return None


def _reaching(function: Function, facts: Mapping[str, Any]) -> Callable[..., Any]:
    """*function* as CEL calls it: given the variables that tokens stand for.

    Facts do not change, so what one law reached in them serves the next.
    """
    if not function.reaches:
        return function.call
    known: dict[str, Any] = {}

    def call(items: Any, *arguments: Any) -> Any:
        if not isinstance(items, str):
            return function.call(items, *arguments)
        key = f"{items} {arguments!r}"
        if key not in known:
            known[key] = function.call(facts.get(items.removeprefix("reach_")), *arguments)
        return known[key]

    return call


# --- the text, read statically ---


def parse(
    source: Any,
    pointer: str = "",
    place: Place | None = None,
    *,
    scope: Scope | None = None,
    variables: Mapping[str, str] = VARIABLES,
    seconds: float = _LONGEST_RUN,
) -> Condition:
    """Compile *source*; raises SpecError with the place and what is wrong where in it.

    What the shapes of *scope* declare of a variable reads as null where it is absent.  *variables*
    are those that it may speak of; it takes at most so many *seconds*.
    """
    text = _Source(source, pointer, place, variables)
    compiled = text.compile(scope.shapes if scope else {}, seconds)
    if not compiled.variables and compiled.value({}) is UNENDING:
        raise text.refused(f"this takes more than {seconds:g} s, whatever is asked")
    return compiled


@dataclass(frozen=True, slots=True)
class _Source:
    """The text of a condition, and where it was written."""

    text: Any
    pointer: str
    place: Place | None
    known: Mapping[str, str]

    def compile(self, shapes: Mapping[str, Shape], seconds: float) -> Condition:
        if not isinstance(self.text, str) or not self.text.strip():
            raise self.refused("a condition is a CEL expression, written as a string")
        if len(self.text) > _LONGEST:
            raise self.refused(f"a condition has at most {_LONGEST} characters")
        program = self._parsed(self.text)
        bare = _LITERAL.sub(lambda match: _blank(match.group()), self.text)
        bound = set(_MACRO_VARIABLE.findall(bare))
        variables: set[str] = set()
        functions: set[str] = set()
        reached: list[tuple[int, str]] = []
        copied: dict[str, tuple[frozenset[str], bool]] = {}
        steps: list[tuple[int, int]] = []
        for match in _NAME.finditer(bare):
            dot, name, call = match.groups()
            at = match.start(2)
            if name in _KEYWORDS:
                continue
            if call:
                arguments = _arguments(bare, match.end())
                self.call(at, name, len(arguments) + bool(dot))
                functions.add(name)
                steps += arguments[1:2] if dot and name in _MACROS else ()
            elif not dot and name not in bound:
                if name in self.known:
                    variables.add(name)
                    self.use(bare, match, copied, reached)
                elif name not in _TYPES:
                    raise self._unknown("variable", name, self.known, at)
        if len(steps) < 2 and not functions & _GATHERING:
            seconds = 0  # one macro takes no more steps than its list is long
        edits = [(at, at + len(name), _token(name)) for at, name in reached]
        for start, end in steps if seconds else ():
            # a comment may be the last that stands there
            edits += [(start, start, f"{_STEP}() ? ("), (end, end, "\n) : false")]
        if edits:
            program = self._parsed(_edited(self.text, edits))
        members = {name: read for name, (read, _) in copied.items()}
        whole = frozenset(name for name, (_, is_whole) in copied.items() if is_whole)
        return Condition(
            source=self.text,
            pointer=self.pointer,
            place=self.place,
            scope=Scope(shapes, members, whole),
            variables=frozenset(variables),
            copied=frozenset(copied),
            functions=frozenset(functions & FUNCTIONS.keys()),
            program=program,
            seconds=seconds,
        )

    def use(
        self,
        bare: str,
        match: re.Match[str],
        copied: dict[str, tuple[frozenset[str], bool]],
        reached: list[tuple[int, str]],
    ) -> None:
        """Note what one mention of a variable needs: one member, all of it, or no copy."""
        name, before = match.group(2), bare[: match.start(2)]
        call = re.search(r"(?<![\w.])(\w+)\s*\(\s*$", before)
        function = FUNCTIONS.get(call.group(1)) if call else None
        if function and function.reaches and re.match(r"\s*,", bare[match.end() :]):
            reached.append((match.start(2), name))
            return
        member = _MEMBER.match(bare, match.end())
        members, whole = copied.get(name, (frozenset(), False))
        if member is None:
            copied[name] = (members, True)
        else:
            copied[name] = (members | {member.group(1)}, whole)

    def call(self, at: int, name: str, count: int) -> None:
        """Check the call of *name* with so many arguments."""
        function = FUNCTIONS.get(name)
        least, most = (function.least, function.most) if function else _BUILT_IN.get(name, (0, -1))
        if most < 0:
            raise self._unknown("function", name, (*FUNCTIONS, *_BUILT_IN), at)
        if not least <= count <= most:
            due = f"{least}" if least == most else f"{least} to {most}"
            raise self.refused(
                f"{name}() takes {due} argument(s), a receiver counted, not {count}", at
            )

    def _parsed(self, text: str) -> cel.Program:
        try:
            return cel.compile(text)
        except Exception as fault:  # ValueError mostly; a parser's inner faults come as others
            where = _SYNTAX.search(str(fault))
            if where is None:
                raise self.refused("this is no CEL expression") from None
            # the grammar's words for what might have stood there help nobody
            line, column, what = int(where[1]), int(where[2]), where[3].partition(" expecting ")[0]
            what = what.replace("'<EOF>'", "the end").replace("mismatched input", "unexpected")
            lines = text.splitlines(keepends=True)
            at = sum(map(len, lines[: line - 1])) + max(column - 1, 0)
            raise self.refused(f"this is no CEL expression: {what}", at) from None

    def _unknown(self, kind: str, name: str, known: Iterable[str], at: int) -> SpecError:
        close = nearest(name, tuple(known))
        advice = f"Did you mean '{close}'?" if close else f"Known are {', '.join(known)}."
        return self.refused(f"{name!r} is no {kind} of a condition", at, advice)

    def refused(self, fault: str, at: int | None = None, advice: str = "") -> SpecError:
        """The error, with the line of the source at fault and a caret below it."""
        if at is not None:
            start = self.text.rfind("\n", 0, at) + 1
            line = self.text[start:].partition("\n")[0]
            caret = f"  {line}\n  {' ' * (at - start)}^"
            advice = f"{caret}\n{advice}" if advice else caret
        return SpecError(fault, place=self.place, pointer=self.pointer, advice=advice)


def _edited(text: str, edits: Iterable[tuple[int, int, str]]) -> str:
    """*text* with another text in the place of each of its parts that *edits* name."""
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _token(name: str) -> str:
    """What stands for the variable *name* where a function reaches into it."""
    return f"reach_{name}"


def _blank(text: str) -> str:
    # a literal keeps its length, so that positions stay; its first character counts as an argument
    return "'" + " " * (len(text) - 1) if not text.startswith("//") else " " * len(text)


def _arguments(bare: str, opened: int) -> list[tuple[int, int]]:
    """Where each argument of the call stands whose parenthesis is before *opened*."""
    depth, start = 0, opened
    found: list[tuple[int, int]] = []
    for at in range(opened, len(bare)):
        character = bare[at]
        if character in "([{":
            depth += 1
        elif character in ")]}":
            if depth == 0:
                is_none = not found and not bare[start:at].strip()
                return found if is_none else [*found, (start, at)]
            depth -= 1
        elif character == "," and depth == 0:
            found.append((start, at))
            start = at + 1
    return [*found, (start, len(bare))]
