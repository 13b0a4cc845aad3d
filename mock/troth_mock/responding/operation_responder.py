"""Answering one operation: credentials, content, validity, then the answer that is due."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from typing import Any

from troth import pointer
from troth.http import json_text, media_type
from troth.http.exchange import Request
from troth.openapi.contract import Contract
from troth.openapi.operation import DeclaredResponse, Match, MediaType, Operation
from troth.seed import Seed
from troth.validation.bodies import JsonBody, check_body
from troth.violation import Violation
from troth_mock.chat.answers import Chat
from troth_mock.reply import Reply, has_content
from troth_mock.responding import negotiation
from troth_mock.responding.bodies import Bodies
from troth_mock.responding.compiled_responder import CompiledResponder, CompiledResponse
from troth_mock.responding.credentials import gate
from troth_mock.responding.negotiation import Chooser, NotAcceptable, Preferences
from troth_mock.responding.refusals import refusal, refuse_violations, status_of_violation

_NO_PREFERENCE = Preferences()
# all the same in JSON: RFC 8259 §8.1 leaves UTF-8 alone, of which ASCII is a part
_CHARSETS = (None, "utf-8", "utf8", "us-ascii")
_FIELDS = frozenset({"accept", "authorization", "content-type", "prefer"})


class Answerer:
    """One operation of a contract, compiled."""

    def __init__(
        self, contract: Contract, operation: Operation, *, seed: int, tokens: tuple[str, ...]
    ) -> None:
        self.contract = contract
        self.operation = operation
        self._gate = gate(operation, tokens)
        self._base = Seed.of(contract.document.digest, seed, operation.name).key
        self._success = negotiation.success(operation)
        self._choosers: dict[str, Chooser] = {}
        self._bodies = Bodies(contract, operation)
        self._chat = Chat.of(contract, operation, self._success[1])
        body = operation.request_body
        self._is_required = body is not None and body.required
        self._by_content_type: dict[str, MediaType | None] = {}
        self._formal = self._formal_members()
        self._lane = self._compile_lane()
        self._needed = _FIELDS | {
            scheme.parameter.lower() if scheme.location == "header" else "cookie"
            for schemes in operation.security
            for scheme in schemes
            if scheme.kind == "apiKey"
        }

    def answer(self, match: Match, request: Request, *, created: int | None) -> Reply:
        """Answer *request*; *created* is the time to tell, None the fixed one.

        Raises Refused, BadPreference, NotAcceptable, Unsatisfiable.
        """
        fields = self._read(request)
        if self._gate is not None:
            denied = self._gate(fields, match.query)
            if denied is not None:
                return refusal(401, denied.message, fields=denied.fields, operation=self.operation)
        value, refused = self._body(match, request, fields)
        if refused is None and self.operation.parameters:
            refused = self._told(self._parameters(match, request))
        if refused is not None:
            return refused
        asked = fields.get("prefer")
        wished = negotiation.preferences(asked) if asked else _NO_PREFERENCE
        return self._reply(match, request, value, fields, wished, created)

    def lane(
        self, match: Match, request: Request
    ) -> Callable[[bytes, int | None], CompiledResponse | None] | None:
        """What answers plain bodies sent with the head of *request*; None: that is not plain.

        It takes the body and the time to tell, and returns None for what `answer` has to answer.
        """
        fields = self._read(request)
        sent = fields.get("content-type", ())
        if self._lane is None or match.query or "prefer" in fields or len(sent) != 1:
            return None
        if self._gate is not None and self._gate(fields, match.query) is not None:
            return None
        declared = self._declared(sent[0])
        if declared is None or not declared.is_json or declared.schema is None:
            return None
        assert self._success[1] is not None
        try:
            otherwise = self._chooser(self._success[1]).otherwise(fields.get("accept", ()))
        except NotAcceptable:
            otherwise = None
        return partial(self._lane.answer, is_valid=declared.schema.is_valid, otherwise=otherwise)

    def _compile_lane(self) -> CompiledResponder | None:
        status, declared = self._success
        operation = self.operation
        if self._chat is None or declared is None or operation.request_body is None:
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
        needed = self._needed
        for name, value in request.fields:
            name = name.lower()
            if name in needed:
                fields.setdefault(name, []).append(value)
        return fields

    def _reply(
        self,
        match: Match,
        request: Request,
        value: Any,
        fields: Mapping[str, Sequence[str]],
        wished: Preferences,
        created: int | None,
    ) -> Reply:
        status, declared = self._success
        if wished.code is not None and wished.code != status:
            status, declared = wished.code, negotiation.preferred(self.operation, wished.code)
        accept = fields.get("accept", ())
        entry = None if declared is None else self._chooser(declared).choose(value, accept)
        seed = self._seed(match, request, value, self._formal)
        chat = self._chat
        if (
            chat is not None
            and entry is not None
            and wished.example is None
            and declared is self._success[1]
            and chat.answers(entry)
        ):
            said = seed
            if type(value) is dict and not chat.dialect.cuts.isdisjoint(value):
                said = self._seed(match, request, value, self._formal | chat.dialect.cuts)
            reply = chat.reply(entry, value, seed, said=said, created=created, status=status)
        else:
            reply = self._bodies.reply(
                status, declared, entry, seed, wished=wished, accept=", ".join(accept)
            )
        if wished is not _NO_PREFERENCE and wished.applied:
            applied = (*reply.fields, ("Preference-Applied", wished.applied))
            return Reply(reply.status, applied, reply.body, reply.stream)
        return reply

    def _formal_members(self) -> frozenset[str]:
        """The members that say in which form to answer, and not what: they change no seed.

        So a stream folds to the body that the same request gets without streaming.
        """
        declared = self._success[1]
        if declared is None or self._chat is None:
            return frozenset()
        usage = self._chat.dialect.pointers.get("include-usage")
        names = {pointer.split(usage)[0]} if usage else set()
        return frozenset(names.union(self._chooser(declared).reads or ()))

    def _chooser(self, declared: DeclaredResponse) -> Chooser:
        found = self._choosers.get(declared.status)
        if found is None:
            found = self._choosers[declared.status] = Chooser(declared)
        return found

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
    ) -> tuple[Any, Reply | None]:
        """The decoded body of a request that the document takes, or the refusal of any other."""
        body = self.operation.request_body
        if body is None:
            return None, None
        sent = fields.get("content-type")
        if not sent:
            if request.body or self._is_required:
                return None, self._refuse(match, request, missing_type=bool(request.body))
            return None, None
        if len(sent) > 1:
            said = "there is more than one Content-Type field"
            return None, refusal(400, said, param="Content-Type", operation=self.operation)
        declared = self._declared(sent[0])
        if declared is None:
            return None, self._unsupported(sent[0])
        if not declared.is_json:
            return None, self._violations(match, request)
        read = JsonBody(request.body)
        if read.fault is None and (declared.schema is None or declared.schema.is_valid(read.value)):
            return read.value, None
        return None, self._violations(match, request, read)

    def _declared(self, sent: str) -> MediaType | None:
        """The entry for a Content-Type as sent."""
        try:
            return self._by_content_type[sent]
        except KeyError:
            found = self._find(sent)
            if len(self._by_content_type) < 64:
                self._by_content_type[sent] = found
            return found

    def _find(self, sent: str) -> MediaType | None:
        body = self.operation.request_body
        assert body is not None
        found = body.media_type(sent)
        if found is None and media_type.is_json(sent):
            # RFC 6839 §3.1: what has the suffix +json can be read as JSON
            found = body.media_type("application/json")
        charset = media_type.charset(sent)
        if found is not None and found.is_json and charset not in _CHARSETS:
            return None
        return found

    def _unsupported(self, sent: str) -> Reply:
        body = self.operation.request_body
        offered = ", ".join(entry.content_type for entry in body.content) if body else ""
        said = f"the content type {sent[:200]!r} is not supported; {offered or 'none'} would do"
        # RFC 9110 §15.5.16: Accept in a 415 says what would do
        return refusal(
            415, said, param="Content-Type", fields=(("Accept", offered),), operation=self.operation
        )

    def _refuse(self, match: Match, request: Request, *, missing_type: bool) -> Reply:
        if missing_type:
            return self._unsupported("")
        return self._violations(match, request) or refusal(400, "the request has no body")

    def _violations(
        self, match: Match, request: Request, body: JsonBody | None = None
    ) -> Reply | None:
        """The refusal of a body that breaks the document, explained; None if it does not."""
        sent = request.content_type or ""
        if media_type.is_json(sent):
            fields = tuple(
                (name, "application/json" if name.lower() == "content-type" else value)
                for name, value in request.fields
            )
            request = Request(request.method, request.target, fields, request.body)
        found = [*self._parameters(match, request)] if self.operation.parameters else []
        found += check_body(self.operation, request, body=body, hints=False)
        return self._told(found, body.value if body and body.fault is None else None)

    def _parameters(self, match: Match, request: Request) -> Iterable[Violation]:
        from troth.validation import parameters  # slow to load, and most operations here have none

        return parameters.check_parameters(match, request)

    def _told(self, found: Iterable[Violation], body: Any = None) -> Reply | None:
        errors = [violation for violation in found if violation.severity == "error"]
        if not errors:
            return None
        status = status_of_violation(self.operation)
        return refuse_violations(self.contract, self.operation, errors, status=status, body=body)
