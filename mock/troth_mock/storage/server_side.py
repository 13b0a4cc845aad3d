"""What a server does to a thing by itself: when it is made, changed, or told to do something.

All of it goes by the names of the members that no client sets, as any reader would take them:
`createdAt` is the time of the creation, `comments_count` begins at 0, `status` with the first of
its states, and POST …/cancel makes it `cancelled`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from troth.generation import natural_values
from troth.openapi.names import named, words_of

_CREATED = frozenset({"create", "created", "creation", "inserted", "added", "uploaded"})
_CHANGED = frozenset(
    {"update", "updated", "modified", "modification", "changed", "change", "edited"}
)
_STATES = frozenset({"status", "state", "phase", "stage"})
#: States that say that none is known.
_UNKNOWN = frozenset({"unspecified", "unknown", "undefined", "none", "null"})
_COUNTS = frozenset({"count", "counts"})
#: First words of members that say what went wrong with a thing.
FAULTS = frozenset({"error", "errors", "failure", "failures"})
#: What says how much of a thing is done.
SHARES = named("progress percent percentage percent_complete progress_percent percent_done")
#: Later than this, a number of seconds is one of milliseconds.
_MOST_SECONDS = 100_000_000_000
_LEAST_SECONDS = 100_000_000
_VOWELS = "aeiou"
#: What things are from the start, though somebody may do it.
_ARE = frozenset({"enabled", "active", "open", "allowed", "required", "running"})
#: What is done, where it is not written as most verbs are.
_DONE = {
    "pay": "paid", "send": "sent", "resend": "sent", "reopen": "open", "start": "running",
    "resume": "running", "run": "running", "begin": "running", "stop": "stopped", "hold": "held",
    "withdraw": "withdrawn", "win": "won", "lose": "lost", "freeze": "frozen", "sell": "sold",
    "read": "read", "activate": "active", "deactivate": "inactive", "enable": "enabled",
    "unpublish": "draft", "finish": "done", "complete": "done", "approve": "accepted",
    "deny": "rejected", "fulfil": "fulfilled", "submit": "pending",
}  # fmt: skip


def stamp(before: Any, now: int) -> Any:
    """The time *now*, in seconds since 1970, written as the time *before* is; None: it is none."""
    if isinstance(before, str):
        text = datetime.fromtimestamp(now, UTC).isoformat()
        kind = before[4:5] + before[7:8] + before[10:11]
        return f"{text[:19]}Z" if kind == "--T" else text[:10] if kind == "--" else None
    if isinstance(before, (int, float)) and not isinstance(before, bool):
        if abs(before) >= _MOST_SECONDS:
            return now * 1000
        return now if abs(before) >= _LEAST_SECONDS else None
    return None


def at_first(name: str, drawn: Any, states: Sequence[Any], now: int) -> Iterator[Any]:
    """What the member *name* of a new thing may be instead of *drawn*, best first."""
    words = frozenset(words_of(name))
    time = stamp(drawn, now)
    told = natural_values.telling(name)
    if time is not None and (told is None or told.kind.moment is not None):
        if words & (_CREATED | _CHANGED):
            yield time
        elif told is not None and told.kind.name != "expiry":
            # what comes later has not come yet
            yield None
    elif words & _STATES and isinstance(drawn, str):
        usual = natural_values.table().pools["status"]
        known = [one for one in states if isinstance(one, str) and not _is_unknown(one)]
        # what an example says is not one of many that it might have been
        yield from known[:1] if known or drawn not in usual else usual[:1]
    elif isinstance(drawn, bool):
        yield _is_at_first(name)
    elif FAULTS.intersection(words_of(name)[:1]):
        yield None
    elif isinstance(drawn, (int, float)):
        is_begun = bool(words & _COUNTS) and isinstance(drawn, int)
        yield from [0] if is_begun or words_of(name) in SHARES else []


def _is_at_first(name: str) -> bool:
    """Whether a new thing is what *name* says: what most things are, if nobody has to do it first.

    What is verified, or paid, is so later.
    """
    last = words_of(name)[-1:]
    is_done = any(word.endswith("ed") or word in _DONE.values() for word in last)
    return natural_values.flag(name) > 50 and (not is_done or not _ARE.isdisjoint(last))


def touched(value: Any, now: int, *, settable: Iterable[str]) -> Any:
    """*value*, a thing that was changed *now*: when it was is told, where no client tells it."""
    if not isinstance(value, dict):
        return value
    times = {
        name: time
        for name, before in value.items()
        if name not in settable and _CHANGED.intersection(words_of(name))
        if (time := stamp(before, now)) is not None
    }
    return {**value, **times} if times else value


def done(value: Any, action: str, states: Mapping[str, Sequence[Any]], now: int) -> Any:
    """*value* after *action* was done to it; *states* are the values that members may have."""
    words = words_of(action)
    if not isinstance(value, dict) or not words:
        return value
    forms, opposite = _forms(words[0]), _forms(words[0].removeprefix("un"))
    after = dict(value)
    for name, before in value.items():
        own = words_of(name)
        if name in states and (isinstance(before, str) or before is None):
            known = (one for form in forms for one in states[name] if _is(one, form))
            after[name] = next(known, before)
        elif isinstance(before, bool):
            plain = own[1:] if own[:1] == ("is",) else own
            if len(plain) == 1 and plain[0] in forms:
                after[name] = True
            elif len(plain) == 1 and words[0].startswith("un") and plain[0] in opposite:
                after[name] = False
        elif len(own) == 2 and own[0] in forms and own[1] in ("at", "on"):
            time = stamp("2000-01-01T" if before is None else before, now)
            after[name] = before if time is None else time
    return after


def _forms(verb: str) -> tuple[str, ...]:
    """What a thing is once *verb* was done to it, as it may be spelt."""
    end = verb[-1:]
    if end == "e":
        regular = [f"{verb}d"]
    elif end == "y" and verb[-2:-1] not in _VOWELS:
        regular = [f"{verb[:-1]}ied"]
    else:
        regular = [f"{verb}ed", f"{verb}{end}ed"]
    return tuple(dict.fromkeys((*regular, *filter(None, (_DONE.get(verb),)), verb)))


def _is(state: Any, form: str) -> bool:
    return isinstance(state, str) and words_of(state)[-1:] == (form,)


def _is_unknown(state: str) -> bool:
    return not _UNKNOWN.isdisjoint(words_of(state))
