"""A condition over an exchange: CEL, compiled once, that holds, does not hold, or is undecided.

What the document's author may write is checked in `source` when the document is compiled.
Judging never raises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from troth.errors import Place
from troth.laws.cel import cel
from troth.laws.condition_text import VARIABLES, Source, token
from troth.laws.declared_members import Shape, TooDeep, read
from troth.laws.functions import FUNCTIONS, Function

__all__ = ["VARIABLES", "Condition", "Facts", "Scope"]


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
    """

    def __init__(self, values: Mapping[str, Any], scope: Scope | None = None) -> None:
        super().__init__(values)
        self.scope = scope or Scope()
        self._context: cel.Context | None = None
        self._put: dict[str, bool] = {}

    def context(self, condition: Condition) -> cel.Context | None:
        """The variables that *condition* copies, and all functions; None if one is too deep."""
        if self._context is None:
            # not itself: the context is no object that Python's collector looks into, so a way back
            # from its functions to what holds it would keep both for ever
            values = dict(self)
            functions = {name: _reaching(function, values) for name, function in FUNCTIONS.items()}
            # a variable that is only reached into stays outside: a function gets at it by a token
            tokens = {token(name): token(name) for name in self}
            self._context = cel.Context(variables=tokens, functions=functions)
        for name in condition.copied:
            if name not in self._put:
                try:
                    self._context.add_variable(name, self.scope.read(name, self[name]))
                except (TooDeep, ValueError):
                    self._put[name] = False
                else:
                    self._put[name] = True
            if not self._put[name]:
                return None
        return self._context


@dataclass(frozen=True, slots=True, eq=False, init=False)
class Condition:
    """A compiled CEL expression that is true or false of an exchange; safe to share.

    *variables* are those that it names; of these *copied* go into CEL, and the others are only
    reached into by functions.  *scope* says what it needs of each.
    """

    source: str
    pointer: str
    place: Place | None
    scope: Scope
    variables: frozenset[str]
    copied: frozenset[str]
    _program: cel.Program = field(repr=False)
    _functions: frozenset[str] = field(repr=False)

    def __init__(
        self,
        source: Any,
        pointer: str = "",
        place: Place | None = None,
        *,
        scope: Scope | None = None,
    ) -> None:
        """Compile *source*; raises SpecError with the place and what is wrong where in it.

        What the shapes of *scope* declare of a variable reads as null where it is absent.
        """
        compiled = Source(source, pointer, place).compile()
        put = object.__setattr__  # the dataclass is frozen
        put(self, "source", source)
        put(self, "pointer", pointer)
        put(self, "place", place)
        put(self, "scope", Scope(scope.shapes if scope else {}, compiled.members, compiled.whole))
        put(self, "variables", compiled.variables)
        put(self, "copied", compiled.copied)
        put(self, "_program", compiled.program)
        put(self, "_functions", compiled.functions)

    def holds(self, facts: Mapping[str, Any]) -> bool | None:
        """Whether it holds of *facts*, plain JSON by variable; None: undecided.

        Undecided is whatever CEL cannot evaluate: a member where null came, a string that should
        be a number, a variable that *facts* lacks.  The schema reports such values.
        """
        if not self.variables <= facts.keys():
            return None
        context: cel.Context | dict[str, Any] | None
        if isinstance(facts, Facts) and facts.scope.covers(self.scope):
            context = facts.context(self)
        else:
            context = self._context(facts)
        if context is None:
            return None
        try:
            result = self._program.execute(context)
        except Exception:  # the library raises a dozen types for what CEL calls an error value
            return None
        return result if isinstance(result, bool) else None

    def _context(self, facts: Mapping[str, Any]) -> cel.Context | dict[str, Any] | None:
        try:
            variables = {name: self.scope.read(name, facts[name]) for name in self.copied}
        except TooDeep:
            return None
        if not self._functions:
            return variables
        variables |= {token(name): token(name) for name in self.variables}
        functions = {name: _reaching(FUNCTIONS[name], facts) for name in self._functions}
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
