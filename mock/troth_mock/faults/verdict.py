"""What a client made of the faults that befell it, told from what it sent afterwards.

All that is known is the journal: which requests came when, and what was sent.  So a verdict says
what can be seen there (the same request again, so many seconds later; the text of a stream that
broke off, in a later request; a client that waits, or has gone) and leaves open what cannot.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice, pairwise
from typing import Any, Literal

from troth import pointer
from troth.http import json_text, media_type, sse
from troth.http.exchange import Fields, Request, Response
from troth.openapi.names import is_idempotency_key
from troth.openapi.operation import Operation
from troth.openapi.stream_assembly import fold
from troth_mock.faults.fault import Effect
from troth_mock.faults.grammar import BadFault, parse_all
from troth_mock.reply import CONTROL_PREFIX

#: What a client can have done.
Outcome = Literal[
    "retried", "hammered", "insisted", "changed-key", "took-for-whole", "gave-up",
    "left", "waiting", "hung", "waited", "read-on",
]  # fmt: skip
#: What a client should not do.
BAD: frozenset[Outcome] = frozenset(
    {"hammered", "insisted", "changed-key", "took-for-whole", "hung"}
)
#: What is good whatever the app is for.  The rest is neither: only its author knows whether it had
#: to ask again.
GOOD: frozenset[Outcome] = frozenset({"retried", "waited"})
#: A client should not wait for longer than that for the next byte, in seconds.
PATIENCE = 30.0
#: What is told as a time is as exact as that: clients have timers, and so has the mock.
_TOLERANCE = 0.05
#: So many requests one after the other, each without a pause, are too many.
_MANY = 3
_LEAST_TEXT = 8
#: So much of the beginning of an answer that broke off is looked for, in so many later requests.
_MOST_EVENTS, _MOST_BYTES, _MOST_LATER = 40, 12 * 1024, 100
#: Who sent those words so often since they had come whole has done no wrong.
_MOST_EXPLAINED = 3
#: Who asks again within so many seconds has not thought about it.
_SOON = 5.0
#: What may be asked again although it was refused (RFC 9110 §15.5.9, RFC 8470, RFC 6585, and a
#: lock that another holds); of what the server failed in, all but what it does not have at all.
_TRANSIENT = frozenset({408, 409, 425, 429})
_LASTING = frozenset({501, 505})
_UNSAFE = frozenset({"POST", "PATCH"})
_BROKEN = frozenset(
    {"drop", "reset", "refuse", "cut", "cut in character", "truncate", "malformed", "wrong length",
     "empty", "error event", "stall"}
)  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class Seen:
    """One exchange of the journal: times on one clock, *ended* None while the answer is open.

    *request* is without its *body*, of which, as of the *content* of the answer, only the beginning
    may be kept.  *state* tells how the answer ended: `complete`, `closed`, `reset` or `stalled` by
    the mock, or `gone`, its client.
    """

    number: int
    session: str
    began: float
    ended: float | None
    request: Request
    body: bytes = b""
    status: int | None = None
    fields: Fields = ()
    content: bytes = b""
    state: str = "complete"
    labels: Mapping[str, str] = field(default_factory=dict)
    operation: Operation | None = None

    @property
    def faults(self) -> tuple[str, ...]:
        """The texts of the faults that befell it."""
        text = self.labels.get("fault", "")
        return tuple(text.split("; ")) if text else ()

    @property
    def json(self) -> Any:
        """What the request's body says.  Raises BadJson."""
        return json_text.decode(self.body)

    def __repr__(self) -> str:
        status = "no answer" if self.status is None else str(self.status)
        faults = "".join(f", {text!r}" for text in self.faults)
        how = "" if self.state == "complete" else f", {self.state}"
        return (
            f"<#{self.number} {self.request.method} {self.request.target}: {status}{how}{faults}>"
        )


@dataclass(frozen=True, slots=True)
class Item:
    """What came of one fault: the *exchange* that it befell, its text, and what the client did."""

    exchange: int
    fault: str
    outcome: Outcome
    message: str
    #: The number of the exchange with which the client asked again, and after how many seconds.
    retry: int | None = None
    after: float | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.outcome not in BAD

    def as_json(self) -> dict[str, Any]:
        """The item as the control API tells it."""
        value: dict[str, Any] = {
            "exchange": self.exchange, "fault": self.fault, "outcome": self.outcome,
            "ok": self.ok, "message": self.message,
        }  # fmt: skip
        if self.retry is not None and self.after is not None:
            value |= {"retry": self.retry, "after": round(self.after, 3)}
        return value

    def __str__(self) -> str:
        mark = "ok " if self.ok else "BAD"
        return f"{mark} {self.outcome:<14} #{self.exchange} {self.fault!r}: {self.message}"


