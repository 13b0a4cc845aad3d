"""Which declared answer a request gets: its status, media type and example.

In this order: `Prefer` (RFC 7240; `code`, `example` and `dynamic`, as Prism reads them), the
document's own conditions (`x-troth-when`), then Accept (RFC 9110 §12.5.1), for which
the order of the document decides between equals.  Where a condition holds, Accept is not read:
a client that sends `stream: true` gets a stream whatever its SDK put into Accept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from troth.errors import TrothError
from troth.http import media_type
from troth.http.exchange import QUOTED_STRING, TOKEN
from troth.openapi.operation import DeclaredResponse, Example, MediaType, Operation
from troth.validation import content

_PREFERENCE = re.compile(rf"\s*({TOKEN})\s*(?:=\s*({TOKEN}|{QUOTED_STRING})?\s*)?(?:;|$)")
_SCALARS = frozenset({type(None), bool, int})
_STATUS = re.compile(r"[1-5]([0-9][0-9]|XX)")
_MOST_DECIDED = 64


class NotAcceptable(TrothError):
    """Accept takes none of the declared media types; *offered* are those."""

    accept: str
    offered: tuple[str, ...]

    def __str__(self) -> str:
        return f"Accept {self.accept[:200]!r} takes none of {', '.join(self.offered)}"


class BadPreference(TrothError):
    """A preference of ours has a value that cannot be honoured."""

    preference: str
    why: str

    def __str__(self) -> str:
        return f"Prefer: {self.preference}: {self.why}"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What Prefer asks for: a *code*, a named *example*, *dynamic* values instead of examples."""

    code: int | None = None
    example: str | None = None
    dynamic: bool | None = None

    @property
    def applied(self) -> str:
        """The value of Preference-Applied (RFC 7240 §3)."""
        applied = []
        if self.code is not None:
            applied.append(f"code={self.code}")
        if self.example is not None:
            applied.append(f"example={_quoted(self.example)}")
        if self.dynamic is not None:
            applied.append(f"dynamic={'true' if self.dynamic else 'false'}")
        return ", ".join(applied)


def _quoted(value: str) -> str:
    if re.fullmatch(TOKEN, value):
        return value
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def preferences(fields: Sequence[str]) -> Preferences:
    """Read the Prefer fields; of two preferences of one name the first counts (RFC 7240 §2).

    Preferences that are not ours are passed over.  Raises BadPreference.
    """
    preferences = _read(fields)
    code, example, dynamic = (preferences.get(name) for name in ("code", "example", "dynamic"))
    if code is not None and re.fullmatch(r"[1-5][0-9][0-9]", code, re.ASCII) is None:
        raise BadPreference(f"code={code[:40]}", "a status is a number from 100 to 599")
    if example == "":
        raise BadPreference("example", "the name of an example is missing")
    if dynamic is not None and dynamic.lower() not in ("", "true", "false"):
        raise BadPreference(f"dynamic={dynamic[:40]}", "true or false would do")
    return Preferences(
        int(code) if code is not None else None,
        example,
        None if dynamic is None else dynamic.lower() != "false",
    )


def _read(fields: Sequence[str]) -> dict[str, str]:
    preferences: dict[str, str] = {}
    for element in media_type.elements(",".join(fields), ","):
        match = _PREFERENCE.match(element)
        if match is not None:
            preferences.setdefault(match[1].lower(), media_type.unquoted(match[2] or ""))
    return preferences


class Returns:
    """How an *operation* lets its clients choose whether what they changed comes back.

    RFC 7240 §4.2: `return=minimal` asks for an answer without content, `return=representation` for
    one with it.  It does so where it declares Prefer, or a 204 beside a success with content.
    """

    def __init__(self, operation: Operation) -> None:
        usual = success(operation)[1]
        declared = {one.status: one for one in operation.responses if one.status[0] == "2"}
        self._bare = sorted(one for one in declared if not declared[one].content and one != "2XX")
        self.is_declared = any(
            (one.location, one.name.lower()) == ("header", "prefer") for one in operation.parameters
        )
        is_full = usual is not None and bool(usual.content)
        is_open = self.is_declared or ("204" in self._bare and is_full)
        is_read = operation.method in ("GET", "HEAD", "OPTIONS", "TRACE", "QUERY")
        self._is_possible = is_full and is_open and not is_read

    def chosen(self, prefer: Sequence[str], status: int) -> tuple[str, int] | None:
        """The preference that *prefer* has, and the status for it where *status* is due."""
        wanted = _read(prefer).get("return") if prefer and self._is_possible else None
        if wanted not in ("minimal", "representation") or (wanted == "minimal" and not self._bare):
            return None
        if wanted == "minimal" and str(status) not in self._bare:
            status = int("204" if "204" in self._bare else self._bare[0])
        return f"return={wanted}", status


