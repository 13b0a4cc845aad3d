"""The exchanges of a run: each is sent, checked, and what it shows confirmed and made smaller.

Phases and probes are handed a session and know nothing of one another; the runner lists them.
Nothing here opens a socket or reads a clock: the transport and the clock are given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from troth.conformance.baseline import Earlier, EarlierErrors
from troth.conformance.budget import (
    Budget,
    Inconclusive,
    Outcomes,
    Unreachable,
    retry_after,
    waits,
)
from troth.conformance.cases import Case, subjects_under_test
from troth.conformance.cases.case import readable, request_key
from troth.conformance.checks.answers import Answers, tokens_of
from troth.conformance.checks.between import LawsBetween
from troth.conformance.checks.exchange_checks import check, expectation
from troth.conformance.checks.outcomes import outcome
from troth.conformance.coverage import covered
from troth.conformance.credentials import Credentials
from troth.conformance.events import Event, Exchanged, Found, Step, Waited
from troth.conformance.findings import (
    HANGS,
    Capabilities,
    Facets,
    Findings,
    facets,
    rule_of,
    words_of,
)
from troth.conformance.real_values import RealValues
from troth.conformance.reports.text import counted
from troth.conformance.selection import SAFE_METHODS, selection
from troth.conformance.settings import Settings
from troth.conformance.transport import Sender
from troth.errors import TrothError
from troth.generation.example_database import ExampleDatabase, SentRequests, digest_of
from troth.generation.shrinking import Shrinker
from troth.http.exchange import Exchange, Request
from troth.laws.laws import Verdict
from troth.openapi.contract import Contract
from troth.seed import Seed
from troth.violation import Violation

#: A new finding is sent again so often before it is called flaky.
_REPETITIONS = 5
#: A finding may cost so many requests on its way to the smallest request that shows it.
_SHRINKING = 40
_ALL_SHRINKING = 400
#: A run that goes on for longer may spend so many in a hundred of its requests on that.
_SHRINKING_SHARE = 40
#: Each request that hangs costs a whole time limit: after so many its operation is given up.
_ENOUGH_HANGS = 2
#: A request is sent so often at the most when the server asks for patience.
_PATIENT_TRIES = 3

#: How a request ends that has done already what it does: RFC 9110 §15.5.5, §15.5.10, §15.5.11.
_USED_UP = (404, 409, 410)
#: Refusals that are of who asks: whatever the document declares, nothing can be said of the rest.
_OF_US = (401, 403, 429)

#: Gives the verdicts of laws that compare an exchange with an earlier one.
Comparison = Callable[[Exchange], Mapping[str, Verdict]]
#: Is told of each case that was attempted, and of its exchange.
Observer = Callable[[Case, Exchange], Awaitable[None]]


def look(case: Case) -> str:
    """What *case* is in every run: its request, or which check of which resource or operation."""
    if case.phase not in ("resources", "stateful"):
        return digest_of(request_key(case))
    where, _, checks = case.id.rpartition("/")
    return f"{where}/{checks.rpartition('+')[2]}"


def among(violation: Violation, others: int) -> Violation:
    """*violation*, saying how many *others* had no answer yet: by itself it may not show."""
    if not others:
        return violation
    message = f"{violation.message}, while {counted(others, 'other')} had no answer yet"
    return replace(violation, message=message)


class Session:
    """The exchanges of a run of *contract* against the server behind *transport*.

    *emit* is told each event.  *known* are the ids of findings that the user accepts.  *second* is
    the overlaid document where *contract* is the published one, so that what the two do not agree
    on accuses nobody.
    """

    def __init__(
        self,
        contract: Contract,
        transport: Sender,
        settings: Settings,
        *,
        emit: Callable[[Event], None],
        clock: Callable[[], float],
        known: frozenset[str] = frozenset(),
        second: Contract | None = None,
        credentials: Credentials | None = None,
    ) -> None:
        self.contract = contract
        self.settings = settings
        self.emit = emit
        self.budget = Budget(
            requests=settings.max_requests,
            seconds=settings.max_seconds,
            tokens=settings.max_tokens,
            rate=settings.rate,
            clock=clock,
            waits_cost_time=settings.exhaustive,
        )
        self.subjects = subjects_under_test(contract, settings, second=second)
        self.findings = Findings(known=known, without=settings.without)
        self.capabilities = Capabilities(
            (*(law for op in contract.operations for law in op.laws), *contract.laws)
        )
        self.outcomes = Outcomes()
        self.answers = Answers(second or contract)
        self._between = LawsBetween(contract)
        #: how many cases were held back: they are nothing that was not come to
        self.withheld = 0
        # a server remembers the keys of an earlier run
        keys = Seed.of("idempotency key", settings.seed, repr(clock()))
        self.values = RealValues(second or contract, settings, keys=keys)
        self.memory = ExampleDatabase.of(settings.database, contract.document.digest)
        self.earlier = EarlierErrors.of(settings.database, contract.document.digest)
        #: what was sent to look for errors, and what of it each case was that showed one
        self.looked: set[str] = set()
        self.looks: dict[str, str] = {}
        self.sent = SentRequests.of(
            settings.database if settings.continuous else None,
            contract.document.digest,
            again=(one for one in self.earlier.looks if one and "/" not in one),
        )
        self.observers: list[Observer] = []
        self.credentials = credentials or Credentials(contract, settings, clock=clock)
        self._transport = transport
        self._second = second
        self._selection = selection(contract, settings)
        self._shrunk = 0
        self._speaks_http = False
        self._hangs: Counter[str] = Counter()
        #: of each attempt without an answer: the most others beside it so far
        self._under_way: list[list[int]] = []

    async def attempt(self, case: Case, *, compare: Comparison | None = None) -> Exchange | None:
        """Send *case* (or what it derives to), check the answer, and follow up what is new.

        *compare* gives verdicts of laws that one exchange alone does not give.  None: nothing was
        sent, for it would not serve.
        """
        plan = case.derive(self.answers.bodies) if case.derive else case
        sent = self.values.filled(plan) if plan is not None else None
        self.withheld += plan is not None and sent is None
        if plan is None or sent is None or self.budget.spent or self.is_given_up(sent.operation):
            return None
        exchange, others = await self._sent_among_others(sent)
        if self.settings.database is not None and exchange.response is not None:
            self.looked |= {look(plan), look(sent)}
        await self.hold_between(sent, exchange)
        verdicts = compare(exchange) if compare else {}
        violations = self.check(sent, exchange, purpose="case", verdicts=verdicts)
        repeated_id = self.answers.keep(sent, exchange)
        if repeated_id is not None:
            self.enter(sent, exchange, repeated_id)
        await self._follow(plan, sent, exchange, violations, others=others)
        if sent.is_remembered and not violations and not waits(exchange):
            self.memory.forget(sent.operation, sent.value)
        await self.observe(sent, exchange)
        self.capabilities.count(verdicts)
        return exchange

    async def observe(self, case: Case, exchange: Exchange) -> None:
        """Tell all who observe the run of *case*, and of what it was answered with."""
        for observe in self.observers:
            await observe(case, exchange)

    async def probe(self, case: Case) -> Exchange:
        """Send *case* and check the answer, without following up what is wrong with it.

        There is none where it was held back.
        """
        sent = self.values.filled(case)
        if sent is None:
            return Exchange(case.request, None)
        exchange = await self.send(sent)
        await self.hold_between(sent, exchange)
        self.check(sent, exchange, purpose="probe")
        return exchange

    async def hold_between(self, case: Case, exchange: Exchange) -> None:
        """Hold *exchange* of *case* to the earlier ones that laws between operations speak of."""
        noted = self._between.note(exchange)
        if noted is None or self.settings.workers > 1 or waits(exchange):
            return  # of several at a time nobody knows which was first
        for judged in list(self._between.judge(noted)):
            self.capabilities.count({judged.law.id: judged.verdict})
            violation = judged.violation(exchange)
            if judged.verdict != "broken" or not self.is_new(case, violation):
                continue
            again = tries = 0
            if case.request.method in SAFE_METHODS and not self.budget.spent:
                # once more: a store may need a moment
                repeated = self._between.note(await self.send(case, fresh=True))
                tries = 1
                again = repeated is not None and any(
                    each.law is judged.law and each.verdict == "broken"
                    for each in self._between.judge(repeated)
                )
            steps = (Step(judged.earlier.exchange),)
            own = Step(exchange)
            self.enter_sequence(case, own, violation, steps=steps, again=int(again), tries=tries)

    # -- sending ------------------------------------------------------------------------------

    async def _sent_among_others(self, case: Case, *, fresh: bool = False) -> tuple[Exchange, int]:
        """Send *case*; and how many others had no answer at some moment while it had none."""
        most = [0]
        self._under_way.append(most)
        for each in self._under_way:
            each[0] = max(each[0], len(self._under_way) - 1)
        try:
            return await self.send(case, fresh=fresh), most[0]
        finally:
            self._under_way = [each for each in self._under_way if each is not most]

    async def send(self, case: Case, *, fresh: bool = False) -> Exchange:
        """Send a case, waiting where the server asks for it."""
        for left in reversed(range(_PATIENT_TRIES)):
            request = await self._addressed(case)
            token = self.credentials.token
            await self.budget.turn()
            exchange = await self._transport.send(request, fresh=fresh)
            if await self._is_stale(case, exchange, used=token):
                continue
            wait = retry_after(exchange.response)
            if wait is None or wait > min(self.settings.patience, self.budget.seconds_left):
                break
            if not left or exchange.response is None:
                break
            self.emit(Waited(case.operation, exchange.response.status, wait))
            await self.budget.wait(wait)
        if f"transport.{exchange.fault}" in HANGS:
            self._hangs[case.operation] += 1
        elif not self.is_given_up(case.operation):
            self._hangs[case.operation] = 0
        await self._check_reachable(exchange)
        if self.budget.counts_tokens:
            self.budget.tokens += tokens_of(self._second or self.contract, case, exchange)
        self.values.keep(exchange)
        return exchange

    def is_given_up(self, operation: str) -> bool:
        """Whether *operation* has hung so often in a row that nothing more is sent to it."""
        return self._hangs[operation] >= _ENOUGH_HANGS

    async def hang_up(self, case: Case) -> None:
        """Send *case*, and go away after the first piece of the answer."""
        sent = self.values.filled(case)
        if sent is None:
            return
        await self.budget.turn()
        request = await self._addressed(sent)
        await self._transport.send(request, fresh=True, hang_up_after=1)

    async def _addressed(self, case: Case) -> Request:
        """The request of *case* as it goes out.  Raises Inconclusive where there can be none."""
        try:
            return await self.credentials.addressed(case)
        except TrothError as fault:
            raise Inconclusive(str(fault)) from fault

    async def _is_stale(self, case: Case, exchange: Exchange, *, used: str | None) -> bool:
        """Whether the token *used* was good no more, and there is another."""
        try:
            return await self.credentials.is_stale(case, exchange, used=used)
        except TrothError as fault:
            raise Inconclusive(str(fault)) from fault

    async def _check_reachable(self, exchange: Exchange) -> None:
        self.outcomes.count_silence(exchange)
        url = self.settings.url
        if not self.outcomes.tried:
            if exchange.fault in ("unreachable", "tls"):
                raise Unreachable(f"{url}: {exchange.fault_detail}")
            if exchange.fault == "not-http" and not self._speaks_http:
                # one answer may be garbage; a server of another protocol has no other
                other = await self._transport.send(Request("GET", "/"), fresh=True)
                self._speaks_http = other.response is not None
            if exchange.fault == "not-http" and not self._speaks_http:
                raise Unreachable(f"{url}: what answers there does not speak HTTP")
        elif self.outcomes.dead:
            raise Unreachable(f"{url}: it was there, and is no more: {exchange.fault_detail}")

    # -- checking -----------------------------------------------------------------------------

    def check(
        self,
        case: Case,
        exchange: Exchange,
        *,
        purpose: str,
        verdicts: Mapping[str, Verdict] | None = None,
    ) -> tuple[Violation, ...]:
        """What is wrong with *exchange*; told as an event, with further *verdicts* of laws."""
        subject = self.subjects.get(case.operation)
        tested = subject or next(iter(self.subjects.values()), None)
        if tested is None:
            return ()
        expected = expectation(self.contract, case, self._second)
        checked = check(
            self.contract,
            replace(exchange, request=readable(case.request)),
            operation=tested.operation,
            expected=expected,
            exists=case.exists,
            references=self.values.made_up(case) if expected == "accepted" else frozenset(),
            doubtful=self.values.is_untaken(case),
            second=self._second,
        )
        violations = tuple(map(self._placed, checked.violations))
        if waits(exchange) or (exchange.fault == "unreachable" and self.outcomes.tried):
            violations = ()  # nobody was there to do anything wrong
        is_case = purpose == "case"
        self.emit(
            Exchanged(
                case_id=case.id,
                operation=case.operation,
                phase=case.phase,
                about=case.about,
                intent=expected,
                purpose=purpose,
                exchange=exchange,
                violations=violations,
                laws={**checked.verdicts, **(verdicts or {})} if is_case else {},
                covers=covered(subject, case.value) if is_case else (),
            )
        )
        if is_case:
            self.capabilities.count(checked.verdicts)
            if expected == "accepted":
                self._count_outcome(case, exchange)
        return violations

    def _placed(self, violation: Violation) -> Violation:
        """*violation* with the file and line of what it points to in the document."""
        if violation.place is not None or not violation.schema_pointer:
            return violation
        place = self.contract.document.place(violation.schema_pointer)
        return replace(violation, place=place)

    def _count_outcome(self, case: Case, exchange: Exchange) -> None:
        """Count how a valid request fared.  Raises Inconclusive when more would fare the same."""
        # a server that only ever asks for patience is no success either
        response, subject = exchange.response, self.subjects.get(case.operation)
        named = (
            outcome(subject.operation, response.status, request=case.request, exists=case.exists)
            if subject and response
            else ""
        )
        if named == "unknown" and response and response.status not in _OF_US:
            return  # whether a server has it is no success, and no refusal
        succeeded = self.outcomes.count(exchange, meant=named == "meant")
        if not succeeded and response is not None and response.status < 500 and not waits(exchange):
            self.capabilities.count_refused(case.laws)
        if self.outcomes.pointless:
            raise Inconclusive(self.reason())

    def reason(self) -> str:
        """The likeliest reason why hardly any valid request succeeded."""
        path = urlsplit(self.settings.url).path
        every = [base for one in self.contract.operations for base in one.base_paths if base]
        has = any(path.endswith(base) for base in every)
        return self.outcomes.reason(() if has else dict.fromkeys(every))

    # -- following up -------------------------------------------------------------------------

    def enter(self, case: Case, exchange: Exchange, violation: Violation) -> None:
        """Enter a finding that no repetition of one request could confirm."""
        if self.is_new(case, violation):
            self._add(case, exchange, violation, again=0, tries=0)

    def has_looked(self, error: Earlier) -> bool:
        """Whether the run did what has shown *error* to an earlier one."""
        return error.look in self.looked and self._selection.wants(error.code)

    def is_new(self, case: Case, violation: Violation) -> bool:
        """Whether *violation* is one to be told, and not yet; a known one is counted."""
        return self._is_wanted(violation) and not self._is_known(case, violation)

    def enter_sequence(
        self,
        case: Case,
        own: Step,
        violation: Violation,
        *,
        steps: tuple[Step, ...],
        again: int,
        tries: int,
    ) -> None:
        """Enter a finding that took *steps* before its *own*, shown *again* in so many *tries*."""
        finding = self.findings.add(
            violation,
            case,
            example=own.exchange,
            cause=self._facets(case),
            again=again,
            tries=tries,
            steps=steps,
            taken=own.taken,
        )
        self.looks[case.id] = look(case)
        self.emit(Found(finding))

    async def _follow(
        self,
        plan: Case,
        case: Case,
        exchange: Exchange,
        violations: Iterable[Violation],
        *,
        others: int,
    ) -> None:
        """Count what is known; confirm, shrink and enter what is new.

        *case* is what was made of *plan* when it was sent, while *others* had no answer yet.
        """
        followed: set[tuple[str, ...]] = set()
        for violation in violations:
            rule = rule_of(violation)
            if rule in followed or not self._is_wanted(violation):
                continue
            followed.add(rule)
            if self._is_known(case, violation, exchange):
                continue
            try:
                again, tries, fewest = await self._confirm(plan, case, rule, others=others)
            except Unreachable:  # the server died of it, perhaps: this was its last word
                self._add(case, exchange, violation, again=0, tries=0, plan=plan)
                raise
            small, smallest = case, exchange
            if tries and again == tries:
                small, smallest, violation = await self._shrink(case, exchange, violation)
            if self._is_known(small, violation, smallest):
                continue  # it was told of a larger one, or of one at the same time
            violation = among(violation, fewest)
            self._add(small, smallest, violation, again=again, tries=tries, plan=plan)

    @property
    def _may_shrink(self) -> bool:
        share = self.budget.requests * _SHRINKING_SHARE // 100
        return self._shrunk < max(_ALL_SHRINKING, share)

    async def _confirm(
        self, plan: Case, case: Case, rule: tuple[str, ...], *, others: int
    ) -> tuple[int, int, int]:
        """Send *case* again on fresh connections: how often it showed the same, of how often.

        And among how few others that was, *others* at first.  What it was about may be gone, so it
        is made of *plan* anew; where nothing else is there, that it is gone shows nothing.
        """
        again = tries = 0
        fewest = others
        for _ in range(_REPETITIONS):
            if self.budget.spent:
                break
            repeated = self.values.filled(plan) or case
            exchange, beside = await self._sent_among_others(repeated, fresh=True)
            violations = self.check(repeated, exchange, purpose="repeat")
            is_shown = any(rule_of(violation) == rule for violation in violations)
            again += is_shown
            fewest = min(fewest, beside) if is_shown else fewest
            tries += (
                is_shown or exchange.response is None or exchange.response.status not in _USED_UP
            )
            if again == tries != 0:
                break
        return again, tries, fewest

    async def _shrink(
        self, case: Case, exchange: Exchange, violation: Violation
    ) -> tuple[Case, Exchange, Violation]:
        """The smallest case that still breaks the same rule, its exchange and violation."""
        subject = self.subjects.get(case.operation)
        smallest = case, exchange, violation
        if subject is None or not case.is_variable:
            return smallest
        shrinker = Shrinker(case.value, target=subject.minimal)
        rule, words, spent = rule_of(violation), words_of(violation, exchange), 0
        while not shrinker.finished and spent < _SHRINKING and self._may_shrink:
            if self.budget.spent or self.is_given_up(case.operation):
                break
            varied = subject.varied(case, shrinker.candidate)
            candidate = self.values.filled(varied) if varied is not None else None
            if candidate is None:
                shrinker.tell(False)
                continue
            spent += 1
            self._shrunk += 1
            tried = await self.send(candidate, fresh=exchange.fault is not None)
            violations = self.check(candidate, tried, purpose="shrink")
            broken = [
                one
                for one in violations
                if rule_of(one) == rule and words in ("", words_of(one, tried))
            ]
            if broken:
                smallest = candidate, tried, broken[0]
            shrinker.tell(bool(broken))
        return smallest

    def _add(
        self,
        case: Case,
        exchange: Exchange,
        violation: Violation,
        *,
        again: int,
        tries: int,
        plan: Case | None = None,
    ) -> None:
        if violation.code in HANGS and self.is_given_up(case.operation):
            message = (
                f"{violation.message}; the operation was given up, nothing more was sent to it"
            )
            violation = replace(violation, message=message)
        if tries and not again:
            # what no repetition shows may be anybody's fault, and nobody could look for it
            violation = replace(violation, severity="warning")
        finding = self.findings.add(
            violation,
            case,
            example=exchange,
            cause=self._facets(case),
            again=again,
            tries=tries,
        )
        if finding.severity == "error" and case.is_variable:
            self.memory.keep(case.operation, case.value)
        self.looks[case.id] = look(plan or case)
        self.emit(Found(finding))

    def _is_known(self, case: Case, violation: Violation, exchange: Exchange | None = None) -> bool:
        """Whether there is a finding that *violation* shows again; it is counted with it."""
        return self.findings.count_known(violation, self._facets(case), exchange)

    def _facets(self, case: Case) -> Facets:
        """What *case* has beyond the smallest valid request."""
        subject = self.subjects.get(case.operation)
        minimal = subject.minimal if subject else None
        is_smallest = subject is not None and case.request == subject.request(minimal)
        is_told = case.sent or is_smallest or (case.is_variable and case.value != minimal)
        extra = () if is_told else (case.about,)
        return facets(case.value, minimal) | facets(case.sent, {}) | frozenset(extra)

    def _is_wanted(self, violation: Violation) -> bool:
        return self._selection.wants(violation.code)
