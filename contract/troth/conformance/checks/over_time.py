"""What one exchange cannot show: the probes of the last phase, each about several answers.

Repetition, credentials after a success, streams beside bodies, a client that goes away, and
health; `leaks` has those of several requests at once.  Everything that is sent is a case that has
been sent before, or one made of it, so what is found can be sent again like everything else.  Each
probe is given a session and a subject, and knows nothing of the others.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Literal

from troth import pointer as pointers
from troth.conformance.cases.case import Case, Subject, merged
from troth.conformance.checks.answers import body_of, run_violation
from troth.conformance.events import Step
from troth.conformance.session import Session
from troth.conformance.stateful import life_cycle, paging, sequences
from troth.conformance.stateful.comparison import same
from troth.conformance.stateful.links import own_link_of
from troth.generation.request_writer import Values, with_credential, without_credential
from troth.http import json_text
from troth.http.exchange import Exchange, Request
from troth.laws import laws
from troth.laws.laws import Law, Verdict
from troth.openapi.names import words_of
from troth.openapi.operation import Operation, Parameter
from troth.openapi.resources import Resource, resources
from troth.openapi.schema_view import of_content
from troth.validation.violation_builder import ViolationBuilder
from troth.violation import Severity


def _smallest(subject: Subject) -> Case:
    """The smallest valid request once more, as a case of this phase."""
    return subject.case("stateful", "minimal", subject.minimal, about="the smallest request")


# -- laws that compare two answers ----------------------------------------------------------------


async def laws_that_repeat(session: Session, subject: Subject) -> None:
    """Judge each law that compares two answers to one request."""
    if subject.made is None:
        return
    for law in subject.operation.laws:
        for index, patch in enumerate(law.requests if law.repeats else (), 1):
            if not session.budget.affords(2):
                return
            name, about = f"law-{law.id}-{index}", f"the law {law.id}"
            value = subject.patched(patch)
            case = subject.case("stateful", name, value, about=about, laws=(law.id,))
            if case.intent == "valid" and case.published_intent == "valid":
                await _repeat(session, subject, case, law)


async def _repeat(session: Session, subject: Subject, case: Case, law: Law) -> None:
    other = merged(case.value, law.variation) if law.variation else case.value
    again = subject.case("stateful", "again", other, about=case.about, laws=case.laws)
    again = replace(again, id=f"{case.id}-again")
    before = body_of(session.contract, case, await session.attempt(case))
    if before is None:
        return
    verdicts: dict[str, Verdict] = {}

    def compare(exchange: Exchange) -> Mapping[str, Verdict]:
        after = body_of(session.contract, again, exchange)
        if after is not None and exchange.response is not None:
            facts = {"request": case.value, "status": exchange.response.status}
            verdicts[law.id] = laws.verdict(law, {**facts, "first": before, "again": after})
        return verdicts

    exchange = await session.attempt(again, compare=compare)
    if exchange is not None and verdicts.get(law.id) == "broken":
        builder = ViolationBuilder(subject.operation, law.pointer, tells_place=False)
        violation = builder.violation(
            f"law.{law.id}",
            f"{law.message} (the document says: {law.says!r})",
            severity=law.severity,
            law=law.id,
            place=law.place,
        )
        session.enter(case, exchange, violation)


# -- credentials ----------------------------------------------------------------------------------


async def credentials_after_success(
    session: Session, subject: Subject, *, success: Exchange | None
) -> None:
    """A good token must not open the door for those without one; a near miss is a miss.

    The *success* is that of the smallest request, where there was one right before.
    """
    good = _smallest(subject)
    if with_credential(good.request, "") == good.request:
        return
    if (success or await session.attempt(good)) is None:
        return
    await session.attempt(
        replace(
            good,
            id="stateful/no-credential-after-success",
            phase="protocol",
            about="no credential, after a success",
            request=without_credential(good.request),
            intent="invalid",
            published_intent="invalid",
        )
    )
    if session.credentials.token is not None:
        turn = list(session.subjects).index(good.operation)
        await _near_misses(session, good, session.credentials.token, turn=turn)


#: So many operations are tried with every near miss: most servers look at all tokens alike.
_EVERY_MISS = 3


async def _near_misses(session: Session, good: Case, token: str, *, turn: int) -> None:
    """Tokens that resemble the good one: if some are refused, all must be.

    Later operations, by their *turn*, have another token and one near miss.
    """
    wrong = {
        "another token": "x" * len(token),
        "the token without its end": token[:-1],
        "the token with something after it": token + "x",
        "the token in another case": token.swapcase(),
    }
    taken: tuple[Case, Exchange] | None = None
    refused = 0
    first, *others = wrong
    tried = {first, others[turn % len(others)]} if turn >= _EVERY_MISS else {*wrong}
    for name, text in sorted(wrong.items(), key=lambda each: each[0] not in tried):
        if text in ("", token) or session.budget.spent or (name not in tried and not taken):
            continue
        request = with_credential(good.request, text)
        case = good.unsure(id=f"stateful/{name.replace(' ', '-')}", request=request, about=name)
        exchange = await session.probe(case)
        status = exchange.response.status if exchange.response else 0
        refused += status in (401, 403)
        if 200 <= status < 300:
            taken = taken or (case, exchange)
    if taken is not None:
        case, exchange = taken
        # a server that takes any token at all may be meant to: a local model, a mock
        severity: Severity = "error" if refused else "warning"
        also = "" if refused else ", and so is every other"
        message = f"{case.about} is taken as a good one{also}"
        code = "security.wrong-token-accepted"
        session.enter(case, exchange, run_violation(case, code, message, severity=severity))


# -- streams beside bodies ------------------------------------------------------------------------

_TEXTS = ("Tell me about the sea.", "Name three rivers, and say where they end.", "Who are you?")
#: Of so many of the texts the stream must say nearly the same before a difference means something.
_ENOUGH = 2
_SHORTEST = 4

Likeness = Literal["equal", "near", "other"]


@dataclass(frozen=True, slots=True)
class _Compared:
    """A text unstreamed and streamed, and what gave the latter."""

    likeness: Likeness
    plain: str
    streamed: str
    case: Case
    exchange: Exchange


async def streams_agree(session: Session, subject: Subject) -> None:
    """Enter a finding if the streams of a server that repeats itself say something else.

    Each request is sent twice unstreamed, and the texts must be equal before the stream is held
    against them.  A server may still sample anew for a stream, so a text that has nothing in
    common with the other accuses nobody.  What tells is a text that is nearly the other: pieces
    lost, doubled or out of order.
    """
    if subject.made is None or subject.made.chat is None or subject.streamed is None:
        return
    compared = []
    for index, text in enumerate(_TEXTS):
        if not session.budget.affords(3):
            return
        one = await _compare(session, subject, _repeatable(subject, text), index)
        if one is None:
            return
        compared.append(one)
    same = [one for one in compared if one.likeness != "other"]
    wrong = [one for one in compared if one.likeness != "equal"]
    if len(same) >= _ENOUGH and wrong:
        one = wrong[0]
        message = (
            f"streamed, the answer is {one.streamed[:120]!r}; unstreamed it is "
            f"{one.plain[:120]!r}, each time"
        )
        violation = run_violation(one.case, "run.stream-differs", message)
        session.enter(one.case, one.exchange, violation)


async def _compare(session: Session, subject: Subject, value: Any, index: int) -> _Compared | None:
    """Ask twice for the body and once for the stream; None when nothing can be compared."""
    streamed, completion = subject.streamed_form(value), subject.operation.completion
    if streamed is None or completion is None:
        return None
    about = "the same request, streamed and not"
    answered: list[tuple[str, Case, Exchange]] = []
    for word, body in (("body", value), ("again", value), ("stream", streamed)):
        case = subject.case("stateful", f"agree-{index + 1}-{word}", body, about=about)
        exchange = await session.attempt(case) if case.intent == "valid" else None
        answer = body_of(session.contract, case, exchange)
        text = completion.of_first_choice(answer, "content")
        if exchange is None or not isinstance(text, str):
            return None
        if word == "again" and text != answered[0][0]:
            return None
        answered.append((text, case, exchange))
    plain, (text, case, exchange) = answered[0][0], answered[2]
    return _Compared(likeness(plain, text), plain, text, case, exchange)


def _repeatable(subject: Subject, text: str) -> Any:
    """A request for *text* that a server ought to answer in the same way each time."""
    made = subject.made
    assert made is not None
    assert made.chat is not None
    value = made.minimal
    for law in made.marked.laws:
        if law.repeats and not law.variation and law.requests:
            value = subject.patched(law.requests[0])
            break
    asking = made.chat.plain(value, text=text)
    return asking if made.valid(asking) else value


def likeness(one: str, other: str) -> Likeness:
    """Whether two texts are equal, one is the other with pieces lost, doubled or moved, or not."""
    if one == other:
        return "equal"
    short, long = sorted((one, other), key=len)
    if len(short) < _SHORTEST or len(short) * 2 < len(long):
        return "other"
    rest = iter(long)
    if sorted(one) == sorted(other) or all(char in rest for char in short):
        return "near"
    return "other"


# -- a client that goes away ----------------------------------------------------------------------

#: A server has so many seconds to notice that a client is gone.
_NOTICED = 0.1


async def hang_up(session: Session, subject: Subject) -> None:
    """A client that goes away in the middle of a stream must not hurt the next one."""
    if subject.streamed is None or not session.budget.affords(2):
        return
    case = subject.case("stateful", "hang-up", subject.streamed, about="a client that hangs up")
    await session.hang_up(case)
    await asyncio.sleep(_NOTICED)
    for name in ("after-hang-up", "after-hang-up-2"):
        case = replace(_smallest(subject), id=f"stateful/{name}", about="after a client hung up")
        await session.attempt(case)


# -- what was made long ago -----------------------------------------------------------------------

#: How a document says that a thing has its time.
_PASSING = re.compile(r"expir|\bttl\b|ephemeral|temporar|short-lived|retain|retention|purge", re.I)
#: So many of the oldest items are looked for.
_OLDEST = 2


async def forgotten(session: Session, subject: Subject) -> None:
    """What was made at the beginning, and nobody has touched, is there at the end."""
    operation = subject.operation
    known = resources(session.contract)
    if known.role(operation) != "read" or operation.method != "GET":
        return
    resource = known.of(operation)
    creating = resource.operations.get("create", ()) if resource is not None else ()
    if any(map(_is_passing, (operation, *creating))):
        return
    made = session.values.untouched(operation)
    if len(made) <= _OLDEST or not session.budget.affords(_OLDEST + 2):
        return
    for values, creation in made[:_OLDEST]:
        case = _reading(subject, values)
        exchange = await _answered(session, case)
        if not _is_missing(exchange):
            continue
        last = await _answered(session, _reading(subject, made[-1][0]))
        if _failed(last) or not _is_missing(await _answered(session, case)):
            return
        request = creation.request
        message = (
            f"{request.method} {request.target} made it, nobody has touched it since, and "
            f"GET {case.request.target} answers {exchange.response and exchange.response.status}"
        )
        # a server may have said elsewhere for how long it keeps things
        violation = run_violation(case, "run.forgotten", message, severity="warning")
        if (
            session.is_new(case, violation)
            and resource is not None
            and not await sequences.show(session, resource, life_cycle.LASTING, violation)
        ):
            # nobody can say what made it go
            steps, own = (Step(creation),), Step(exchange)
            session.enter_sequence(case, own, violation, steps=steps, again=1, tries=1)
        return


def _is_passing(operation: Operation) -> bool:
    """Whether the document says that what *operation* makes or reads may be gone."""
    return _expires(operation) or any(each.status == "410" for each in operation.responses)


def _expires(operation: Operation) -> bool:
    """Whether the document says that what *operation* makes or reads is not there for ever."""
    node = pointers.find(operation.document.root, operation.pointer) if operation.document else {}
    text = f"{operation.summary} {node.get('description') if isinstance(node, dict) else ''}"
    views = [view for one in operation.responses if (view := of_content(one.content)) is not None]
    names = [at for view in views for at, _ in view.inner(3)]
    return any(map(_PASSING.search, (text, *names)))


def _reading(subject: Subject, values: Values) -> Case:
    """The request that reads the item that *values* name."""
    there = replace(subject, parameters={**subject.parameters, **values})
    about = "what was made long ago"
    return there.case("stateful", "made-long-ago", subject.minimal, about=about).unsure()


async def _answered(session: Session, case: Case) -> Exchange:
    exchange = await session.send(case)
    session.check(case, exchange, purpose="probe")
    return exchange


def _is_missing(exchange: Exchange) -> bool:
    response = exchange.response
    return exchange.fault is None and response is not None and response.status in (404, 410)


# -- a name that comes round again ----------------------------------------------------------------


async def came_round(session: Session, subject: Subject) -> None:
    """What one creation was called, nothing is that is created while that is there."""
    operation = subject.operation
    known = resources(session.contract)
    resource = known.of(operation)
    if resource is None or known.role(operation) != "read" or operation.method != "GET":
        return
    for creating in resource.operations.get("create", ()):
        made_by = session.subjects.get(creating.name)
        if made_by is None or any(map(_expires, (operation, creating))):
            continue
        pairs = [
            (values, first, second)
            for values, (first, second) in session.values.repeated(operation)
            if _made(creating, first) and _are_two(made_by, resource, first, second)
        ]
        for values, first, second in pairs[:1]:
            if await _has_other_names(session, made_by, first, reading=operation):
                _tell_repeated(session, made_by, values, first=first, second=second)
            # or else it is called after what was sent: the same again is the same
            return


def _tell_repeated(
    session: Session, subject: Subject, values: Values, *, first: Exchange, second: Exchange
) -> None:
    names = ", ".join(map(str, values.values()))
    message = (
        f"{second.request.method} {second.request.target} made {names}, which the same request "
        "with another body had made before, and nobody has deleted"
    )
    # a 200 may say that there is one like it already
    is_new = second.response is not None and second.response.status == 201
    severity: Severity = "error" if is_new else "warning"
    case = subject.case("stateful", "came-round", subject.minimal, about="a name that is taken")
    violation = run_violation(case, "resource.id-repeated", message, severity=severity)
    if session.is_new(case, violation):
        steps = (Step(first),)
        session.enter_sequence(case, Step(second), violation, steps=steps, again=1, tries=1)


def _made(operation: Operation, exchange: Exchange) -> bool:
    """Whether *exchange* is a creation by *operation* that gave the name by itself."""
    path = exchange.request.target.partition("?")[0]
    is_own = operation.template.pattern.fullmatch(path) is not None
    return exchange.request.method == operation.method == "POST" and is_own


def _are_two(subject: Subject, resource: Resource, one: Exchange, other: Exchange) -> bool:
    """Whether two creations, by *subject*, that are called the same cannot have been meant as one.

    They were sent by one user, to one place, and say something else of what is to be made.
    """
    first, second, key = one.request, other.request, subject.operation.idempotency_key
    if first.target != second.target or _head(first, key) != _head(second, key):
        return False
    keys = [each.field(key.name) for each in (first, second)] if key is not None else []
    if keys and keys[0] is not None and keys[0] == keys[1]:
        return False  # the second is the first, sent again
    bodies = [
        pointers.find(json_text.value_of(each.body), resource.sent(subject.operation) or "")
        for each in (first, second)
    ]
    if not all(isinstance(body, dict) for body in bodies):
        return False
    place = resource.identifier
    if place is None or any(pointers.find(body, place) is not None for body in bodies):
        return False  # its client says what it is called
    return not (same(*bodies) and same(*reversed(bodies)))


def _head(request: Request, key: Parameter | None) -> list[tuple[str, str]]:
    """The fields of *request* that say who asks for what."""
    but = {"content-length", key.name.lower() if key is not None else ""}
    return sorted(one for one in request.fields if one[0].lower() not in but)


async def _has_other_names(
    session: Session, subject: Subject, creation: Exchange, *, reading: Operation
) -> bool:
    """Whether the same *creation*, sent twice more, makes two things, or is refused as there."""
    case = subject.case("stateful", "made-again", subject.minimal, about="what was made, again")
    case = replace(case, request=creation.request, intent="either", published_intent="either")
    names = []
    for _ in range(2):
        if not session.budget.affords(1):
            return False
        exchange = await _answered(session, session.values.keyed(case, subject.operation))
        status = exchange.response.status if exchange.response is not None else 0
        if status == 409:
            return True
        if status not in (200, 201):
            return False
        names += [values for values, _ in session.values.untouched(reading)[-1:]]
    return names[:1] != names[1:]


# -- what is promised ------------------------------------------------------------------------------

#: So often is asked for what a 202 names, and so many seconds are waited before each time but one.
_POLLS, _PATIENCE = 3, 0.5
#: Fields that say where to look for what is not done yet; the second is Azure's.
_STATUS_FIELDS = ("Location", "Operation-Location")
#: Words of what is called after that: `status_url`, `monitorUri`.
_WATCHED = frozenset(
    {"status", "monitor", "operation", "job", "task", "poll", "polling", "progress"}
)
_ADDRESSES = frozenset({"url", "uri", "href", "link", "location"})


class Promises:
    """Whether there is something where a 202 says what becomes of a request (RFC 9110 §15.3.3)."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._followed: set[str] = set()

    async def observe(self, case: Case, exchange: Exchange) -> None:
        """Ask, once an operation, for what the 202 in *exchange* names; tell if it is not there."""
        session, link = self._session, self._link(case, exchange)
        subject = session.subjects.get(case.operation)
        if link is None or case.intent == "invalid" or case.operation in self._followed:
            return
        self._followed.add(case.operation)
        dead = await self._dead(case, link)
        if dead is None or subject is None or not session.budget.affords(1):
            return
        once_more = session.values.keyed(case, subject.operation)
        second = await session.send(once_more, fresh=True)
        session.check(once_more, second, purpose="repeat")
        other = self._link(once_more, second)
        again = await self._dead(case, other) if other is not None else None
        own, first = (dead, exchange) if again is None else (again, second)
        message = (
            f"{case.request.method} {case.request.target} answers 202 and says where to look: at "
            f"{own.request.target} there is nothing"
        )
        # it may take longer than anybody waits
        violation = run_violation(case, "resource.not-readable", message, severity="warning")
        told = replace(case, id="stateful/promised", phase="stateful")
        if session.is_new(told, violation):
            shown = int(again is not None)
            session.enter_sequence(
                told, Step(own), violation, steps=(Step(first),), again=shown, tries=1
            )

    def _link(self, case: Case, exchange: Exchange) -> str | None:
        """The target below the URL under test of what the 202 in *exchange* names, if it does."""
        response = exchange.response
        if response is None or exchange.fault or response.status != _ACCEPTED:
            return None
        fields = (response.field(name) for name in _STATUS_FIELDS)
        body = body_of(self._session.contract, case, exchange)
        link = next((one for one in (*fields, own_link_of(body), _watched(body)) if one), None)
        if link is None or paging.is_elsewhere(self._session, link):
            return None
        target = paging.own_target(self._session, link, case.request.target)
        # where what is to be deleted was, there may soon be nothing
        is_itself = (
            target is None or target.partition("?")[0] == case.request.target.partition("?")[0]
        )
        return None if is_itself and case.request.method == "DELETE" else target

    async def _dead(self, case: Case, target: str) -> Exchange | None:
        """The answer that says that there is nothing at *target*, now and after a while."""
        about = "what a 202 names"
        fields = tuple(
            one for one in case.request.fields if not one[0].lower().startswith("content-")
        )
        request = replace(case.request, method="GET", target=target, fields=fields, body=b"")
        asked = replace(case, id="stateful/promised", about=about, request=request)
        found = None
        for number in range(_POLLS):
            if number:
                await asyncio.sleep(min(_PATIENCE, self._session.settings.patience))
            if not self._session.budget.affords(2):
                return None
            found = await self._session.send(asked)
            if not _is_missing(found):
                return None
        return found


