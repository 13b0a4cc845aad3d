"""The response of an exchange, validated: status, fields, body or stream, and laws, in order."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace
from typing import Any

from troth.http import content_coding, json_text, media_type
from troth.http.exchange import Request, Response
from troth.laws.condition import Facts
from troth.laws.laws import Law, Verdict, verdict
from troth.openapi.operation import DeclaredResponse, Match, MediaType, Operation
from troth.validation import bodies, parameters, streams
from troth.validation.bodies import JsonBody
from troth.validation.security import http_scheme
from troth.validation.violation_builder import ViolationBuilder
from troth.violation import Severity, Violation

#: Statuses whose responses never have content (RFC 9110 §6.4.1).
_WITHOUT_CONTENT = frozenset({204, 205, 304})
#: The fields that a response must have (RFC 9110 §15.5.2, §15.5.6), whatever the document says.
_NEEDED_FIELDS = {401: "WWW-Authenticate", 405: "Allow"}


def missing_field(response: Response) -> tuple[str, str] | None:
    """Code and message of the violation that *response* lacks the field its status needs."""
    name = _NEEDED_FIELDS.get(response.status)
    if name is None or response.field(name) is not None:
        return None
    return f"response.{name.lower()}-missing", f"a {response.status} must have the field {name}"


class ResponseValidator:
    """Holds one response to its operation; what is read on the way is kept for the laws.

    *request_body* is that of *request*, where the caller looks at it too; *match* says what its
    path and its query are, where laws ask for them.  *verdicts* are those of the laws that one
    exchange can be judged by, once the violations have been listed.
    """

    def __init__(
        self,
        operation: Operation,
        request: Request,
        response: Response,
        *,
        request_body: JsonBody | None = None,
        match: Match | None = None,
    ) -> None:
        self.match = match
        self.operation = operation
        self.request = request
        self.response = response
        self.request_body = request_body or JsonBody(request.body, request.fields)
        self.body: Any = None
        self.events: list[Any] | None = None
        self.verdicts: tuple[tuple[Law, Verdict], ...] = ()

    def violations(self) -> Iterator[Violation]:
        """Everything that is wrong with the response, and every law that it breaks."""
        declared = self.operation.response(self.response.status)
        if declared is None and not self.operation.responses:
            return  # OpenAPI 3.1 §4.8.10.1: where none is declared, nothing is said of any
        if declared is None:
            known = ", ".join(response.status for response in self.operation.responses)
            yield self._builder(self.operation.pointer + "/responses").violation(
                "response.status-undeclared",
                f"{self.response.status} is not one of the declared statuses, {known or 'none'}",
            )
            return
        yield from self._check_fields(declared)
        yield from self._check_content(declared)
        yield from self._check_laws()

    def _builder(self, pointer: str, content_type: str | None = None) -> ViolationBuilder:
        return ViolationBuilder(
            self.operation, pointer, status=self.response.status, content_type=content_type
        )

    def _check_fields(self, declared: DeclaredResponse) -> Iterator[Violation]:
        yield from parameters.check_headers(self.operation, declared, self.response)
        if missing := missing_field(self.response):
            # a key that is no scheme of HTTP has no name that a challenge could give, nor has a
            # log-in whose password is wrong
            names = [http_scheme(each) for several in self.operation.security for each in several]
            has_no_name = self.response.status == 401 and not any(names)
            severity: Severity = "warning" if has_no_name else "error"
            yield self._builder(declared.pointer).violation(*missing, severity=severity)

    def _check_content(self, declared: DeclaredResponse) -> Iterator[Violation]:
        """What is wrong with the content and its type."""
        response = self.response
        if self.request.method == "HEAD" or response.status in _WITHOUT_CONTENT:
            return
        if not declared.content:
            return  # OpenAPI: no `content` says nothing of the body
        builder = self._builder(declared.pointer)
        content_type = response.content_type
        offered = ", ".join(entry.content_type for entry in declared.content)
        if content_type is None:
            yield builder.violation(
                "response.content-type-missing",
                f"the response has no Content-Type; declared are {offered}",
            )
            return
        entry = declared.media_type(content_type)
        if entry is None:
            yield builder.violation(
                "response.content-type-undeclared",
                f"{content_type!r} is not one of the declared media types, {offered}",
            )
            return
        due = self._due(declared)
        if due is not None and due is not entry:
            yield builder.violation(
                "response.content-type-condition",
                f"the answer is {media_type.essence(content_type)}; to this request it is "
                f"{due.content_type} that is due",
                schema_pointer=due.pointer + "/x-troth-when",
            )
        if media_type.is_json(content_type):
            yield from self._check_json(entry)
        elif (body := self._unpacked()) is None:
            return  # in a coding that is not known here
        elif entry.is_stream:
            yield from self._check_stream(declared, entry, body)
        elif entry.is_sequence:
            self.events = []
            yield from bodies.check_sequence(
                self._builder(entry.pointer, entry.content_type),
                (entry, content_type, body),
                decode=lambda text: json_text.decode_lenient(text)[0],
                locations=("stream", "response-body"),
                values=self.events,
            )
        else:
            builder = self._builder(entry.pointer, entry.content_type)
            read = bodies.Body(builder, entry, content_type, body, "response-body")
            yield from read.violations()
            self.body = read.value

    def _unpacked(self) -> bytes | None:
        """The content without its coding; None where it is not known here."""
        try:
            return content_coding.undone(self.response.body, self.response.fields)
        except content_coding.BadCoding:
            # whoever received it may have undone it, and left the field
            return self.response.body

    def _due(self, declared: DeclaredResponse) -> MediaType | None:
        """The media type whose `x-troth-when` holds for this request, if just one does."""
        conditional = [entry for entry in declared.content if entry.when is not None]
        if not conditional:
            return None
        facts = {"request": self.request_body.value}
        holding = [entry for entry in conditional if entry.when and entry.when.holds(facts)]
        return holding[0] if len(holding) == 1 else None

    def _check_json(self, entry: MediaType) -> Iterator[Violation]:
        builder = self._builder(entry.pointer, entry.content_type)
        try:
            self.body, faults = json_text.decode_lenient(self.response.body)
        except json_text.BadJson as fault:
            # what is coded is no JSON: so what is JSON need not be asked
            body = self._unpacked()
            if body is None:
                return
            if body is self.response.body:
                yield builder.violation(f"response-body.{fault.reason}", str(fault))
                return
            self.response = replace(self.response, body=body)
            yield from self._check_json(entry)
            return
        for each in faults:
            severity: Severity = "warning" if each.reason in streams.SURVIVABLE else "error"
            code = f"response-body.{each.reason}"
            yield builder.violation(code, str(each), severity=severity)
        if entry.schema is not None:
            yield from builder.mismatches("response-body", entry.schema, self.body)

    def _check_stream(
        self, declared: DeclaredResponse, entry: MediaType, body: bytes
    ) -> Iterator[Violation]:
        """What is wrong with an event stream, and with the body that it makes."""
        stream = streams.read(entry, body)
        violations = tuple(streams.violations(self.operation, declared, entry, stream))
        yield from violations
        self.events = stream.values
        self.body = streams.assemble(entry, stream)
        if violations or self.body is None or entry.assembly is None:
            return  # what the items did wrong is told; the body would only say it again
        whole = declared.media_type(entry.assembly.body)
        if whole is not None and whole.schema is not None:
            builder = self._builder(whole.pointer, entry.content_type)
            yield from builder.mismatches("stream-body", whole.schema, self.body)

    def _check_laws(self) -> Iterator[Violation]:
        laws = self.operation.laws
        if not laws:
            return
        facts = Facts(self.facts(laws[0].scope.members), laws[0].scope)
        self.verdicts = tuple((law, verdict(law, facts)) for law in laws if not law.repeats)
        for law, result in self.verdicts:
            if result == "broken":
                yield self._builder(law.pointer, self.response.content_type).violation(
                    f"law.{law.id}",
                    f"{law.message} (the document says: {law.says!r})",
                    severity=law.severity,
                    law=law.id,
                    place=law.place,
                )

    def facts(self, names: Container[str]) -> dict[str, Any]:
        """The variables of the laws that have a value for this exchange; of some only *names*."""
        facts: dict[str, Any] = {
            "request": self.request_body.value,
            "status": self.response.status,
            "streamed": self.events is not None,
        }
        if self.body is not None:
            facts["response"] = self.body
        if self.events is not None:
            facts["events"] = self.events
        for name in ("path", "query"):
            if name in names and self.match is not None:
                declared = [each for each in self.operation.parameters if each.location == name]
                sent = parameters.read_parameters(self.match, self.request, name)
                facts[name] = {each.name: sent.get(each.name) for each in declared}
        if "header" in names:
            facts["header"] = _texts(self.request)
        if "response_header" in names:
            facts["response_header"] = _texts(self.response)
        return facts


def _texts(message: Request | Response) -> dict[str, str]:
    """The header fields of *message*; lines of one name are joined (RFC 9110 §5.3)."""
    names = dict.fromkeys(name.lower() for name, _ in message.fields)
    return {name: ", ".join(message.values(name)) for name in names}


def facts_of(match: Match, request: Request, response: Response) -> dict[str, Any]:
    """All that laws may know of one exchange."""
    validator = ResponseValidator(match.operation, request, response, match=match)
    for _ in validator.violations():
        pass  # the body is read on the way
    return validator.facts(("path", "query", "header", "response_header"))