@dataclass(frozen=True)
class Verdict:
    """What a client made of all faults that befell it, oldest first."""

    items: tuple[Item, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it did nothing that a client should not do."""
        return all(item.ok for item in self.items)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What it did after each fault, in one word."""
        return tuple(item.outcome for item in self.items)

    def assert_ok(self) -> None:
        """Raise AssertionError, with all that happened, unless the client did well."""
        if not self.ok:
            raise AssertionError(str(self))

    def as_json(self) -> dict[str, Any]:
        """The verdict as the control API tells it."""
        return {"ok": self.ok, "items": [item.as_json() for item in self.items]}

    def __str__(self) -> str:
        return "\n".join([self._summary, *(f"  {item}" for item in self.items)])

    @property
    def _summary(self) -> str:
        if not self.items:
            return "no fault befell this client"
        bad = sum(not item.ok for item in self.items)
        count = f"{len(self.items)} fault{'s' * (len(self.items) != 1)}"
        if bad:
            return f"the client did badly after {bad} of {count}"
        return f"{'well' if GOOD.issuperset(self.outcomes) else 'nothing wrong'} after {count}"

    def __repr__(self) -> str:
        # pytest shows some 200 characters of it, in one line
        first = next((f"; {item}" for item in self.items if not item.ok), "")
        return f"<Verdict: {self._summary}{first}>"


def verdict(
    exchanges: Sequence[Seen],
    *,
    now: float,
    patience: float = PATIENCE,
    only: int | None = None,
    whole: Callable[[Seen], Seen] = lambda seen: seen,
) -> Verdict:
    """What the clients of *exchanges*, oldest first, made of the faults, as is known *now*.

    With *only* it is about the exchange of that number.  Those that no fault befell may lack their
    answers: *whole* gives one with it, and is asked of few.
    """
    known = _Journal(exchanges, whole)
    return Verdict(
        tuple(
            _item(seen, known, now=now, patience=patience)
            for seen in exchanges
            if seen.faults and only in (None, seen.number)
        )
    )


_Identity = tuple[str, str, str, bytes, Fields]


class _Journal:
    """The exchanges by what they asked, and by session."""

    def __init__(self, exchanges: Sequence[Seen], whole: Callable[[Seen], Seen]) -> None:
        self._whole = whole
        self._alike: dict[_Identity, list[Seen]] = {}
        self._of_session: dict[str, list[Seen]] = {}
        self._strings: dict[int, list[str]] = {}
        self._answers: dict[int, list[str]] = {}
        self._hasty: dict[_Identity, int] = {}
        for seen in exchanges:
            self._alike.setdefault(_identity(seen), []).append(seen)
            self._of_session.setdefault(seen.session, []).append(seen)

    def retry(self, seen: Seen) -> Seen | None:
        """The next time that the request of *seen* was sent."""
        return next(_after(seen, self._alike[_identity(seen)]), None)

    def others(self, seen: Seen) -> Iterator[Seen]:
        """What else the same session sent after *seen* had ended: the next so many requests."""
        asked = _identity(seen)
        later = (one for one in _after(seen, self._of_session[seen.session]))
        return islice((one for one in later if _identity(one) != asked), _MOST_LATER)

    def strings(self, seen: Seen) -> list[str]:
        """The strings in the JSON of what *seen* sent."""
        strings = self._strings.get(seen.number)
        if strings is None:
            strings = self._strings[seen.number] = []
            with suppress(json_text.BadJson):
                strings += _strings(json_text.decode(seen.body))
        return strings

    def came_whole(self, text: str, sent: str, later: Seen) -> bool:
        """Whether *later*, which *sent* *text* in that string, has it from an answer that is whole.

        A client that asked again in another way got the same beginning, and answers begin alike.
        """
        known = self._of_session[later.session]
        end = bisect_right(known, later.number - 1, key=lambda one: one.number)
        earlier = (one for one in known[max(0, end - _MOST_LATER) : end] if not _is_broken(one))
        return any(
            text in answer and answer in sent for one in earlier for answer in self.answer(one)
        )

    def answer(self, seen: Seen) -> list[str]:
        """The texts of what *seen* got."""
        texts = self._answers.get(seen.number)
        if texts is None:
            whole = self._whole(seen)
            texts = self._answers[seen.number] = _grown(whole)
            if len(whole.content) <= _MOST_BYTES:
                with suppress(json_text.BadJson):
                    texts += [one.strip() for one in _strings(json_text.decode(whole.content))]
        return texts

    def hasty(self, seen: Seen) -> int:
        """How often the request of *seen* came again without a pause, up to it and after it."""
        asked = _identity(seen)
        if asked not in self._hasty:
            broken = [one for one in self._alike[asked] if one.faults]
            self._hasty[asked] = sum(
                after.began - (one.began if one.ended is None else one.ended) < _TOLERANCE
                for one, after in pairwise(broken)
            )
        return self._hasty[asked]


def _identity(seen: Seen) -> _Identity:
    """What a request has in common with its retries.

    Who asks for another answer (X-Troth-Fail) is at the next test, and not trying again.
    """
    request = seen.request
    asked = tuple(
        sorted(field for field in request.fields if field[0].lower().startswith(CONTROL_PREFIX))
    )
    return (seen.session, request.method, request.target, seen.body, asked)


def _after(seen: Seen, exchanges: Sequence[Seen]) -> Iterator[Seen]:
    """Those of *exchanges*, oldest first, that began after *seen* had ended."""
    if seen.ended is None:
        return
    first = bisect_right(exchanges, seen.number, key=lambda one: one.number)
    for one in islice(exchanges, first, None):
        if one.began >= seen.ended - _TOLERANCE:
            yield one


def _item(seen: Seen, known: _Journal, *, now: float, patience: float) -> Item:
    """What came of the faults of *seen*."""
    kinds = _kinds(seen)
    if "stall" in kinds:
        waited = _waiting(seen, known, now=now, patience=patience)
        if waited is not None:
            return waited
    retry = known.retry(seen)
    if retry is not None and kinds & (_BROKEN | {"status"}):
        return _of_retry(seen, retry, known)
    if "status" in kinds:
        return _told(seen, "gave-up", f"{seen.status} was not followed by the same request")
    if kinds & _BROKEN:
        return _of_broken(seen, known)
    if seen.state == "gone":
        return _told(seen, "left", f"its client went after {_seconds(seen, now)}")
    if seen.ended is None:
        return _told(seen, "waiting", f"its client waits, by now for {_seconds(seen, now)}")
    if kinds & {"slow", "pause"}:
        return _told(seen, "waited", f"its client waited {_seconds(seen, now)} for all of it")
    return _told(seen, "read-on", "nothing that a client does tells whether it took notice")


def _kinds(seen: Seen) -> frozenset[str]:
    """The kinds of faults that befell *seen*; a stall that ends is a `pause`."""
    return frozenset(
        "pause" if effect.kind == "stall" and effect.seconds is not None else effect.kind
        for effect in _effects(seen)
    )


def _is_broken(seen: Seen) -> bool:
    """Whether less came of the answer than there was."""
    return bool(seen.faults) and bool(_kinds(seen) & _BROKEN)


def _effects(seen: Seen) -> tuple[Effect, ...]:
    effects = [effect for text in seen.faults for effect in _effects_of(text)]
    # of a script only one step befell it: that which fits the answer
    answered = {effect.status for effect in effects if effect.kind == "status"}
    if answered and seen.status not in answered:
        return tuple(effect for effect in effects if effect.kind != "status")
    if seen.status in answered:
        return tuple(effect for effect in effects if effect.is_before)
    return tuple(effects)


@lru_cache(maxsize=256)
def _effects_of(text: str) -> tuple[Effect, ...]:
    try:
        return tuple(effect for fault in parse_all(text) for effect in fault.effects)
    except BadFault:
        return ()  # a label that somebody else gave


def _told(seen: Seen, outcome: Outcome, message: str, **members: Any) -> Item:
    return Item(seen.number, "; ".join(seen.faults), outcome, message, **members)


def _seconds(seen: Seen, now: float) -> str:
    return _as_seconds((now if seen.ended is None else seen.ended) - seen.began)


def _as_seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"


def _waiting(seen: Seen, known: _Journal, *, now: float, patience: float) -> Item | None:
    """What came of an answer that never ends; None: its client went, and asked again."""
    end = now if seen.ended is None else seen.ended
    if end - seen.began > patience:
        still = "waits, by now" if seen.ended is None else "waited"
        message = (
            f"its client {still} for {_seconds(seen, now)}; no more than {patience:g} s are due"
        )
        return _told(seen, "hung", message)
    if seen.ended is None:
        return _told(seen, "waiting", f"its client waits, by now for {_seconds(seen, now)}")
    if known.retry(seen) is not None or _taken(seen, known) is not None:
        return None
    return _told(seen, "left", f"its client went after {_seconds(seen, now)}")


def _of_retry(seen: Seen, retry: Seen, known: _Journal) -> Item:
    """What to say of *retry*, with which the request of *seen* came again."""
    after = max(0.0, retry.began - (seen.ended if seen.ended is not None else seen.began))
    times = {"retry": retry.number, "after": after}
    came = f"asked again after {_as_seconds(after)}"
    status = seen.status or 0
    if after < _SOON and _is_lasting(seen, retry):
        return _told(seen, "insisted", f"{came}, though {status} will be {status} again", **times)
    key, again = _key(seen.request), _key(retry.request)
    if key is not None and again != key:
        how = "without its idempotency key" if again is None else "with another idempotency key"
        return _told(seen, "changed-key", f"{came}, {how}: it may be done twice", **times)
    from troth.conformance.budget import retry_after  # a mock starts without it

    wait = retry_after(Response(status, seen.fields)) if status else None
    if wait is not None:
        told = f"{came}; Retry-After was {wait:g} s"
        is_early = after < wait - _TOLERANCE
        return _told(seen, "hammered" if is_early else "retried", told, **times)
    if after < _TOLERANCE and known.hasty(seen) >= _MANY:
        how = f"{came}, and {known.hasty(seen)} times in all without a pause"
        return _told(seen, "hammered", how, **times)
    if key is not None:
        came += ", with the same idempotency key"
    elif seen.request.method in _UNSAFE and "status" not in _kinds(seen):
        came += ", without an idempotency key"
    return _told(seen, "retried", came, **times)


def _is_lasting(seen: Seen, retry: Seen) -> bool:
    """Whether what refused *seen* is sure to refuse *retry* too."""
    status = seen.status or 0
    if status in (401, 407) and _credentials(seen.request) != _credentials(retry.request):
        return False
    return (400 <= status < 500 and status not in _TRANSIENT) or status in _LASTING


def _credentials(request: Request) -> tuple[str | None, ...]:
    return tuple(map(request.field, ("Authorization", "Proxy-Authorization", "Cookie")))


def _key(request: Request) -> str | None:
    """What tells that a request is the same one again, whatever the field for it is called."""
    return next((value for name, value in request.fields if is_idempotency_key(name)), None)


def _of_broken(seen: Seen, known: _Journal) -> Item:
    taken = _taken(seen, known)
    if taken is None:
        return _told(seen, "gave-up", "nothing that came later has to do with it")
    later, text = taken
    shown = text if len(text) <= 40 else f"{text[:39]}…"
    message = f"sent what it had of the answer as if it were all, in #{later.number}: {shown!r}"
    return _told(seen, "took-for-whole", message)


def _taken(seen: Seen, known: _Journal) -> tuple[Seen, str] | None:
    """The later request in which the text stands that had come of a stream, and that text."""
    texts = _grown(seen)
    if not texts:
        return None
    explained = 0
    for later in known.others(seen):
        for text in texts:
            sent = [one for one in known.strings(later) if text in one]
            if any(not known.came_whole(text, one, later) for one in sent):
                return later, text
            explained += bool(sent)
            if explained >= _MOST_EXPLAINED:
                return None
    return None


def _grown(seen: Seen) -> list[str]:
    """The texts that the events which came make together, and none of them alone; longest first."""
    kind = next((text for name, text in seen.fields if name.lower() == "content-type"), "")
    if not media_type.is_event_stream(kind):
        return []
    items, alone = [], set[str]()
    for event in sse.Decoder().feed(seen.content[:_MOST_BYTES])[:_MOST_EVENTS]:
        with suppress(json_text.BadJson):
            items.append(json_text.decode(event.data.encode("utf-8", "surrogatepass")))
            alone |= set(_strings(items[-1]))
    response = seen.operation.response(seen.status or 0) if seen.operation is not None else None
    entry = response.media_type(kind) if response is not None else None
    if entry is not None and entry.assembly is not None:
        texts = set(_strings(fold(entry.assembly, items)))
    else:
        texts = set(_joined(items).values())
    own = [text.strip() for text in texts - alone]
    return sorted((text for text in own if len(text) >= _LEAST_TEXT), key=len, reverse=True)


def _joined(items: Sequence[Any]) -> Mapping[str, str]:
    """The strings at each place of *items*, one after the other, but where all are the same."""
    parts: dict[str, list[str]] = {}
    for item in items:
        for at, text in pointer.places(item):
            if isinstance(text, str):
                parts.setdefault(at, []).append(text)
    return {at: "".join(texts) for at, texts in parts.items() if len(set(texts)) > 1}


def _strings(value: Any) -> Iterator[str]:
    return (part for part in pointer.parts(value) if isinstance(part, str))
