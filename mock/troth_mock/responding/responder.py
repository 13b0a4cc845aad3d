"""The heart of the mock: from a request to its reply, without a socket, a clock or a die.

`Responder` is compiled once from a contract.  `respond` is total: the same contract, seed and
request (key order and white space aside), after the same requests on the same resources, give the
same bytes, and any bytes get a reply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from troth.errors import MethodNotAllowed, NoSuchPath, TrothError, similar
from troth.generation.values import Unsatisfiable
from troth.http.exchange import Exchange, Request, Response, without
from troth.openapi.contract import Contract
from troth.openapi.operation import Match, Operation
from troth.validation import validator
from troth.validation.xml import Unwritable
from troth_mock.chat.request import Refused
from troth_mock.reply import Reply
from troth_mock.responding.compiled_responder import RespondToBody
from troth_mock.responding.negotiation import BadPreference, NotAcceptable, success
from troth_mock.responding.operation_responder import OperationResponder
from troth_mock.responding.problems import Problem, status_of_violation
from troth_mock.responding.resource_store import Drawn, ResourceStore
from troth_mock.responding.written_answers import WrittenAnswer
from troth_mock.storage.sessions import Session

_MOST_SUGGESTED = 3
#: Of more paths than this none is suggested: to compare them all takes too long.
_MOST_COMPARED = 2000
#: So many other seeds are kept ready.
_MOST_SEEDS = 8


def meant(contract: Contract, request: Request) -> Match | None:
    """The operation that *request* means, if any; HEAD is GET's (RFC 9110 §9.3.2) by default."""
    methods = ("HEAD", "GET") if request.method == "HEAD" else (request.method,)
    found = (contract.find_match(replace(request, method=method)) for method in methods)
    return next(filter(None, found), None)


