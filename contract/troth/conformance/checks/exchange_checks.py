"""What one exchange of a run shows: violations, each with the severity that a run gives it.

The severity follows two documents: the published one is a promise, an overlay is an opinion.
An answer that breaks the published document (or speaks of something that only the overlay
describes at all) is an error; one that breaks what the overlay tightens is a warning.  Of
requests likewise: taking what the published document rejects is an error, taking what only the
overlay rejects is a warning, and refusing what both accept is an error.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal
from urllib.parse import unquote_plus, urlsplit

from troth import pointer as pointers
from troth.conformance.cases.case import Case, readable
from troth.conformance.checks import leniency, write_only
from troth.conformance.checks.methods import allow_violations
from troth.conformance.checks.outcomes import (
    ELSEWHERE,
    GONE,
    HTTP_REFUSALS,
    OF_PLACES,
    OF_REFERENCES,
    OF_STATE,
    is_left_open,
    is_of_relation,
    is_of_state,
    outcome,
)
from troth.conformance.words import message_of, names_others
from troth.errors import MethodNotAllowed, NoSuchPath
from troth.generation.chat_consistency import is_consistent
from troth.generation.chat_features import Chat
from troth.generation.mutations import LONE_SURROGATE
from troth.http import json_text, media_type
from troth.http.exchange import FAULTS, Exchange, Request, Response
from troth.laws.laws import Verdict
from troth.openapi.contract import Contract
from troth.openapi.listing import is_cursor
from troth.openapi.operation import Operation
from troth.openapi.resources import resources
from troth.validation import validator
from troth.validation.responses import ResponseValidator, missing_field
from troth.validation.security import check_security
from troth.validation.violation_builder import ViolationBuilder
from troth.violation import Severity, Violation

#: What the server ought to do with a request; `either` where the two documents disagree.
Expectation = Literal["accepted", "refused", "unauthorized", "no-path", "no-method", "either"]

#: Rules of a stream that an answer which was cut short breaks for that reason alone.
_RULES_OF_AN_END = frozenset(
    {"sentinel-missing", "unfinished", "empty", "utf-8", "data-not-json", "framing"}
)
#: What of a stream's framing leaves its items unknown.
_UNREADABLE = frozenset(
    {"stream.unfinished", "stream.data-not-json", "stream.utf-8", "stream.empty", "stream.framing"}
)
#: Rules of a request that is no text of its media type, or of its percent-encoding.
_UNREADABLE_REQUEST = frozenset(
    {"syntax", "empty", "trailing", "utf-8", "encoding", "byte-order-mark", "malformed", "depth"}
    | {"nan", "control-character", "lone-surrogate", "number", "required"}
)
#: The longest head that any server is asked to read: RFC 9110 §4.1.
_LONGEST_HEAD = 8000
#: What a longer one is refused with: by whatever reads it, or as a name that nothing has.
_OF_HEADS = frozenset({400, 404, 413, 414, 431})
#: What a careful server refuses and many a correct one takes: a warning.  So are formats, which
#: JSON Schema 2020-12 §7.2.1 has as annotations unless they are asked to be more.
_HYGIENE = frozenset({"request.content-type", "request-body.nan"})
#: What leaves no doubt of the meaning, or what a standard leaves to the reader (RFC 8259 §4, §9);
#: that JSON may be in UTF-16 its readers have from RFC 7159 §8.1, and read it.
_FORGIVEN = frozenset({"duplicate-key", "lone-surrogate", "number", "depth", "encoding"})


# -- what is expected -----------------------------------------------------------------------------


def expectation(contract: Contract, case: Case, second: Contract | None = None) -> Expectation:
    """What the server ought to do with *case*, by both documents and by HTTP.

    *second* is the overlaid document where the published one is being tested: what the two do
    not agree on may be taken or refused.
    """
    expected = _expectation(contract, case)
    if second is None or expected not in ("accepted", "refused"):
        return expected
    request = readable(case.request)
    match = second.find_match(request)
    if match is None:
        return "either"
    broken = validator.request_violations(match, request, hints=False)
    return expected if bool(broken) == (expected == "refused") else "either"


def _expectation(contract: Contract, case: Case) -> Expectation:
    request = readable(case.request)
    try:
        match = contract.match_request(request)
    except NoSuchPath:
        return "no-path"
    except MethodNotAllowed as fault:
        # RFC 9110 §9.3.2: wherever GET is there may be HEAD, which no document need declare
        is_head = request.method == "HEAD" and "GET" in fault.allowed
        return "either" if is_head else "no-method"
    effective, published = case.intent, case.published_intent
    is_meant = match.operation.name == case.operation or not case.operation
    if _may_be_elsewhere(request):
        return "either"
    if effective == published == "valid":
        # nobody is held to a request of ours that the document rejects after all
        is_valid = not validator.request_violations(match, request, hints=False)
        return "accepted" if is_valid else "either"
    if not is_meant and not validator.request_violations(match, request, hints=False):
        return "either"  # what one face of a URL rejects, another takes
    if effective == "invalid" and published != "either":
        if case.phase == "protocol" and check_security(match.operation, request):
            return "unauthorized"
        # whether the published document rejects it too decides how grave it is to take it
        return "refused"
    return "either"


# the detail of an exception: its kind, and where it was raised
_RAISED = re.compile(r"([\w.]+).* (\(.+):\d+(, in .+\))")

# -- what came ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Checked:
    """What one exchange shows: what is wrong with it, and the verdicts of the laws, by id."""

    violations: tuple[Violation, ...] = ()
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)


def check(
    contract: Contract,
    exchange: Exchange,
    *,
    operation: Operation,
    expected: Expectation,
    exists: bool = False,
    references: frozenset[str] = frozenset(),
    doubtful: bool = False,
    second: Contract | None = None,
) -> Checked:
    """Hold the answer in *exchange* to *contract*: to what was asked of *operation*.

    *exists* says that what the request addresses is known to be there; *references* are the members
    of the request that refer to what may not be there; *doubtful*: what it refers to may be in no
    state for it.  *second* is the overlaid
    document where the published one is being tested: it describes the answers of which the
    published one has no word (a stream that only its prose promises).
    """
    if second is not None and exchange.response is not None:
        contract = _describing(contract, second, exchange.request, exchange.response)
    checking = _Check(contract, exchange, operation, expected, exists=exists, second=second)
    checking.references = references
    checking.is_doubtful = doubtful
    is_unknown = operation.pointer in leniency.partly_read(contract)
    if expected == "accepted" and (is_unknown or checking.is_contradictory):
        checking.expected = "either"
    if exchange.fault is not None:
        return Checked((checking.fault(), *checking.violations_of_part()))
    assert exchange.response is not None
    if exchange.response.status >= 500 and not checking.is_meant(exchange.response.status):
        return Checked((checking.server_error(exchange.response),))
    unexpected = tuple(checking.violations_of_expectation(exchange.response))
    of_document = checking.violations_of_document(refused=bool(unexpected))
    return Checked((*unexpected, *of_document), checking.verdicts())


def _describing(
    contract: Contract, second: Contract, request: Request, response: Response
) -> Contract:
    """The one of two contracts that describes the media type of the answer."""
    match = contract.find_match(request)
    declared = match.operation.response(response.status) if match else None
    if match and declared and declared.content and match.operation.answer_type(response) is None:
        other = second.find_match(request)
        if other is not None and other.operation.answer_type(response) is not None:
            return second
    return contract


class _Check:
    """One exchange before one document: what the answer breaks of it, read once."""

    def __init__(
        self,
        contract: Contract,
        exchange: Exchange,
        operation: Operation,
        expected: Expectation,
        *,
        exists: bool,
        second: Contract | None,
    ) -> None:
        self.exists = exists
        self.references: frozenset[str] = frozenset()
        self.is_doubtful = False
        self.second = second
        self.contract = contract
        self.exchange = exchange
        self.operation = operation
        self.expected = expected
        self.match = contract.find_match(exchange.request)
        self._answer: ResponseValidator | None = None
        if self.match is not None and exchange.response is not None:
            matched = self.match.operation
            self._answer = ResponseValidator(
                matched, exchange.request, exchange.response, match=self.match
            )

    @property
    def effective_operation(self) -> Operation:
        """The operation that the request is one to, or else the one that was asked for."""
        return self.match.operation if self.match else self.operation

    def is_meant(self, status: int) -> bool:
        """Whether the operation declares *status* and no success at all."""
        is_asked = self.expected not in ("no-path", "no-method")
        return is_asked and outcome(self.effective_operation, status) == "meant"

    def verdicts(self) -> dict[str, Verdict]:
        """The verdict of each law, by id."""
        return {law.id: verdict for law, verdict in self._answer.verdicts} if self._answer else {}

    def fault(self) -> Violation:
        """The violation of giving no whole answer."""
        word, detail = self.exchange.fault or "", self.exchange.fault_detail.partition("\n")[0]
        response = self.exchange.response
        return Violation(
            code=f"transport.{word}",
            operation=self.operation.name,
            location="response",
            message=FAULTS.get(word, word) + (f": {detail}" if detail else ""),
            schema_pointer=self.operation.pointer,
            status=response.status if response else None,
            # two exceptions are two findings, whatever the requests were
            rule="".join(found.groups()) if (found := _RAISED.fullmatch(detail)) else None,
        )

    def server_error(self, response: Response) -> Violation:
        """The violation of a 5xx."""
        message = f"the server failed with {response.status}{_own_words(response)}"
        return self._violation("response.server-error", message)

    def violations_of_part(self) -> Iterator[Violation]:
        """What the part of a stream that did come already shows; its end is not judged."""
        response = self.exchange.response
        if response is None or response.status >= 400 or self.exchange.fault == "bomb":
            return
        for violation in self.violations_of_document(refused=False):
            rule = violation.code.partition(".")[2]
            if violation.location == "stream" and rule not in _RULES_OF_AN_END:
                yield violation

    def violations_of_expectation(self, response: Response) -> Iterator[Violation]:
        """What is wrong with the status: whether the request was taken or refused as expected."""
        status, expected = response.status, self.expected
        refused_otherwise = status not in (401, 403, *HTTP_REFUSALS)
        if expected == "refused" and status < 300:
            yield from self._invalid_accepted(response)
            return
        code = message = ""
        severity: Severity = "error"
        request = self.exchange.request
        named = outcome(self.effective_operation, status, request=request, exists=self.exists)
        if named == "meant" or (named and (expected != "unauthorized" or status in GONE)):
            return
        if expected == "no-path" and _is_other_spelling(request, response):
            return  # frameworks send on, before they look, what ends without its slash, or with one
        if 300 <= status < 400:
            code = "response.unexpected-redirect"
            message = f"the answer redirects with {status}"
        elif expected == "accepted" and status >= 400:
            if self._names_a_place(status):
                return  # where a list goes on, and where it ends, only its own answers know
            if status in _OF_HEADS and _is_overlong(request):
                return
            if self._is_of_reference(status):
                return
            if self._is_of_state(status):
                return  # that the document does not declare it is told
            if is_of_state(self.contract, self.effective_operation, self.exchange):
                return
            if self.is_doubtful or is_of_relation(self.effective_operation, self.exchange):
                severity = "warning"
            code = "request.valid-refused"
            message = (
                f"a request that the document accepts is refused with {status}"
                f"{_own_words(response)}"
            )
        elif expected == "unauthorized" and status < 300:
            code = "security.not-enforced"
            message = f"a request without good credentials is answered with {status}, not refused "
            message += f"with 401{self._lacking(request)}"
        elif expected == "unauthorized" and refused_otherwise:
            code = "security.wrong-status"
            message = f"a request without good credentials is refused with {status}, not 401"
            message += self._lacking(request)
        elif expected == "no-method" and status < 300 and not self._is_site:
            code = "request.method-accepted"
            message = f"an undeclared method is answered {status}"
        if code:
            yield replace(self._violation(code, message), severity=severity)

    def _lacking(self, request: Request) -> str:
        """What is wrong with the credentials of *request*, which hide where it is shown."""
        lacking = check_security(self.effective_operation, request)
        return f": {lacking[0].message}" if lacking else ""

    def _invalid_accepted(self, response: Response) -> Iterator[Violation]:
        """The violation of taking what a document rejects, by the first rule that it breaks.

        What only the published document rejects has been mended by the overlay: it counts for
        nothing.
        """
        request = self.exchange.request
        effective = _broken_by(self.contract, request)
        kept = {(rule.code, rule.instance_pointer) for rule in effective}
        published = [
            rule
            for rule in _broken_by(self.contract.published, request)
            if (rule.code, rule.instance_pointer) in kept and self._is_left(rule)
        ]
        for broken, word in ((published, "document"), (effective, "overlay")):
            rules = [one for one in broken if not self._is_forgiven(one)]
            if not rules:
                continue
            rule = min(rules, key=_is_mild)  # the first of the graver ones
            mild = word == "overlay" or _is_mild(rule)
            violation = self._violation(
                "request.invalid-accepted",
                f"a request that the {word} rejects is answered with {response.status}: "
                f"{rule.instance_pointer or rule.location}: {rule.message}",
            )
            yield replace(
                violation,
                severity="warning" if mild else "error",
                location=rule.location,
                instance_pointer=rule.instance_pointer,
                schema_pointer=rule.schema_pointer,
                place=rule.place,
                rule=rule.code,
            )
            return

    def _is_left(self, rule: Violation) -> bool:
        """Whether the overlay has left the keyword of the published document that *rule* is by."""
        left, published = (
            pointers.find(contract.document.root, rule.schema_pointer)
            for contract in (self.contract, self.contract.published)
        )
        return left is not None or published is None

    def _is_forgiven(self, rule: Violation) -> bool:
        """Whether nobody is held to *rule* of a request: a standard or a habit leaves it open."""
        if rule.code.partition(".")[2] in _FORGIVEN or self.match is None:
            return True
        reading = (self.match, self.exchange.request, rule)
        if rule.location == "request-body":
            return leniency.is_read_so(*reading)
        return leniency.is_taken_so(*reading)

    def violations_of_document(self, *, refused: bool) -> Iterator[Violation]:
        """What the answer breaks of the document; *refused*: that it is one has been told."""
        response = self.exchange.response
        request = self.exchange.request
        if response is None or _may_be_elsewhere(request) or self._is_site:
            return
        if 400 <= response.status < 500 and _is_overlong(request):
            return
        if self.match is None or self.expected in ("no-path", "no-method"):
            # TRACE is refused by whatever stands before the server, which knows no other methods
            is_trace = self.exchange.request.method == "TRACE"
            if response.status == 405 and not is_trace and (missing := missing_field(response)):
                yield self._violation(*missing)
            yield from self._violations_of_allow()
            return
        assert self._answer is not None
        yield from self._violations_of_allow()
        violations = tuple(self._answer.violations())
        severity = _Severity(self.contract, self.exchange, response, violations)
        unread = any(violation.code in _UNREADABLE for violation in violations)
        for violation in violations:
            if violation.code == "response-body.writeOnly" and write_only.is_blank(
                violation, response
            ):
                continue
            if violation.code == "response-body.lone-surrogate" and _is_planted(violation):
                continue
            if unread and (violation.law is not None or violation.location == "stream-body"):
                continue  # of a stream that cannot be read whole, nothing more is known
            if violation.code == "response.status-undeclared" and (
                refused
                or self.is_contradictory
                or is_left_open(self.match.operation, response.status)
                or (response.status == 400 and self._is_unreadable)
            ):
                continue
            if violation.law is not None and (
                self.is_contradictory or (self.expected != "accepted" and self._is_broken)
            ):
                continue  # what a law asks of the answer, it asks of the answer to a valid request
            yield replace(violation, severity=severity.of(violation))
        known = {each.instance_pointer for each in violations}
        for pointer in write_only.given_away(self.match.operation, request, response):
            if pointer in known:
                continue  # the schema of the answer has it too
            message = "what the request may only write comes back as it was sent"
            found = self._violation("response-body.writeOnly", message)
            yield replace(found, location="response-body", instance_pointer=pointer)

    def _violations_of_allow(self) -> Iterator[Violation]:
        for severity, message in allow_violations(self.contract, self.exchange):
            violation = self._violation("response.allow-wrong", message)
            yield replace(violation, severity=severity)

    def _is_of_state(self, status: int) -> bool:
        """Whether an undeclared *status* may speak of what is there, not of the request.

        Some say 400 where others say 404.
        """
        operation = self.effective_operation
        if {str(status), "4XX", "default"} & {each.status for each in operation.responses}:
            return False
        if status == 403:  # of who asks, or of how the server is set up
            return not is_left_open(operation, status)
        is_of_name = status in (400, 422) and bool(operation.template.names) and not self.exists
        return status in OF_STATE or (is_of_name and not self.exchange.request.body)

    def _is_of_reference(self, status: int) -> bool:
        """Whether *status* may be about what the request refers to, and tells of nothing else."""
        is_asked = bool(self.references) and status in OF_REFERENCES
        return is_asked and not names_others(self.exchange, self.references)

    @property
    def _is_site(self) -> bool:
        """Whether the answer to an undeclared GET is the page of a site that the API is a part of.

        What such a site has no route for it answers with its page, and the document has no pages.
        """
        request, response = self.exchange.request, self.exchange.response
        if self.expected != "no-method" or request.method not in ("GET", "HEAD"):
            return False
        kind = media_type.essence(response.content_type or "") if response is not None else ""
        path = self.operation.path
        declared = [one for one in self.contract.operations if one.path == path]
        return kind == "text/html" and not any(
            answer.media_type(kind) for one in declared for answer in one.responses
        )

    def _names_a_place(self, status: int) -> bool:
        """Whether *status* may say that a list ends before what the request asks for of it."""
        if status not in OF_PLACES:
            return False
        resource = resources(self.contract).of(self.effective_operation)
        listing = resource.listing if resource is not None else None
        query = self.exchange.request.target.partition("?")[2]
        names = {unquote_plus(pair.partition("=")[0]) for pair in query.split("&")}
        if listing is not None and status in GONE and names & {listing.page, listing.offset}:
            return True
        cursor = listing.cursor if listing is not None else None
        declared = (one for one in self.effective_operation.parameters if one.location == "query")
        # a list that goes on at a path of its own is none by itself
        return cursor in names or any(one.name in names and is_cursor(one) for one in declared)

    @cached_property
    def is_contradictory(self) -> bool:
        """Whether the parts of the request ask for what no answer can be: nobody can be held to it.

        A tool that is forced and not offered, an answer by a schema that nothing satisfies.
        """
        request = self.exchange.request
        for contract in (self.contract, self.second):
            match = contract.find_match(request) if contract else None
            if match is not None and match.operation.completion is not None:
                body = json_text.value_of(request.body, default=...)
                chat = Chat(match.operation.completion)
                return body is not ... and not is_consistent(chat, body)
        return False

    @cached_property
    def _request_violations(self) -> tuple[Violation, ...]:
        return _broken_by(self.contract, self.exchange.request)

    @property
    def _is_broken(self) -> bool:
        """Whether the request itself breaks the document."""
        return bool(self._request_violations)

    @property
    def _is_unreadable(self) -> bool:
        """Whether the request is no message that can be read at all, whatever it was to say.

        That is HTTP's to refuse, and 400 its word for it (RFC 9110 §15.5.1).  A byte order mark
        may be passed over, or not (RFC 8259 §8.1).
        """
        return self.exchange.request.body.startswith(codecs.BOM_UTF8) or any(
            violation.code.partition(".")[2] in _UNREADABLE_REQUEST
            for violation in self._request_violations
        )

    def _violation(self, code: str, message: str) -> Violation:
        response = self.exchange.response
        builder = ViolationBuilder(
            self.operation,
            self.operation.pointer,
            status=response.status if response else None,
            content_type=response.content_type if response else None,
            tells_place=False,  # it is no line of the document that is wrong
        )
        return builder.violation(code, message)


def _may_be_elsewhere(request: Request) -> bool:
    """Whether many a server decodes the path of *request* before it looks where that leads to.

    An encoded slash is none by RFC 3986 §2.2; frameworks by which it is one cannot know.
    """
    return "%2f" in request.target.partition("?")[0].lower()


def _is_other_spelling(request: Request, response: Response) -> bool:
    """Whether the answer leads to the same path, but for the slash at its end."""
    path = request.target.partition("?")[0]
    led = urlsplit(response.field("Location") or path).path
    is_other = led.endswith("/") != path.endswith("/")
    return response.status in ELSEWHERE and is_other and led.strip("/").endswith(path.strip("/"))


def _is_overlong(request: Request) -> bool:
    """Whether *request* has a head that what stands before a server may refuse in its own words.

    RFC 9110 §4.1 asks for 8000 octets of a target, and no more; of fields it asks nothing (§5.4).
    """
    head = sum(len(name) + len(value) for name, value in request.fields)
    return len(request.target) + head > _LONGEST_HEAD


def _is_planted(violation: Violation) -> bool:
    """Whether the lone surrogate that *violation* is about is what a run itself sends.

    It stays in what the server keeps, and JSON has no other way to say it (RFC 8259 §8.2).
    """
    return LONE_SURROGATE in violation.message.lower()


def _is_mild(rule: Violation) -> bool:
    return rule.code in _HYGIENE or rule.schema_pointer.endswith("/format")


def _broken_by(contract: Contract, request: Request) -> tuple[Violation, ...]:
    match = contract.find_match(request)
    return validator.request_violations(match, request, hints=False) if match else ()


def _own_words(response: Response) -> str:
    """The server's own words, where it has any that a person can read."""
    words = message_of(response) or " ".join(response.body[:160].decode("utf-8", "replace").split())
    return f": {words!r}" if words else ""


