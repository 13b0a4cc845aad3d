"""What a document asks of a completion beside the chat's own parts, made up once.

Drawn with required members only.  What may be null is: a made-up refusal or error would be read
as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from troth.generation.values import Unsatisfiable, fit, synthesize
from troth.http import json_text
from troth.schema.schema import Schema
from troth.seed import Seed
from troth_mock.chat import paths
from troth_mock.chat.chat_members import Dialect, Names

_POOL = 4
# The parts of a choice that an answer has or has not.
_OPTIONAL = ("tool-calls", "logprobs")


@dataclass(frozen=True, slots=True)
class Template:
    """The JSON texts of a body without its choices and usage, of one choice, and of a usage."""

    body: bytes
    choice: bytes
    usage: bytes


def templates(
    schema: Schema | None, dialect: Dialect, seed: Seed, *, fill: Callable[[Template], Any]
) -> tuple[Template, ...]:
    """Make the templates of the bodies that *schema* describes, each other one once.

    *fill* gives the body that a template makes around a plain answer.
    """
    if schema is None:
        return (Template(b"{}", b"{}", b"{}"),)
    found: dict[Template, None] = {}
    for index in range(_POOL):
        body: Any = {}
        part = seed.child(index)
        with suppress(Unsatisfiable):  # told when a body is asked for
            body = synthesize(schema, seed=part, optional=False)
            # what was drawn need not have a choice at all: the nearest valid body does
            body = fit(schema, fill(_Apart.of(body, dialect).template), seed=part)
        apart = _Apart.of(body, dialect)
        found[apart.calmed(dialect, lambda one: schema.is_valid(fill(one)))] = None
    return tuple(found)


@dataclass(slots=True)
class _Apart:
    body: dict[str, Any]
    choice: dict[str, Any]
    usage: dict[str, Any]

    @classmethod
    def of(cls, body: Any, dialect: Dialect) -> _Apart:
        at = dialect.response
        body = body if isinstance(body, dict) else {}
        choices = paths.get(body, at["choices"])
        choice = choices[0] if isinstance(choices, list) and choices else {}
        usage = paths.get(body, at["usage"]) if "usage" in at else {}
        paths.remove(body, at["choices"])
        if "usage" in at:
            paths.remove(body, at["usage"])
        choice = choice if isinstance(choice, dict) else {}
        for name in ("content", "finish-reason", *_OPTIONAL):
            if name in dialect.choice:
                paths.remove(choice, dialect.choice[name])
        return cls(body, choice, usage if isinstance(usage, dict) else {})

    @property
    def template(self) -> Template:
        return Template(*map(json_text.encode, (self.body, self.choice, self.usage)))

    def calmed(self, dialect: Dialect, is_good: Callable[[Template], bool]) -> Template:
        """The template with null for everything that may be null."""
        self._require(dialect, is_good)
        if not is_good(self.template):
            return self.template
        message = dialect.choice["content"][:-1]
        for holder, at, filled in (
            (self.body, (), dialect.response),
            (self.choice, (), dialect.choice),
            (paths.get(self.choice, message), message, dialect.choice),
        ):
            for name in list(holder) if isinstance(holder, dict) else ():
                if (*at, name) in filled.values():
                    continue  # the answer has its own, unless the request lacks it
                kept = holder[name]
                holder[name] = None
                if not is_good(self.template):
                    holder[name] = kept
        return self.template

    def _require(self, dialect: Dialect, is_good: Callable[[Template], bool]) -> None:
        """Put null for the parts that the document requires even where an answer has none."""
        known = [dialect.choice[name] for name in _OPTIONAL if name in dialect.choice]
        for some in _subsets(known):
            for names in some:
                paths.put(self.choice, names, None)
            if is_good(self.template):
                return
            for names in some:
                paths.remove(self.choice, names)


def _subsets(known: list[Names]) -> Iterator[list[Names]]:
    yield []
    for names in known:
        yield [names]
    if len(known) > 1:
        yield known
