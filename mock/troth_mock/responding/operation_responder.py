"""The replies of one operation: credentials, content, validity, then the answer that is due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from typing import Any, NamedTuple
from urllib.parse import quote

from troth import pointer
from troth.errors import TrothError
from troth.http import content_coding, json_text, media_type
from troth.http.exchange import Request
from troth.openapi.contract import Contract
from troth.openapi.operation import DeclaredResponse, Match, MediaType, Operation
from troth.seed import Seed
from troth.validation import content
from troth.validation.bodies import JsonBody, check_body
from troth.violation import Violation
from troth_mock.chat.request import Refused, read_request
from troth_mock.chat.responder import ChatResponder
from troth_mock.reply import PHRASES, Reply, has_content
from troth_mock.responding import jobs, negotiation
from troth_mock.responding.batches import BatchResponder
from troth_mock.responding.bodies import Bodies, Due
from troth_mock.responding.compiled_responder import CompiledResponder, RespondToBody
from troth_mock.responding.credentials import gate
from troth_mock.responding.echo import Said, said
from troth_mock.responding.embeddings import Embedder
from troth_mock.responding.idempotency import Idempotency
from troth_mock.responding.kept import FIELDS, Asked, Kept, public_target
from troth_mock.responding.negotiation import Chooser, NotAcceptable, Preferences, Returns
from troth_mock.responding.problems import Problem, of_violations
from troth_mock.responding.resource_responder import ResourceResponder
from troth_mock.responding.resource_store import Drawn, ResourceStore, is_kept
from troth_mock.responding.work_responder import WorkResponder
from troth_mock.responding.written_answers import AnswerWriter, WrittenAnswer

#: What does to the items that are kept what an operation does to them.
_Keeper = ResourceResponder | BatchResponder | WorkResponder

_NO_PREFERENCE = Preferences()
# all the same in JSON: RFC 8259 §8.1 leaves UTF-8 alone, of which ASCII is a part
_CHARSETS = (None, "utf-8", "utf8", "us-ascii")
_MOST_CONTENT_TYPES = 64
_FIELDS = frozenset({"accept", "authorization", "content-type", "prefer"})


class _Sent(NamedTuple):
    """A request: *fields* are those that matter here, *value* is what its body says.

    *created* is the time to tell, None the fixed one.
    """

    match: Match
    request: Request
    fields: Mapping[str, Sequence[str]]
    value: Any
    created: int | None


class OperationResponder:
    """One operation of a contract, compiled."""

    def __init__(
        self,
        contract: Contract,
        operation: Operation,
        *,
        seed: int,
        tokens: tuple[str, ...],
        store: ResourceStore | None = None,
        preferences: bool = True,
    ) -> None:
        self.contract = contract
        self.operation = operation
        self._gate = gate(operation, tokens)
        self._has_parameters = bool(operation.parameters) or operation.has_own_query
        self._base = Seed.of(contract.document.digest, seed, operation.name).key
        self._success = negotiation.success(operation)
        self._choosers: dict[str, Chooser] = {}
        self._bodies = Bodies(contract, operation)
        self._chat = ChatResponder.of(contract, operation, self._success[1])
        self._embedder = None if operation.embedding is None else Embedder(operation.embedding)
        self._writer = AnswerWriter(self._chat)
        self._prefers = preferences
        self._returns = Returns(operation)
        self._by_content_type: dict[str, MediaType | None] = {}
        self._formal = self._formal_members()
        self._compiled = self._compile()
        self._fields_read = _FIELDS | {
            scheme.parameter.lower() if scheme.location == "header" else "cookie"
            for schemes in operation.security
            for scheme in schemes
            if scheme.kind == "apiKey"
        }
        self._resource = self._resource_responder(store)
        if self._resource is not None:
            self._fields_read |= FIELDS
        self._idempotency: Idempotency | None = None
        if store is not None and operation.idempotency_key is not None:
            name = operation.idempotency_key.name
            self._idempotency = Idempotency(operation, name, store.sessions)
            self._fields_read |= {name.lower()}

    def respond(
        self,
        match: Match,
        request: Request,
        *,
        created: int | None,
        answer: WrittenAnswer | None = None,
    ) -> Reply:
        """Answer *request*; *created* is the time to tell, None the fixed one.

        Where an *answer* is given it is that.  Raises Refused, BadPreference, NotAcceptable,
        Unsatisfiable, Unwritable.
        """
        fields = self._read(request)
        value, problem = self._admit(match, request, fields)
        if problem is not None and not (answer is not None and answer.is_for_refused):
            return problem.reply(self.operation, accept=_joined(fields.get("accept")))
        if problem is not None:
            value = self._sound_part(request)
        if answer is not None and answer.is_for_refused:
            value = self._readable_part(value)
        sent = _Sent(match, request, fields, value, created)
        if answer is not None and answer.says_otherwise(self._success[0]):
            return self._written(answer, sent)
        prefer = fields.get("prefer") if self._prefers else None
        preferences = negotiation.preferences(prefer) if prefer else _NO_PREFERENCE
        make = partial(self._reply, sent, preferences)
        if self._idempotency is None or preferences.applied or answer is not None:
            reply = make()
        else:
            seed = self._seed(match, request, value, frozenset())
            reply = self._idempotency.reply(match, request, fields, seed=seed, make=make)
        if answer is not None and answer.status not in (None, reply.status):
            return self._written(answer, sent)
        return reply if answer is None else answer.over(reply)

    def problem(self, match: Match, request: Request) -> Problem | None:
        """What keeps the document from allowing *request*, of which *match* is.

        Raises Refused for what no schema can say.
        """
        value, problem = self._admit(match, request, self._read(request))
        if problem is None:
            self._read_as_model(value)
        return problem

    def _read_as_model(self, value: Any) -> None:
        """Read *value*, a decoded body, as a model does, if one answers.  Raises Refused."""
        if self._chat is not None:
            read_request(self._chat.members, value)
        elif self._embedder is not None:
            self._embedder.read(value)

    def _admit(
        self, match: Match, request: Request, fields: Mapping[str, Sequence[str]]
    ) -> tuple[Any, Problem | None]:
        """The decoded body of *request*, and what is not allowed of it."""
        denied = None if self._gate is None else self._gate(fields, match.query)
        if denied is not None:
            return None, denied
        value, problem = self._body(match, request, fields)
        if problem is None and self._has_parameters:
            problem = self._problem(self._parameters(match, request))
        return value, problem

    def _written(self, answer: WrittenAnswer, sent: _Sent) -> Reply:
        """The answer to what was *sent*, as *answer* says."""
        status, declared = self._success
        if answer.status is not None and answer.status != status:
            status, declared = answer.status, self.operation.response(answer.status)
        accept = sent.fields.get("accept", ())
        entry = None if declared is None else self._chooser(declared).choose(sent.value, accept)
        seed = self._seed_of(sent)
        preferences = Preferences(code=status, example=answer.example)
        due = Due(status, declared, entry, seed, preferences, ", ".join(accept))
        if answer.has_content:
            return self._writer.reply(answer, due, request=sent.value, created=sent.created)
        if declared is None:
            if status < 400:
                return answer.over(Reply(status, (), None))
            phrase = PHRASES.get(status, "error")
            problem = Problem(status, f"{phrase}: the answer that was asked for")
            return answer.over(problem.reply(self.operation, accept=_joined(accept)))
        return answer.over(self._drawn_reply(due, sent))

    def compiled(self, match: Match, request: Request) -> RespondToBody | None:
        """What answers plain bodies sent with the head of *request*; None: that is not plain.

        It takes the body and the time to tell, and returns None for what `respond` has to answer.
        """
        fields = self._read(request)
        content_types = fields.get("content-type", [])
        is_plain = not match.query and "prefer" not in fields and len(content_types) == 1
        if self._compiled is None or not is_plain:
            return None
        if self._gate is not None and self._gate(fields, match.query) is not None:
            return None
        declared = self._declared(content_types[0])
        if declared is None or not declared.is_json or declared.schema is None:
            return None
        assert self._success[1] is not None
        try:
            otherwise = self._chooser(self._success[1]).otherwise(fields.get("accept", ()))
        except NotAcceptable:
            otherwise = None
        return partial(
            self._compiled.respond, is_valid=declared.schema.is_valid, otherwise=otherwise
        )

    def _compile(self) -> CompiledResponder | None:
        status, declared = self._success
        operation = self.operation
        if self._chat is None or declared is None or operation.request_body is None:
            return None
        if self._chat.members.always_reasons:
            return None
        # what the path says changes the seed, and parameters are judged one by one
        if operation.parameters or "{" in operation.path:
            return None
        if not has_content(operation.method, status):
            return None
        chooser = self._chooser(declared)
        return CompiledResponder(
            self._chat, chooser, base=self._base, formal=self._formal, status=status
        )

    def _read(self, request: Request) -> dict[str, list[str]]:
        """The fields of *request* that matter here, by lower-case name."""
        fields: dict[str, list[str]] = {}
        needed = self._fields_read
        for name, value in request.fields:
            name = name.lower()
            if name in needed:
                fields.setdefault(name, []).append(value)
        return fields

    def _reply(self, sent: _Sent, preferences: Preferences) -> Reply:
        status, declared = self._success
        code = preferences.code
        if code is not None and code != status:
            status, declared = code, negotiation.preferred(self.operation, code)
        accept = sent.fields.get("accept", ())
        kept = None
        if self._resource is not None and not preferences.applied:
            outcome = self._kept(self._resource, sent)
            if isinstance(outcome, Reply):
                return outcome
            kept = outcome
        if self._embedder is not None and declared is self._success[1]:
            kept = self._embedded(sent, preferences)
        if kept is not None and kept.status is not None:
            status, declared = kept.status, self.operation.response(kept.status)
        applied = "" if preferences is _NO_PREFERENCE else preferences.applied
        returned = None if applied else self._returned(sent, status)
        if returned is not None:
            applied, status = returned
            declared = self.operation.response(status)
        entry = None if declared is None else self._chooser(declared).choose(sent.value, accept)
        seed = self._seed_of(sent) if kept is None else kept.seed
        due = Due(status, declared, entry, seed, preferences, ", ".join(accept))
        if (
            self._chat is not None
            and preferences.example is None
            and declared is self._success[1]
            and self._chat.can_answer(entry)
        ):
            reply = self._chat_reply(self._chat, due, sent)
        else:
            reply = self._drawn_reply(due, sent, kept)
        if applied:
            return replace(reply, fields=(*reply.fields, ("Preference-Applied", applied)))
        return reply

    def _returned(self, sent: _Sent, status: int) -> tuple[str, int] | None:
        """Whether what was *sent* is to come back: the preference, and the status for it."""
        prefer = sent.fields.get("prefer")
        # what the document has a parameter for is no control of the mock's
        is_heard = prefer and (self._prefers or self._returns.is_declared)
        return self._returns.chosen(prefer, status) if prefer and is_heard else None

    def _chat_reply(self, chat: ChatResponder, due: Due, sent: _Sent) -> Reply:
        """What *chat* says to what was *sent*."""
        assert due.entry is not None, "what a chat can answer in"
        cuts, text_seed, value = chat.members.cuts, due.seed, sent.value
        if type(value) is dict and not cuts.isdisjoint(value):
            text_seed = self._seed(sent.match, sent.request, value, self._formal | cuts)
        created, status = sent.created, due.status
        return chat.reply(
            due.entry, value, due.seed, text_seed=text_seed, created=created, status=status
        )

    def _drawn_reply(self, due: Due, sent: _Sent, kept: Kept | None = None) -> Reply:
        """What is drawn for what was *sent*, with what is *kept*."""
        return self._bodies.reply(due, self._said(sent) if kept is None else kept.said, kept)

    def _seed_of(self, sent: _Sent) -> Seed:
        return self._seed(sent.match, sent.request, sent.value, self._formal)

    def _said(self, sent: _Sent) -> Said:
        return said(self.operation, sent.match, public_target(sent.request), sent.value)

    def _embedded(self, sent: _Sent, preferences: Preferences) -> Kept | None:
        """What shows the vectors of the texts that were *sent*; None where an example is due."""
        if self._embedder is None or preferences.example is not None:
            return None
        seed = self._seed_of(sent)
        show = partial(self._embedder.show, request=sent.value, seed=seed)
        return Kept(seed, self._said(sent), show)

    def _resource_responder(self, store: ResourceStore | None) -> _Keeper | None:
        if store is None or self._chat is not None or self._embedder is not None:
            return None  # what a chat says, or a vector, depends on nothing else
        operation, status = self.operation, self._success[0]
        resource, role = store.resources.of(operation), store.resources.role(operation)
        job = None
        if resource is None or role == "create":
            is_work = status == 202 and (resource is None or resource.item(operation, 202) is None)
            if resource is None or resource.parameter is None or is_work:
                job = jobs.made_by(operation, store.resources)
        if job is not None and (resource is None or resource.parameter is None):
            resource, role, job = job, "create", None
        if resource is None or role is None or not is_kept(resource):
            return None
        make = partial(ResourceResponder, operation, status=status, store=store)
        responder = make(resource=resource, role=role)
        if job is not None:
            return WorkResponder(responder, make(resource=job, role="create"))
        if operation not in resource.batches:
            return responder
        return BatchResponder(
            operation, resource=resource, status=status, store=store, alone=responder
        )

    def _kept(self, resource: _Keeper, sent: _Sent) -> Reply | Kept | None:
        """What becomes of the items that are kept: the reply where one of them is in the way."""
        match, request, fields, value, now = sent
        # what a list has does not depend on what is asked of it
        plain = replace(match, query="") if resource.role == "list" else match
        seed = self._seed(plain, request, value, self._formal)
        whole = self._seed_of(sent)
        asked = Asked(match, request, value, fields, self._said(sent), seed, whole, now)
        outcome = resource.respond(asked)
        if isinstance(outcome, Problem):
            return outcome.reply(self.operation, accept=_joined(fields.get("accept")))
        return outcome

    def drawn(self, texts: tuple[str, ...], length: int | None) -> Drawn | None:
        """What answers where nothing is kept, for *texts* in the place of the path's variables.

        A list has so many items as *length*, if that is given and its schema lets it.
        """
        status, declared = self._success
        if declared is None or not declared.content or not has_content("GET", status):
            return None
        template = self.operation.template
        named = {
            name: quote(text, safe="") for name, text in zip(template.names, texts, strict=True)
        }
        target = template.filled(named)
        match, request = Match(self.operation, named), Request("GET", target, (), b"")
        seed = self._seed(match, request, None, self._formal)
        try:
            of_path = said(self.operation, match, target, None)
            if length is not None:
                of_path = replace(of_path, query={"per_page": str(length)})
            return Drawn(self._bodies.drawn(status, declared, seed, of_path), seed)
        except TrothError:
            return None

    def _formal_members(self) -> frozenset[str]:
        """The members that say in which form to answer, and not what: they change no seed.

        So a stream folds to the body that the same request gets without streaming.
        """
        declared = self._success[1]
        if declared is None or self._chat is None:
            return frozenset()
        usage = self._chat.members.pointers.get("include-usage")
        names = {pointer.split(usage)[0]} if usage else set()
        return frozenset(names.union(self._chooser(declared).reads or ()))

    def _chooser(self, declared: DeclaredResponse) -> Chooser:
        chooser = self._choosers.get(declared.status)
        if chooser is None:
            chooser = self._choosers[declared.status] = Chooser(declared)
        return chooser

    def _seed(self, match: Match, request: Request, value: Any, formal: frozenset[str]) -> Seed:
        """The seed of a request: of everything that it says but its *formal* members."""
        if type(value) is dict and not formal.isdisjoint(value):
            value = {name: part for name, part in value.items() if name not in formal}
        canonical = request.body if value is None else json_text.canonical(value)
        if match.path_parameters or match.query:
            named = sorted(match.path_parameters.items())
            canonical += json_text.encode([named, match.query])
        return Seed(blake2b(canonical, digest_size=16, key=self._base).digest())

    def _body(
        self, match: Match, request: Request, fields: Mapping[str, Sequence[str]]
    ) -> tuple[Any, Problem | None]:
        """The decoded body of a request that the document takes, or the problem of any other."""
        body = self.operation.request_body
        if body is None:
            return None, None
        content_types = fields.get("content-type", ())
        if len(content_types) > 1:
            message = "there is more than one Content-Type field"
            return None, Problem(400, message, param="Content-Type")
        if not request.body and not body.required:
            return None, None
        if not content_types:
            if request.body:
                return None, self._unsupported("")
            problem = self._body_problem(match, request)
            return None, problem or Problem(400, "the request has no body")
        declared = self._declared(content_types[0])
        if declared is None:
            return None, self._unsupported(content_types[0])
        if not declared.is_json:
            problem = self._body_problem(match, request)
            return None if problem else _read(declared, content_types[0], request), problem
        decoded = JsonBody(request.body, request.fields)
        value = decoded.value
        if decoded.fault is None and (declared.schema is None or declared.schema.is_valid(value)):
            return value, None
        return None, self._body_problem(match, request, decoded)

    def _declared(self, content_type: str) -> MediaType | None:
        """The entry for a Content-Type as sent."""
        try:
            return self._by_content_type[content_type]
        except KeyError:
            entry = self._find(content_type)
            if len(self._by_content_type) < _MOST_CONTENT_TYPES:
                self._by_content_type[content_type] = entry
            return entry

    def _find(self, content_type: str) -> MediaType | None:
        body = self.operation.request_body
        assert body is not None
        entry = body.media_type(content_type)
        if entry is None and media_type.is_json(content_type):
            # RFC 6839 §3.1: what has the suffix +json can be read as JSON
            entry = body.media_type("application/json")
        charset = media_type.charset(content_type)
        if entry is not None and entry.is_json and charset not in _CHARSETS:
            return None
        return entry

    def _unsupported(self, content_type: str) -> Problem:
        body = self.operation.request_body
        offered = ", ".join(entry.content_type for entry in body.content) if body else ""
        return Problem(
            415,
            f"the content type {content_type[:200]!r} is not supported; "
            f"{offered or 'none'} would do",
            param="Content-Type",
            # RFC 9110 §15.5.16: Accept in a 415 says what would do
            fields=(("Accept", offered),),
        )

    def _body_problem(
        self, match: Match, request: Request, body: JsonBody | None = None
    ) -> Problem | None:
        """What is wrong with a request whose *body* breaks the document; None if it does not."""
        declared, sent = self.operation.request_body, request.content_type or ""
        if media_type.is_json(sent) and declared and declared.media_type(sent) is None:
            # it was read as JSON, which is declared
            request = request.having(("Content-Type", "application/json"))
        violations = [*self._parameters(match, request)] if self._has_parameters else []
        violations += check_body(self.operation, request, body=body, hints=False)
        return self._problem(violations, body.value if body and body.fault is None else None)

    def _sound_part(self, request: Request) -> Any:
        """The JSON body of a refused *request* without the members that the document refuses.

        So a stream is one to a client that asks for a stream, whatever else is wrong.
        """
        body = self.operation.request_body
        entry = next((one for one in body.content if one.is_json), None) if body else None
        decoded = JsonBody(request.body, request.fields)
        if entry is None or decoded.fault is not None or not isinstance(decoded.value, dict):
            return None
        faults = entry.schema.errors(decoded.value) if entry.schema is not None else ()
        refused = {pointer.split(fault.instance_pointer)[:1] for fault in faults}
        return {name: item for name, item in decoded.value.items() if (name,) not in refused}

    def _readable_part(self, value: Any) -> Any:
        """*value*, a decoded body, without the members that a model refuses."""
        while isinstance(value, dict):
            try:
                self._read_as_model(value)
                break
            except Refused as refusal:
                name = pointer.split(refusal.param or "/")[0]
                if name not in value:
                    break
                value = {each: item for each, item in value.items() if each != name}
        return value

    def _parameters(self, match: Match, request: Request) -> Iterable[Violation]:
        from troth.validation import parameters  # slow to load, and most operations here have none

        return parameters.check_parameters(match, request)

    def _problem(self, violations: Iterable[Violation], body: Any = None) -> Problem | None:
        errors = [violation for violation in violations if violation.severity == "error"]
        if not errors:
            return None
        return of_violations(self.contract, self.operation, errors, body=body)


def _joined(values: Sequence[str] | None) -> str | None:
    """The lines of a field as one (RFC 9110 §5.3)."""
    return ", ".join(values) if values else None


def _read(declared: MediaType, content_type: str, request: Request) -> Any:
    """What the good body of *request* says that is no JSON, whatever boundary or coding it has."""
    data = content_coding.undone(request.body, request.fields)
    value = content.UNREAD if data is None else content.read(declared, content_type, data)
    return None if value is content.UNREAD else value
