"""The grammar of faults: from a line of text to a `Fault`, and what was meant where it is none.

    fault   = step {"then" step} ["then again"]
    step    = effect {"and" effect} {when} ["on" operation] | "ok" {when}
    effect  = a kind of `KINDS`, and its clauses in any order
    when    = "2 %" | "every 3rd" | "first 2" | "3 times" | "once" | "the 4th" | "from the 4th on" …

Several faults stand in one text with a semicolon between them.  Case and articles mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from troth.errors import TrothError, similar
from troth_mock.faults.fault import KINDS, Clause, Effect, Fault, Place, Step, When

#: A fault waits no longer than that, in seconds.
LONGEST = 3600.0
_MOST = 1_000_000
_NAMES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERS = {name: str(number) for number, name in enumerate(_NAMES, 1)}
_UNITS = {"milli": 0.001, "ms": 0.001, "s": 1.0, "min": 60.0}
_DURATION = (
    r"(?P<n>\d{1,9}(?:\.\d{1,9})?) ?"
    r"(?:(?P<u>ms|milli(?=s)|s|min)(?:(?<=milli)seconds?|(?<=s)ec(?:ond)?s?|(?<=min)(?:ute)?s?)?)"
)
_ORDINAL = r"(\d+)(?:st|nd|rd|th)"
_EVENTS = r"(?:events?|chunks?|frames?)"
#: What others call it.
_MEANT: Mapping[str, str] = {
    **dict.fromkeys(("disconnect", "close", "hangup", "abandon"), "drop"),
    **dict.fromkeys(("timeout", "hang", "freeze", "pause"), "stall"),
    **dict.fromkeys(("delay", "latency", "wait", "sleep"), "slow 2 s"),
    **dict.fromkeys(("abort", "rst", "kill"), "reset"),
    **dict.fromkeys(("duplicate", "repeat", "twice"), "double"),
    **dict.fromkeys(("swap", "shuffle"), "reorder"),
    **dict.fromkeys(("lost", "missing", "skip", "omit"), "lose"),
    **dict.fromkeys(("invalid", "garbage", "corrupt", "broken", "bad"), "malformed"),
    **dict.fromkeys(("incomplete", "partial", "short"), "truncate"),
    **dict.fromkeys(("down", "unreachable", "offline"), "refuse for 3 s"),
    **dict.fromkeys(("ratelimit", "rate", "throttle", "limit"), "429"),
    **dict.fromkeys(("error", "fail", "crash", "internal"), "500"),
    **dict.fromkeys(("unavailable", "overloaded"), "503"),
    **dict.fromkeys(("comment", "keepalive", "keep-alive", "ping"), "comments"),
    **dict.fromkeys(("fragment", "chop"), "split"),
    **dict.fromkeys(("none", "works", "pass", "nothing"), "ok"),
}


class BadFault(TrothError):
    """A text that is no fault; *text* is all of it, *fault* what is wrong, *advice* what to do."""

    text: str
    fault: str
    advice: str = ""

    def __str__(self) -> str:
        text = self.text if len(self.text) <= 200 else self.text[:199] + "…"
        advice = f" {self.advice}" if self.advice else ""
        end = "" if self.fault.endswith("?") else "."
        return f"fault {text!r}: {self.fault}{end}{advice}"


def parse_all(text: str) -> tuple[Fault, ...]:
    """The faults of *text*, which semicolons or ends of lines part.  Raises BadFault."""
    parts = [part for part in re.split(r"[;\n]", text) if part.strip()]
    return tuple(map(parse, parts or [text]))


def parse(text: str) -> Fault:
    """The one fault that *text* says.  Raises BadFault."""
    words = " ".join(text.split())
    if not words:
        raise BadFault(text, "there is nothing in it", _SAMPLES)
    rest, operation = _without_operation(words)
    parts = re.split(r"\s+then\s+", _plain(rest), flags=re.I)
    is_repeated = parts[-1].lower() == "again" and len(parts) > 1
    parts = parts[:-1] if is_repeated else parts
    steps = tuple(_Reader(words, part).step() for part in parts)
    for part, step in zip(parts if is_repeated else parts[:-1], steps, strict=False):
        if step.when.last is None and not _is_plain(step.when):
            advice = f"Say how many requests it is about: '{part} 3 times then …'."
            raise BadFault(words, f"{part!r} never ends, so nothing can come after it", advice)
    if not any(step.effects for step in steps):
        raise BadFault(words, "nothing goes wrong by it", _SAMPLES)
    return Fault(words, steps, operation, is_repeated)


def _is_plain(when: When) -> bool:
    return (when.first, when.every, when.rate) == (1, 1, 1.0)


_SAMPLES = "Write '429 every 3rd', 'drop after 5 events 2 %' or '503 first 2'."
_OPERATION = re.compile(r"\son\s+(\"[^\"]*\"|(?:[A-Za-z]+|\*)\s+[/*]\S*|[^\s\"]+)", re.IGNORECASE)
# "from the 4th on" is no operation, but where the name of one follows
_FROM_ON = re.compile(
    rf"(\bfrom\s+(?:the\s+)?{_ORDINAL})\s+on(?=\s*$|\s*,|\s+(?:on|then|and|\d))", re.IGNORECASE
)


def _without_operation(words: str) -> tuple[str, str | None]:
    """*words* without the one operation that they are about, and that operation."""
    words = _FROM_ON.sub(r"\1", words)
    found = list(_OPERATION.finditer(words))
    if not found:
        return words, None
    if len(found) > 1:
        advice = "Write one fault for each, with ';' between them."
        raise BadFault(words, "it names two operations", advice)
    (only,) = found
    return f"{words[: only.start()]} {words[only.end() :]}", only[1].strip('"')


def _plain(words: str) -> str:
    """*words* without articles, and with numbers as digits."""
    return " ".join(
        _NUMBERS.get(word.lower(), word)
        for word in words.split()
        if word.lower() not in ("the", "a", "an")
    )


#: Of these one answer has one at most: its status, its end, and so on.
_EXCLUSIVE = (
    {"status", "refuse"},
    {"drop", "reset", "refuse", "cut", "cut in character", "truncate"},
    {"no sentinel", "double sentinel"},
    {"finish reason", "no finish reason"},
    {"split"},
)


def _excludes(one: Effect, other: Effect) -> bool:
    return any({one.kind, other.kind} <= kinds for kinds in _EXCLUSIVE)


class _Reader:
    """The rest of one step, read from its start; *whole* is what messages show."""

    def __init__(self, whole: str, rest: str) -> None:
        self._whole = whole
        self._rest = rest.strip()

    def step(self) -> Step:
        """All of it."""
        if self._take(r"(?:ok|works)"):
            return self._well()
        effects: list[Effect] = []
        when, is_more = When(), True
        while is_more:
            effect, when, is_more = self._effect_and_clauses(when)
            other = next((one for one in effects if _excludes(one, effect)), None)
            if other is not None:
                fault = f"{_named(other)!r} and {_named(effect)!r} cannot both come to one answer"
                raise self._bad(fault, "Write one after the other: '503 once then 429'.")
            effects.append(effect)
        return Step(tuple(effects), when)

    def _effect_and_clauses(self, when: When) -> tuple[Effect, When, bool]:
        """The next effect, with which requests it comes, and whether another one follows."""
        effect = self._effect()
        while self._rest:
            if self._take("and"):
                return effect, when, True
            self._rest = self._rest.removeprefix(",").lstrip()
            changed = self._clause(effect)
            if changed is not None:
                effect = changed
                continue
            both = self._when(when)
            if both is None:
                raise self._unknown_clause(effect)
            when = both
        return effect, when, False

    def _well(self) -> Step:
        when = When()
        while self._rest:
            both = self._when(when)
            if both is None:
                raise self._bad(f"{self._rest!r} after 'ok' means nothing", "Write 'ok 3 times'.")
            when = both
        return Step((), when)

    def _take(self, pattern: str) -> re.Match[str] | None:
        """What *pattern* matches at the start, as whole words; it is then read."""
        match = re.match(rf"(?:{pattern})(?![\w.-])(?:\s+|(?=,)|$)", self._rest, re.I)
        if match is not None:
            self._rest = self._rest[match.end() :]
        return match

    def _bad(self, fault: str, advice: str = "") -> BadFault:
        return BadFault(self._whole, fault, advice)

    # What goes wrong.

    def _effect(self) -> Effect:
        if match := self._take(r"(\d{1,9})(?=\s|$|,)(?! ?%| ?times| per)"):
            return self._status(int(match[1]))
        if match := self._take(rf"slow (?:by )?{_DURATION}"):
            return Effect("slow", seconds=self._seconds(match))
        if match := self._take(r"finish[ _-]reason (\S+)"):
            return Effect("finish reason", form=match[1])
        if self._take(r"(?:no|without) finish[ _-]reason"):
            return Effect("no finish reason")
        if match := self._take(r"error event(?: ([45]\d\d))?"):
            return Effect("error event", status=int(match[1] or 500))
        if self._take(r"hang"):
            return Effect("stall", place=Place(0, "answer"))
        for name in sorted(KINDS, key=len, reverse=True):
            if name not in ("status", "slow", "finish reason") and self._take(_spellings(name)):
                return Effect(name)
        raise self._unknown()

    def _status(self, status: int) -> Effect:
        if not 400 <= status <= 599:
            raise self._bad(
                f"{status} is no status of an error", "A fault answers with 400 to 599."
            )
        return Effect("status", status=status)

    def _unknown(self) -> BadFault:
        words = self._rest.split() or [""]
        first = words[0].strip(",").lower()
        if not first:
            return self._bad("something is missing at its end", _SAMPLES)
        if first == "slow":
            return self._bad("how slow?", "Write 'slow 2 s' or 'slow 300 ms'.")
        if first == "finish":
            return self._bad("which finish reason?", "Write 'finish reason length'.")
        if self._when(When()) is not None:
            return self._bad(
                "what goes wrong has to come first, and how often after it",
                "Write '429 2 %' or 'drop every 3rd'.",
            )
        names = [name for name in KINDS if name != "status"] + ["ok", "hang", "429"]
        nearest = _MEANT.get(first.rstrip("s")) or _MEANT.get(first)
        near = [nearest] if nearest else similar(first, [*names, *_MEANT])
        meant = _MEANT.get(near[0], near[0]) if near else ""
        advice = f"Did you mean {meant!r}?" if meant else ""
        known = f"There are: a status (400 to 599), {', '.join(names[:-3])}."
        return self._bad(f"{first!r} is no fault", advice or known)

    # What more is said of it.

    def _clause(self, effect: Effect) -> Effect | None:
        for kind, pattern, change in _CLAUSES:
            before = self._rest
            match = self._take(pattern)
            if match is None:
                continue
            words = before[: len(before) - len(self._rest)].strip()
            if kind not in KINDS[effect.kind].clauses:
                raise self._bad(
                    f"{words!r} does not go with {_named(effect)!r}", _how_written(effect)
                )
            changed = self._changed(effect, change(self, match), words)
            self._check(changed, words)
            return changed
        return None

    def _changed(self, effect: Effect, members: Mapping[str, Any], words: str) -> Effect:
        for name in members:
            if getattr(effect, name) != getattr(Effect(effect.kind), name):
                raise self._bad(f"{words!r} says a second time what was said before")
        return replace(effect, **members)

    def _check(self, effect: Effect, words: str) -> None:
        unit = effect.place.unit if effect.place is not None else None
        one_event = KINDS[effect.kind].targets == ("stream",) or effect.kind in (
            "malformed", "cut", "cut in character", "wrong length",
        )  # fmt: skip
        if unit == "bytes" and one_event:
            raise self._bad(
                f"{words!r}: {_named(effect)!r} is about whole events",
                "Count them: 'after 5 events'.",
            )
        if unit == "answer" and effect.kind not in ("drop", "reset", "stall"):
            raise self._bad(f"{words!r} does not go with {_named(effect)!r}", _how_written(effect))
        if effect.kind == "split" and effect.amount is not None and effect.amount < 1:
            raise self._bad(f"{words!r}: a piece has one byte at least")
        if effect.kind == "wrong length" and effect.amount == 0:
            raise self._bad(f"{words!r}: that length is right", "Write 'by 10 bytes'.")

    def _unknown_clause(self, effect: Effect) -> BadFault:
        rest = self._rest
        if re.match(rf"(?:after|at) {_DURATION}", rest, re.I):
            return self._bad(
                f"{rest!r}: a place is counted in events or bytes, and no time",
                "Write 'after 5 events', or 'slow 2 s' for a wait before the answer.",
            )
        words = rest.split()
        if not words:
            return self._bad("something is missing at its end", _SAMPLES)
        opener = similar(words[0], [*_OPENERS], least=0.6)
        advice = ""
        if opener and opener[0] != words[0]:
            advice = f"Did you mean {' '.join([opener[0], *words[1:]])!r}? "
        elif words[0] in _OPENERS:
            return self._bad(f"{rest!r} cannot be read", f"Write {_OPENERS[words[0]]}.")
        return self._bad(
            f"{rest!r} after {_named(effect)!r} means nothing", advice + _how_written(effect)
        )

    # With which requests.

    def _when(self, when: When) -> When | None:
        for pattern, change in _WHENS:
            before = self._rest
            match = self._take(pattern)
            if match is not None:
                words = before[: len(before) - len(self._rest)].strip()
                members = change(match)
                self._check_when(members, words)
                for name, value in members.items():
                    known = getattr(when, name)
                    if known not in (getattr(When(), name), value):
                        raise self._bad(f"{words!r} contradicts what was said before it")
                return replace(when, **members)
        return None

    def _check_when(self, members: Mapping[str, Any], words: str) -> None:
        if not 0 < members.get("rate", 1.0) <= 1:
            raise self._bad(f"{words!r} is no rate", "One is above 0 % and at most 100 %.")
        counts = [members[name] for name in ("first", "last", "every") if name in members]
        if any(not 0 < count <= _MOST for count in counts):
            raise self._bad(f"{words!r}: requests are counted from 1 to {_MOST:,}")
        if members.get("last", _MOST) < members.get("first", 1):
            raise self._bad(f"{words!r} ends before it begins")

    def _seconds(self, match: re.Match[str]) -> float:
        seconds = float(match["n"]) * _UNITS[match["u"].lower()]
        if seconds > LONGEST:
            raise self._bad(
                f"{match[0].strip()!r} is too long", "A fault waits for an hour at most."
            )
        return seconds

    def retry_after(self, match: re.Match[str]) -> Mapping[str, Any]:
        """What a Retry-After says."""
        seconds = self._seconds(match)
        if not seconds.is_integer():
            raise self._bad(
                f"{match[0].strip()!r}: Retry-After is in whole seconds (RFC 9110 §10.2.3)",
                "Write 'retry after 1 s'.",
            )
        return {"seconds": seconds}

    def duration(self, match: re.Match[str]) -> Mapping[str, Any]:
        """How long it lasts."""
        return {"seconds": self._seconds(match)}

    def place(self, match: re.Match[str]) -> Mapping[str, Any]:
        """After how many events or bytes."""
        count = int(match[1])
        if count > _MOST * 1000:
            raise self._bad(f"{match[0].strip()!r} is beyond the end of any answer")
        return {"place": Place(count, "bytes" if "byte" in match[0].lower() else "events")}

    def event(self, match: re.Match[str]) -> Mapping[str, Any]:
        """At which event."""
        if not int(match[1]):
            raise self._bad(f"{match[0].strip()!r}: events are counted from 1")
        return {"place": Place(int(match[1]) - 1, "events")}


_CLAUSES: Sequence[tuple[Clause, str, Callable[[_Reader, re.Match[str]], Mapping[str, Any]]]] = (
    ("place", rf"after (?:first )?(\d{{1,12}}) (?:{_EVENTS}|bytes?)", _Reader.place),
    ("place", rf"at {_EVENTS} (\d{{1,12}})", _Reader.event),
    ("place", rf"at {_ORDINAL} {_EVENTS}", _Reader.event),
    ("place", r"before answer", lambda _, match: {"place": Place(0, "answer")}),
    ("duration", rf"for {_DURATION}", _Reader.duration),
    ("retry", rf"retry[ -]after:? {_DURATION}", _Reader.retry_after),
    ("retry", r"(?:no|without) retry[ -]after", lambda _, match: {"seconds": -1.0}),
    ("form", r"as (html|text|nothing)", lambda _, match: {"form": match[1].lower()}),
    ("amount", r"(?:by|into) (-?\d{1,6}) bytes?", lambda _, match: {"amount": int(match[1])}),
)
_WHENS: Sequence[tuple[str, Callable[[re.Match[str]], Mapping[str, Any]]]] = (
    (r"(\d{1,9}(?:\.\d{1,9})?) ?(?:%|per ?cent)", lambda match: {"rate": float(match[1]) / 100}),
    (r"every other(?: time| request)?", lambda match: {"every": 2}),
    (rf"every (?:{_ORDINAL}|(\d{{1,9}}))(?: times?| requests?)?",
     lambda match: {"every": int(match[1] or match[2])}),
    (r"(?:always|every time|every request)", lambda match: {}),
    (r"first (\d{1,9})(?: times?| requests?)?", lambda match: {"first": 1, "last": int(match[1])}),
    (r"(?:once|first(?: time| request)?)", lambda match: {"first": 1, "last": 1}),
    (r"twice", lambda match: {"first": 1, "last": 2}),
    (r"(\d{1,9}) times?", lambda match: {"first": 1, "last": int(match[1])}),
    (rf"from {_ORDINAL}(?: on| time| request)*", lambda match: {"first": int(match[1])}),
    (rf"{_ORDINAL} (?:to|-) {_ORDINAL}(?: times?| requests?)?",
     lambda match: {"first": int(match[1]), "last": int(match[2])}),
    (rf"(?:only )?{_ORDINAL}(?: time| request)?",
     lambda match: {"first": int(match[1]), "last": int(match[1])}),
)  # fmt: skip
#: How clauses are written, by the word that they begin with.
_OPENERS: Mapping[str, str] = {
    "after": "'after 5 events' or 'after 100 bytes'",
    "at": "'at event 5'",
    "before": "'before the answer'",
    "for": "'for 3 s'",
    "retry": "'retry after 2 s'",
    "as": "'as html', 'as text' or 'as nothing'",
    "by": "'by 10 bytes'",
    "into": "'into 7 bytes'",
    "every": "'every 3rd'",
    "first": "'first 2'",
    "from": "'from the 4th on'",
    "once": "'once'",
    "twice": "'twice'",
    "on": "'on POST /path' or 'on operationId'",
    "then": "'503 twice then ok'",
    "and": "'slow 2 s and 503'",
}


def _spellings(name: str) -> str:
    """A pattern for how the kind *name* may be written."""
    first, _, rest = name.partition(" ")
    words = {
        "no": "(?:no|without|missing)",
        "comments": "comments?",
        "malformed": "malformed(?: json| body)?",
        "empty": "empty(?: body| answer)?",
        "double": "doubled?",
        "cut": "cut(?: in (?:mid-?)?json)?" if not rest else "cut",
    }
    tail = re.escape(f" {rest}") if rest else ""
    if rest == "in character":
        tail = " in (?:mid-?)?(?:character|char)"
    return words.get(first, re.escape(first)) + tail


def _named(effect: Effect) -> str:
    """*effect* in the word that it begins with."""
    return str(effect.status) if effect.kind == "status" else effect.kind


def _how_written(effect: Effect) -> str:
    written = KINDS[effect.kind].written.replace("429", _named(effect))
    return f"It is written: {written}; then how often, as in '2 %', 'every 3rd' or 'first 2'."