# -- how grave it is ------------------------------------------------------------------------------


class _Severity:
    """Tells which violations of the effective document the published one does not know."""

    def __init__(
        self,
        contract: Contract,
        exchange: Exchange,
        response: Response,
        violations: tuple[Violation, ...],
    ) -> None:
        self._is_published = contract.published is contract
        self._status = response.status
        self._broken: tuple[Violation, ...] = ()
        self._is_described = True
        if self._is_published or not violations:
            return
        match = contract.published.find_match(exchange.request)
        if match is None:
            return
        entry = match.operation.answer_type(response)
        self._is_described = entry is not None and entry.schema is not None
        published = ResponseValidator(match.operation, exchange.request, response)
        self._broken = tuple(published.violations())

    def of(self, violation: Violation) -> Severity:
        """The severity that a run gives *violation*."""
        if self._is_published or violation.severity != "error":
            return violation.severity
        if violation.location not in ("response-body", "response-header"):
            return violation.severity
        if not self._is_described:
            # only the overlay describes it at all: of an answer that succeeded it is the truth
            return "error" if self._status < 300 else "warning"
        is_known = any(
            other.location == violation.location
            and pointers.overlap(violation.instance_pointer, other.instance_pointer)
            for other in self._broken
        )
        return "error" if is_known else "warning"
