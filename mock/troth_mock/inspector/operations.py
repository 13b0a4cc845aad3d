"""The operations of a document, each with requests that it takes.

A request is the document's own where it can be: a code sample, an example, and only then
something drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from troth.errors import TrothError
from troth.generation.parameters import examples, schema_of
from troth.generation.request_writer import (
    assemble,
    body_type,
    credentials,
    in_path,
    with_credential,
)
from troth.generation.source import Seeded
from troth.generation.values import synthesize
from troth.http.exchange import Request
from troth.openapi import code_samples
from troth.openapi.contract import Contract
from troth.openapi.operation import MediaType, Operation, Parameter
from troth.seed import Seed

_SEED = Seed.of("a first request")


def natural_requests(operation: Operation, *, token: str) -> Iterator[Request]:
    """Requests to *operation* as a user would write them, the document's own first."""
    body = operation.request_body
    if body is None or not body.required:
        yield _request(operation, token)
    entry = body_type(operation)
    if entry is not None and entry.is_json:
        for value in _bodies(operation, entry):
            yield _request(operation, token, body=value)


def request_of(
    contract: Contract, operation: Operation, *, seed: int, token: str
) -> Request | None:
    """A request to try *operation* with; None where none can be made.

    With the *seed* 0 it is the document's own, if it has one, and with another one it is drawn.
    """
    from troth.generation import requests  # slow to load, and a mock starts without it

    try:
        if seed == 0:
            natural = _with_body(operation, token)
            if natural is not None:
                return natural
        drawn = requests.request(contract, operation, Seeded(Seed.of("to try", seed)))
    except (TrothError, RecursionError):
        return None
    return _plain(with_credential(drawn, token))


def addressed(operation: Operation, request: Request, texts: Mapping[str, str]) -> Request:
    """*request* to *operation* with *texts* in its path, by the names of their parameters."""
    path, mark, query = request.target.partition("?")
    match = operation.template.pattern.fullmatch(path)
    if match is None:
        return request
    written = dict(zip(operation.template.names, match.groups(), strict=True))
    for parameter in operation.parameters:
        if parameter.location == "path" and parameter.name in texts:
            written[parameter.name] = in_path(parameter, texts[parameter.name])
    return replace(request, target=operation.template.filled(written) + mark + query)


def _with_body(operation: Operation, token: str) -> Request | None:
    """The first natural request, one with a body if *operation* takes one."""
    first = None
    for request in natural_requests(operation, token=token):
        if request.body:
            return request
        first = first or request
    return first


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
    return _plain(request)


def _plain(request: Request) -> Request:
    # a client's own will do
    return replace(request, fields=tuple(one for one in request.fields if one[0] != "Accept"))


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
