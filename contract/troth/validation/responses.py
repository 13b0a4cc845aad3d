"""One response on trial: its status, fields, body or stream, and the laws, in document order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from troth.http import json_text, media_type
from troth.http.exchange import Request, Response
from troth.laws.laws import Facts, Law, Verdict, verdict
from troth.openapi.contract import Contract
from troth.openapi.operation import DeclaredResponse, MediaType, Operation
from troth.validation import parameters, streams
from troth.validation.violation_builder import Teller
from troth.violation import Severity, Violation

#: Statuses whose responses never have content (RFC 9110 §6.4.1).
_WITHOUT_CONTENT = frozenset({204, 205, 304})


class Judge:
    """One response on trial: what was read from it on the way is kept for the laws."""

    def __init__(
        self, contract: Contract, operation: Operation, request: Request, response: Response
    ) -> None:
        self.contract = contract
        self.operation = operation
        self.request = request
        self.response = response
        self.asked = _json_of(request.body)
        self.body: Any = None
        self.events: list[Any] | None = None
        # the laws' verdicts, once they are worked out
        self.judged: tuple[tuple[Law, Verdict], ...] = ()

    def violations(self) -> Iterator[Violation]:
        """Everything that is wrong with the response, and every law that it breaks."""
        declared = self.operation.response(self.response.status)
        if declared is None:
            known = ", ".join(response.status for response in self.operation.responses)
            at = self.operation.pointer + "/responses"
            tell = self.teller(at, None)
            yield tell(
                "response.status-undeclared",
                f"{self.response.status} is not one of the declared statuses, {known or 'none'}",
            )
            return
        yield from self.fields(declared)
        yield from self.content(declared)
        yield from self.laws()

    def teller(self, pointer: str, content_type: str | None) -> Teller:
        """What tells the violations of the object at *pointer*."""
        place = self.contract.document.place(pointer)
        return Teller(
            self.operation, pointer, place, status=self.response.status, content_type=content_type
        )

    def fields(self, declared: DeclaredResponse) -> Iterator[Violation]:
        """What is wrong with the header fields."""
        yield from parameters.check_headers(self.operation, declared, self.response)
        # RFC 9110 §15.5.2 and §15.5.6: MUST, whatever the document says
        for status, name in ((401, "WWW-Authenticate"), (405, "Allow")):
            if self.response.status == status and self.response.field(name) is None:
                yield self.teller(declared.pointer, None)(
                    f"response.{name.lower()}-missing", f"a {status} must have the field {name}"
                )

    def content(self, declared: DeclaredResponse) -> Iterator[Violation]:
        """What is wrong with the content and its type."""
        response = self.response
        if self.request.method == "HEAD" or response.status in _WITHOUT_CONTENT:
            return
        if not declared.content:
            return  # OpenAPI: no `content` says nothing of the body
        tell = self.teller(declared.pointer, None)
        content_type = response.content_type
        offered = ", ".join(entry.content_type for entry in declared.content)
        if content_type is None:
            yield tell(
                "response.content-type-missing",
                f"the response has no Content-Type; declared are {offered}",
            )
            return
        entry = declared.media_type(content_type)
        if entry is None:
            yield tell(
                "response.content-type-undeclared",
                f"{content_type!r} is not one of the declared media types, {offered}",
            )
            return
        due = self.due(declared)
        if due is not None and due is not entry:
            yield tell(
                "response.content-type-condition",
                f"the answer is {media_type.essence(content_type)}; to this request it is "
                f"{due.content_type} that is due",
                schema=due.pointer + "/x-troth-when",
            )
        yield from self.entry(declared, entry)

    def due(self, declared: DeclaredResponse) -> MediaType | None:
        """The media type whose `x-troth-when` holds for this request, if just one does."""
        conditional = [entry for entry in declared.content if entry.when is not None]
        facts = {"request": self.asked}
        holding = [entry for entry in conditional if entry.when and entry.when.holds(facts)]
        return holding[0] if len(holding) == 1 else None

    def entry(self, declared: DeclaredResponse, entry: MediaType) -> Iterator[Violation]:
        """What is wrong with the content as the media type that it says it is."""
        if entry.is_stream:
            yield from self.stream(declared, entry)
        elif entry.is_sequence:
            yield from self.sequence(entry)
        elif entry.is_json:
            yield from self.json(entry)

    def json(self, entry: MediaType) -> Iterator[Violation]:
        """What is wrong with a JSON body."""
        tell = self.teller(entry.pointer, entry.content_type)
        try:
            self.body, faults = json_text.decode_lenient(self.response.body)
        except json_text.BadJson as fault:
            yield tell(f"response-body.{fault.reason}", str(fault))
            return
        for told in faults:
            severity: Severity = "warning" if told.reason in streams.SURVIVABLE else "error"
            yield tell(f"response-body.{told.reason}", str(told), severity=severity)
        if entry.schema is not None and not entry.schema.is_valid(self.body):
            yield from tell.mismatches("response-body", entry.schema, self.body)

    def stream(self, declared: DeclaredResponse, entry: MediaType) -> Iterator[Violation]:
        """What is wrong with an event stream, and with the body that it makes."""
        reading = streams.read(entry, self.response)
        place = self.contract.document.place(entry.pointer)
        found = tuple(streams.violations(self.operation, declared, entry, reading, place=place))
        yield from found
        self.events = reading.values
        self.body = streams.assemble(entry, reading)
        if found or self.body is None or entry.assembly is None:
            return  # what the items did wrong is told; the body would only say it again
        whole = declared.media_type(entry.assembly.body)
        if whole is None or whole.schema is None or whole.schema.is_valid(self.body):
            return
        tell = self.teller(whole.pointer, entry.content_type)
        yield from tell.mismatches("stream-body", whole.schema, self.body)

    def sequence(self, entry: MediaType) -> Iterator[Violation]:
        """What is wrong with JSON texts in a row, each of which is an item."""
        tell = self.teller(entry.pointer, entry.content_type)
        self.events = []
        told = 0
        for index, text in enumerate(streams.texts(self.response.body)):
            at = f"/{index}"
            try:
                value, _ = json_text.decode_lenient(text)
            except json_text.BadJson as fault:
                told += 1
                if told <= streams.MOST_TOLD:
                    yield tell("stream.data-not-json", f"item {index} is not JSON: {fault}", at=at)
                continue
            self.events.append(value)
            if told >= streams.MOST_TOLD or entry.item is None or entry.item.is_valid(value):
                continue
            for found in tell.mismatches("stream", entry.item, value, at=at):
                told += 1
                yield found
        if entry.schema is not None and not told and not entry.schema.is_valid(self.events):
            # OpenAPI 3.2 §4.14.4: a `schema` is that of the items as an array
            yield from tell.mismatches("response-body", entry.schema, self.events)

    def laws(self) -> Iterator[Violation]:
        """The laws that the exchange breaks."""
        self.judged = tuple(self.verdicts(read=False))
        for law, found in self.judged:
            if found == "broken":
                yield self.teller(law.pointer, self.response.content_type)(
                    f"law.{law.id}",
                    f"{law.message} (the document says: {law.says!r})",
                    severity=law.severity,
                    law=law.id,
                    place=law.place,
                )

    def verdicts(self, *, read: bool = True) -> Iterator[tuple[Law, Verdict]]:
        """The verdict of each law that one exchange can be judged by."""
        if not self.operation.laws:
            return
        if read:
            for _ in self.violations_of_content():
                pass
        facts = Facts(self.facts(), self.operation.laws[0].scope)
        for law in self.operation.laws:
            if not law.repeats:
                yield law, verdict(law, facts)

    def violations_of_content(self) -> Iterator[Violation]:
        """What is wrong with the content alone; reads the body and the events on the way."""
        declared = self.operation.response(self.response.status)
        if declared is not None:
            yield from self.content(declared)

    def facts(self) -> Mapping[str, Any]:
        """The variables of the laws that have a value for this exchange."""
        facts: dict[str, Any] = {
            "request": self.asked,
            "status": self.response.status,
            "streamed": self.events is not None,
        }
        if self.body is not None:
            facts["response"] = self.body
        if self.events is not None:
            facts["events"] = self.events
        return facts


def _json_of(body: bytes) -> Any:
    try:
        return json_text.decode_lenient(body)[0] if body else None
    except json_text.BadJson:
        return None