def success(operation: Operation) -> tuple[int, DeclaredResponse | None]:
    """The status of an answer when all is well, and its declaration if there is one."""
    declared = [one.status for one in operation.responses if _STATUS.fullmatch(one.status)]
    good = [status for status in declared if status[0] == "2"]
    # a 304 is for who has it already
    moved = [status for status in declared if status[0] == "3" and status != "304"]
    is_open = any(response.status == "default" for response in operation.responses)
    failures = [] if is_open else [status for status in declared if status[0] in "345"]
    status = min((_rank(status) for status in good or moved or failures), default=(False, 200))[1]
    return status, operation.response(status)


def _rank(status: str) -> tuple[bool, int]:
    """Sort key, and what is sent: a status before a range, which has its usual status."""
    return "X" in status, 302 if status == "3XX" else int(status.replace("X", "0"))


def preferred(operation: Operation, code: int) -> DeclaredResponse:
    """The declaration of the status that Prefer names.  Raises BadPreference."""
    declared = operation.response(code)
    if declared is None or code < 200:
        known = ", ".join(response.status for response in operation.responses) or "none"
        why = f"the document declares no such status here; it declares {known}"
        raise BadPreference(f"code={code}", why)
    return declared


class Chooser:
    """Chooses the media type of one response; compiled once.

    What conditions decide is remembered by the members that they read, where those are scalars:
    a condition is a pure function of them.
    """

    def __init__(self, declared: DeclaredResponse) -> None:
        self.content = declared.content
        # a text stands for no object: what can be one comes first, whatever Accept leaves open
        ranked = sorted(self.content, key=lambda entry: not content.holds(entry))
        self._open = tuple(entry for entry in ranked if entry.when is None)
        self._conditional = tuple(entry for entry in self.content if entry.when is not None)
        self.reads = _members_read(self._conditional)
        #: the only member that they read, if there is one: `stream`, say
        self._sole = next(iter(self.reads)) if self.reads and len(self.reads) == 1 else None
        self._decided: dict[Any, MediaType | None] = {}

    def choose(self, body: Any, accept: Sequence[str]) -> MediaType | None:
        """The media type for a request of this *body*; None: no content.  Raises NotAcceptable."""
        return self.decide(body) or self.otherwise(accept)

    def otherwise(self, accept: Sequence[str]) -> MediaType | None:
        """The media type that answers where no condition holds.  Raises NotAcceptable."""
        if not self.content:
            return None
        # where every condition failed, a condition is no reason to send nothing
        offered = self._open or self.content
        if not accept:
            return offered[0]
        field = ", ".join(accept)
        accepted = media_type.accepts(field, [entry.content_type for entry in offered])
        if not accepted:
            raise NotAcceptable(field, tuple(entry.content_type for entry in self.content))
        return next(entry for entry in offered if entry.content_type == accepted[0])

    def decide(self, body: Any) -> MediaType | None:
        """The media type whose condition holds for *body*, if one's does."""
        if not self._conditional:
            return None
        if self.reads is None or type(body) is not dict:
            return self._evaluate(body)
        if self._sole is not None:
            value = body.get(self._sole)
            try:
                return self._decided[value, type(value)]
            except (KeyError, TypeError):
                pass  # not decided yet, or no scalar
        values = [body.get(name) for name in self.reads]
        if not _SCALARS.issuperset(map(type, values)):
            return self._evaluate(body)
        key = (*values, *map(type, values))  # True and 1 are one key of a dict
        try:
            return self._decided[key]
        except KeyError:
            entry = self._evaluate(body)
            if len(self._decided) < _MOST_DECIDED:
                self._decided[key] = entry
            return entry

    def _evaluate(self, body: Any) -> MediaType | None:
        facts = {"request": body}
        return next(
            (entry for entry in self._conditional if entry.when and entry.when.holds(facts)), None
        )


def _members_read(entries: Sequence[MediaType]) -> tuple[str, ...] | None:
    """The members of the request that the conditions of *entries* read; None: who knows."""
    names: set[str] = set()
    for entry in entries:
        assert entry.when is not None
        scope = entry.when.scope
        if scope.whole or not entry.when.variables <= {"request"}:
            return None
        names |= scope.members.get("request", frozenset())
    return tuple(sorted(names))


def named_example(entry: MediaType, name: str) -> Example:
    """The example of *entry* that is called *name*.  Raises BadPreference."""
    known = [example.name for example in entry.examples]
    if name in known:
        return entry.examples[known.index(name)]
    has = f"no example of that name; it has {', '.join(known)}" if known else "no examples"
    raise BadPreference(f"example={name[:60]}", f"{entry.content_type} has {has}")
