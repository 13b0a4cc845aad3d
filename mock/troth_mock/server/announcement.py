"""What `troth mock` says when it is up: where, what it serves, and a first request to paste.

The request is the document's own where it can be: a code sample, an example, and only then
something synthesised.  It is tried on the responder before it is shown.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from troth.generation.parameters import examples, schema_of
from troth.generation.request_writer import assemble, body_type, credentials, with_credential
from troth.generation.values import synthesize
from troth.http.content_coding import coding
from troth.http.exchange import Request
from troth.openapi import code_samples
from troth.openapi.contract import Contract
from troth.openapi.operation import MediaType, Operation, Parameter
from troth.seed import Seed
from troth_mock.responding.responder import Responder
from troth_mock.server.serving import MockServer

_SEED = Seed.of("a first request")
_LISTED = 20
_TRIED = 20


@dataclass(frozen=True, slots=True)
class Announcement:
    """The facts that a user, or a script with `--json`, needs once the server is up."""

    server: MockServer
    curl: str | None
    pid: int

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of the operations, in the document's order."""
        return tuple(operation.name for operation in self.server.contract.operations)

    def as_json(self) -> str:
        """One machine-readable line."""
        return json.dumps(
            {
                "url": self.server.url,
                "base_url": self.server.base_url,
                "pid": self.pid,
                "operations": list(self.operations),
                "curl": self.curl,
            }
        )

    def as_text(self) -> str:
        """A few lines for a person."""
        more = len(self.operations) - _LISTED
        lines = [
            f"troth mock on {self.server.url}",
            "",
            *(f"  {name}" for name in self.operations[:_LISTED]),
            *([f"  … and {more} more"] if more > 0 else []),
            *(["", f"  {self.curl}"] if self.curl else []),
        ]
        if any(operation.completion for operation in self.server.contract.operations):
            lines += ["", f"  export OPENAI_BASE_URL={self.server.base_url}"]
        return "\n".join([*lines, ""])


def first_request(contract: Contract, responder: Responder, *, token: str) -> Request | None:
    """A request that the mock answers well, or None when none of the first operations has one."""
    for operation in contract.operations[:_TRIED]:
        for request in _requests(operation, token=token):
            if coding(request.fields):
                continue  # what is coded cannot be typed
            if responder.respond(request, now=0).status < 400:
                return request
    return None


def curl(request: Request, url: str) -> str:
    """*request* as a line for a POSIX shell."""
    words = ["curl", url + request.target]
    if request.method != ("POST" if request.body else "GET"):
        words += ["-X", request.method]
    for name, value in request.fields:
        if name.lower() != "host":
            words += ["-H", f"{name}: {value}"]
    if request.body:
        words += ["-d", request.body.decode()]
    return shlex.join(words)


def _requests(operation: Operation, *, token: str) -> Iterator[Request]:
    body = operation.request_body
    if body is None or not body.required:
        yield _request(operation, token)
    entry = body_type(operation)
    if entry is not None and entry.is_json:
        for value in _bodies(operation, entry):
            yield _request(operation, token, body=value)


def _request(operation: Operation, token: str, **body: Any) -> Request:
    parameters: dict[tuple[str, str], Any] = {
        (parameter.location, parameter.name): _value(parameter)
        for parameter in operation.parameters
        if parameter.required or parameter.location == "path"
    }
    schemes = credentials(operation)
    is_basic = any(scheme.kind == "http" and scheme.scheme == "basic" for scheme in schemes)
    request = with_credential(
        assemble(operation, parameters=parameters, **body), "troth:troth" if is_basic else token
    )
    # curl's own will do
    fields = tuple(field for field in request.fields if field[0] != "Accept")
    return replace(request, fields=fields)


def _value(parameter: Parameter) -> Any:
    schema = schema_of(parameter)
    if schema is None:
        return "x"
    return next(iter(examples(parameter)), None) or synthesize(schema, seed=_SEED)


def _bodies(operation: Operation, media_type: MediaType) -> Iterator[Any]:
    schema = media_type.schema
    if schema is None:
        yield {}
        return
    source = schema.source if isinstance(schema.source, dict) else {}
    for sample in operation.code_samples:
        for value in code_samples.requests_in(sample, members=source.get("properties", ())):
            if schema.is_valid(value):
                yield value
    for example in media_type.examples:
        if schema.is_valid(example.value):
            yield example.value
    yield synthesize(schema, seed=_SEED)