#: What is promised, and may be made later (RFC 9110 §15.3.3).
_ACCEPTED = 202


def _watched(body: Any) -> str | None:
    """The address in *body* of what tells how far a thing has come."""
    for name, value in body.items() if isinstance(body, dict) else ():
        *about, last = words_of(name) or ("",)
        is_address = isinstance(value, str) and value.startswith(("/", "http://", "https://"))
        if is_address and last in _ADDRESSES and _WATCHED & set(about):
            return str(value)
    return None


# -- health ---------------------------------------------------------------------------------------

#: So many requests tell how fast a server is, at the beginning and at the end.
_SAMPLES = 3
#: So often in a row it has to be slower before it is said: a machine may be busy.
_ROUNDS = 3
#: So many operations are asked for nothing but that.
_ASKED = 6
#: Of more operations than that nothing is measured: it would be most of what is sent.
_MEASURED = 40
#: So much slower than before counts as slower: by this factor, and by these seconds.
_SLOWER = 8.0
_SLOWER_SECONDS = 0.15
#: And by this factor, where the answer has grown, for each byte of it.
_SLOWER_FOR_ITS_SIZE = 2.0
#: An answer that is no longer than this is as long as any.
_LEAST_BYTES = 1000


class Health:
    """Whether a server is as fast after the run as it was at its beginning."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._before: dict[str, list[float]] = {}
        self._sizes: dict[str, int] = {}

    async def observe(self, case: Case, exchange: Exchange) -> None:
        """Note how long the first valid requests take that succeed.

        The first operations, which create and list, are asked at once as often as it takes; of the
        others it counts what is sent anyway.
        """
        if case.intent != "valid" or _failed(exchange):
            return
        subject, name = self._session.subjects.get(case.operation), case.operation
        is_first = name not in self._before
        if is_first and len(self._before) >= _MEASURED:
            return
        samples = self._before.setdefault(name, [])
        if len(samples) < _SAMPLES:
            self._sizes[name] = max(self._sizes.get(name, 0), _size(exchange))
            samples.append(exchange.seconds)
        if not is_first or len(self._before) > _ASKED or subject is None:
            return
        while len(samples) < _SAMPLES and self._session.budget.affords(1):
            again = await self._session.probe(case)
            if _failed(again):
                return
            samples.append(again.seconds)
        samples[:] = [median(samples)] * len(samples)  # of the same request, one may be late

    async def probe(self, session: Session, subject: Subject) -> Exchange | None:
        """Enter a finding if the smallest request takes longer than the first valid ones took.

        The answer is returned where that is a success.
        """
        before = self._before.get(subject.operation.name)
        if not before or not session.budget.affords(_SAMPLES):
            return None
        # none of those before was smaller
        case, quick = _smallest(subject), max(before)
        for _ in range(_ROUNDS):
            after: list[Exchange] = []
            for index in range(_SAMPLES):
                about = "health after the run"
                sample = replace(case, id=f"stateful/health-{index}", about=about)
                exchange = await session.attempt(sample)
                if exchange is None or _failed(exchange):
                    return None
                after.append(exchange)
                slow = median(one.seconds for one in after)
                # the first that is as quick has told enough
                # a list of all that the run has made may take as much longer as it is
                size = self._sizes[subject.operation.name]
                fair = quick * max(1.0, _size(exchange) / max(size, _LEAST_BYTES))
                least = max(quick * _SLOWER, fair * _SLOWER_FOR_ITS_SIZE, fair + _SLOWER_SECONDS)
                is_slower = slow >= least
                if index in (0, _SAMPLES - 1) and not is_slower:
                    return exchange
        message = (
            f"the smallest request takes {slow * 1000:.0f} ms after the run; at its beginning "
            f"none took more than {quick * 1000:.0f} ms"
        )
        session.enter(case, after[-1], run_violation(case, "run.slower", message))
        return after[-1]


def _size(exchange: Exchange) -> int:
    return 0 if exchange.response is None else len(exchange.response.body)


def _failed(exchange: Exchange) -> bool:
    """Whether there is no answer whose time could be taken."""
    response = exchange.response
    return exchange.fault is not None or response is None or response.status >= 400
