"""What a request says of its own answer: the fields `X-Troth-…`, and the session in its path.

`X-Troth-Seed`, `X-Troth-Pace` and `X-Troth-Fail` are for this answer what --seed, --pace and --fail
are for all; `X-Troth-Scenario` names the scenario that answers.  A client that can set no field has
`/_troth/session/NAME` as the beginning of its base URL, which is the field Troth-Session.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from troth.errors import TrothError, similar
from troth.http.exchange import Request
from troth_mock.pace import Pace
from troth_mock.pace import read as read_pace
from troth_mock.reply import CONTROL_PREFIX
from troth_mock.responding.kept import IN_SESSION, PREFIX_FIELD, SESSION_FIELD

#: How the names of these fields begin.
PREFIX = "X-Troth-"
#: The field that names the scenario of an answer, and with which a request names the one it wants.
NAME_FIELD = PREFIX + "Scenario"
_SEED, _PACE, _FAIL = (PREFIX + name for name in ("Seed", "Pace", "Fail"))
NAMES = (_SEED, NAME_FIELD, _PACE, _FAIL)
_NAMED = {name.lower(): name for name in NAMES}
_LONGEST_SEED = 40
#: How alike a name is to one of ours that is a misspelling of it.
_ALIKE = 0.7


class BadControlField(TrothError):
    """The field *name* says what cannot be done; *why*."""

    name: str
    why: str

    def __str__(self) -> str:
        return f"{self.name}: {self.why}"


@dataclass(frozen=True, slots=True)
class Controls:
    """What a request asks of its answer, and the *request* as it is without that."""

    request: Request
    seed: int | None = None
    pace: Pace | None = None
    faults: tuple[Any, ...] = ()
    scenario: str | None = None


def read(request: Request, *, faults: Callable[[str], tuple[Any, ...]]) -> Controls:
    """Read what *request* asks; *faults* reads those.  Raises BadControlField."""
    request = without_session(request)
    given: dict[str, str] = {}
    kept: list[tuple[str, str]] = []
    for name, value in request.fields:
        known = _NAMED.get(name.lower())
        if known is not None:
            if given.setdefault(known, value.strip()) != value.strip():
                raise BadControlField(known, "it is there twice, and says two things")
            continue
        if name.lower().startswith(CONTROL_PREFIX):
            _check_spelling(name)
        kept.append((name, value))
    if not given:
        return Controls(request)
    return Controls(
        replace(request, fields=tuple(kept)),
        _seed(given.get(_SEED)),
        None if _PACE not in given else _told(_PACE, read_pace, given[_PACE]),
        () if _FAIL not in given else _told(_FAIL, faults, given[_FAIL]),
        given.get(NAME_FIELD),
    )


def _check_spelling(name: str) -> None:
    """Refuse *name* if it is one of ours, misspelt; any other is no business of ours."""
    words = {each.removeprefix(PREFIX): each for each in NAMES}
    close = similar(name[len(PREFIX) :], words, least=_ALIKE)
    if close:
        raise BadControlField(name[:80], f"there is no such field; did you mean {words[close[0]]}?")


def without_session(request: Request) -> Request:
    """*request* with the session of its path as a field, and what is taken off the path."""
    match = IN_SESSION.match(request.target)
    if match is None:
        return request
    scheme, base, name, rest = match.groups()
    target = (scheme or "") + (rest if rest.startswith("/") else f"/{rest}")
    named = request.having((SESSION_FIELD, unquote(name)), (PREFIX_FIELD, base))
    return replace(named, target=target)


def _seed(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[-+]?[0-9]+", text, re.ASCII) or len(text) > _LONGEST_SEED:
        why = f"a seed is an integer of {_LONGEST_SEED} characters at most, not {text[:40]!r}"
        raise BadControlField(_SEED, why)
    return int(text)


def _told(name: str, read: Callable[[str], Any], text: str) -> Any:
    try:
        return read(text)
    except TrothError as fault:
        raise BadControlField(name, str(fault)) from None