class Responder:
    """Answers the requests of one contract.

    *tokens* are the only credentials that are good; without any, all are.  With *clock* `fixed`
    every answer tells the same time, `wall` the time of its request.  One that is *stateless* keeps
    nothing of what it is given, and one without *preferences* takes no notice of Prefer.
    """

    def __init__(
        self,
        contract: Contract,
        *,
        seed: int = 0,
        tokens: Sequence[str] = (),
        clock: Literal["fixed", "wall"] = "fixed",
        stateless: bool = False,
        preferences: bool = True,
    ) -> None:
        self.contract = contract
        self._seed = seed
        self._tokens = tuple(tokens)
        self._is_fixed = clock == "fixed"
        # compiled when first asked for: a document may have thousands of operations
        self._operations: dict[int, OperationResponder] = {}
        self._is_stateless = stateless
        self._prefers = preferences
        self._store: ResourceStore | None = None
        self._seeded: dict[int, Responder] = {}

    def reset(self, session: str | None = None) -> None:
        """Forget what *session* was given, or what all were: it is again as it was at the start."""
        if self._store is not None:
            self._store.sessions.reset(session)

    def sessions(self) -> Mapping[str, Session]:
        """What is stored, by the name of its session."""
        return {} if self._store is None else self._store.sessions.named()

    def addresses(self, operation: Operation, session: str) -> list[Mapping[str, str]]:
        """What stands in the path of *operation*, by name, for each thing that is stored."""
        self._store = self._store or self._new_store()
        return [] if self._store is None else self._store.addresses(operation, session)

    def seeded(self, seed: int) -> Responder:
        """One that answers from another *seed*, with the same resources."""
        known = self._seeded.get(seed)
        if known is None:
            if len(self._seeded) >= _MOST_SEEDS:
                del self._seeded[next(iter(self._seeded))]
            known = self._like(self.contract, seed)
            known._store = self._store = self._store or self._new_store()
            self._seeded[seed] = known
        return known

    def of(self, contract: Contract) -> Responder:
        """One that answers for *contract* as this one does, with what clients made and changed."""
        other = self._like(contract, self._seed)
        if self._store is not None:
            other._store = other._new_store()
            if other._store is not None:
                other._store.sessions.take_over(self._store.sessions)
        return other

    def _like(self, contract: Contract, seed: int) -> Responder:
        clock: Literal["fixed", "wall"] = "fixed" if self._is_fixed else "wall"
        return Responder(
            contract,
            seed=seed,
            tokens=self._tokens,
            clock=clock,
            stateless=self._is_stateless,
            preferences=self._prefers,
        )

    def respond(self, request: Request, *, now: int, answer: WrittenAnswer | None = None) -> Reply:
        """Answer *request*, with *answer* if that is given; *now* is in seconds since 1970.

        What the document does not allow is refused all the same.
        """
        try:
            match = self.contract.match_request(request)
        except NoSuchPath:
            return self._unknown_path(request.target).reply()
        except MethodNotAllowed as fault:
            allow = ("Allow", ", ".join(fault.allowed))
            return Problem(405, _shortened(str(fault)), fields=(allow,)).reply()
        operation = match.operation
        try:
            responder = self._operations.get(id(operation)) or self._compile(operation)
            created = None if self._is_fixed else now
            reply = responder.respond(match, request, created=created, answer=answer)
            is_ours = request.method == "HEAD" and answer is None and reply.status < 400
            return self._as_get(request, reply, operation, now=now) if is_ours else reply
        except (TrothError, RecursionError) as fault:
            accept = ", ".join(request.values("accept")) or None
            return _problem(fault, operation).reply(operation, accept=accept)

    def _as_get(self, request: Request, reply: Reply, operation: Operation, *, now: int) -> Reply:
        """What GET gets where HEAD, of which *operation* is, may answer so; else *reply*.

        RFC 9110 §9.3.2: HEAD is as GET, without the content, also where it is declared by itself.
        What is declared of HEAD alone holds against what GET's own declaration makes of it.
        """
        if any(name == "Preference-Applied" for name, _ in reply.fields):
            return reply
        read = replace(request, method="GET")
        match = self.contract.find_match(read)
        if match is None or self.problem(match, read) is not None:
            return reply
        got = self.respond(read, now=now)
        # which media types there are, and what tells of success, each has declared for itself
        if got.status in {406, success(match.operation)[0]} - {reply.status}:
            return reply
        own = without(reply.fields, {name.lower() for name, _ in got.fields})
        got = replace(got, fields=(*got.fields, *own) if got.status < 400 else got.fields)
        exchange = Exchange(request, Response(got.status, got.fields, b""))
        violations = validator.validate(self.contract, exchange)
        errors = [one.location for one in violations if one.severity == "error"]
        return reply if any(where.startswith("response") for where in errors) else got

    def problem(self, match: Match, request: Request) -> Problem | None:
        """What keeps the document from allowing *request*, of which *match* is."""
        operation = match.operation
        responder = self._operations.get(id(operation)) or self._compile(operation)
        try:
            return responder.problem(match, request)
        except (TrothError, RecursionError) as fault:
            return _problem(fault, operation)

    def compiled(self, request: Request) -> RespondToBody | None:
        """What answers plain bodies that come with the head of *request*, at a given time.

        None where that head is not plain; and what it returns gives None for what `respond` has
        to answer.  The answers are those of `respond`.
        """
        try:
            match, *others = self.contract.matches(request.method, request.target)
            if others:
                return None  # the body says which of them is meant
            operation = match.operation
            responder = self._operations.get(id(operation)) or self._compile(operation)
            compiled = responder.compiled(match, request)
        except TrothError:
            return None
        if compiled is None or not self._is_fixed:
            return compiled
        return lambda body, now: compiled(body, None)

    def _compile(self, operation: Operation) -> OperationResponder:
        if operation.completion is None or operation.idempotency_key is not None:
            self._store = self._store or self._new_store()
        responder = OperationResponder(
            self.contract,
            operation,
            seed=self._seed,
            tokens=self._tokens,
            store=self._store,
            preferences=self._prefers,
        )
        return self._operations.setdefault(id(operation), responder)

    def _new_store(self) -> ResourceStore | None:
        return None if self._is_stateless else ResourceStore(self.contract, draw=self._drawn)

    def _drawn(
        self, operation: Operation, texts: tuple[str, ...], length: int | None
    ) -> Drawn | None:
        responder = self._operations.get(id(operation)) or self._compile(operation)
        return responder.drawn(texts, length)

    def _unknown_path(self, target: str) -> Problem:
        path = target.partition("?")[0][:500]
        known = {
            base + operation.path: None
            for operation in self.contract.operations
            for base in operation.base_paths
        }
        near = _near(path, list(known))
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        return Problem(404, f"there is no path {path!r}{hint}", "unknown_path")


def _problem(fault: TrothError | RecursionError, operation: Operation) -> Problem:
    """What keeps a request to *operation* from its answer, as its client is told."""
    match fault:
        case Refused():
            error = {"code": fault.code, "pointer": fault.param or "", "message": str(fault)}
            status = status_of_violation(operation)
            return Problem(status, str(fault), fault.code, fault.param, (error,))
        case BadPreference():
            return Problem(400, str(fault), "bad_preference", "Prefer")
        case NotAcceptable() | Unwritable():
            return Problem(406, str(fault), param="Accept")
        case Unsatisfiable():
            return Problem(501, f"the document cannot be met: {fault}", "unsatisfiable_schema")
        case TrothError():
            return Problem(501, f"the document cannot be used: {fault}", "unusable_document")
    # a document or a request at the edge of every limit; nothing of it is left behind
    return Problem(400, "the request nests too deeply to be answered", "too_deep")


def _near(path: str, known: Sequence[str]) -> list[str]:
    """The paths that were probably meant by *path*: those that end like it first."""
    if len(known) > _MOST_COMPARED:
        return []
    end = path.strip("/")
    near = [one for one in known if end and one.endswith("/" + end)]
    near += similar(path, known, most=_MOST_SUGGESTED, least=0.5)
    return list(dict.fromkeys(near))[:_MOST_SUGGESTED]


def _shortened(sentence: str) -> str:
    return sentence if len(sentence) <= 500 else sentence[:497] + "…"
