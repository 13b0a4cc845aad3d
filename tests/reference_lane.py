"""The reference lane: a whole request judged by stock openapi-core, for tests to compare with.

Its checks of schemas run on jsonschema-rs, compiled once; everything else is as its authors wrote
it, the document's own check (which would refuse a wrong default) left out.  It retrieves nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import jsonschema_rs

from troth import pointer as pointers
from troth.http.exchange import Request
from troth.validation.security import cookies

_BASE = "urn:troth:reference"
_HOST = "http://localhost"
_KEPT = 8
_references: dict[int, Reference] = {}


def reference_verdict(document_root: Mapping[str, Any], request: Request) -> bool | None:
    """Whether openapi-core takes *request*; None when it does not know the operation, or fails.

    Not for hot paths: about a millisecond.
    """
    found = _references.get(id(document_root))
    if found is None or found.root is not document_root:
        found = Reference(document_root)
        if len(_references) >= _KEPT:
            _references.clear()
        _references[id(document_root)] = found
    return found.verdict(request)


class Reference:
    """One document as openapi-core sees it; compiled when first asked."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root

    def verdict(self, request: Request) -> bool | None:
        """Whether openapi-core takes *request*; None when it cannot say."""
        from openapi_core.templating.paths.exceptions import PathError

        with warnings.catch_warnings():
            # It warns of deprecated members of the document, which is lint's business.
            warnings.simplefilter("ignore")
            try:
                errors = list(self._application.iter_request_errors(_Sent(request)))
            except Exception:  # it raises KeyError, AssertionError, re.error, … on odd documents
                return None
        if any(isinstance(error, PathError) for error in errors):
            return None
        return not errors

    @cached_property
    def _application(self) -> Any:
        from jsonschema_path import SchemaPath
        from openapi_core import Config, OpenAPI

        root = _with_paths_as_servers(self.root)
        path = SchemaPath.from_dict(root, handlers={"<all_urls>": _refuse, "http": _refuse})
        config = Config(
            spec_validator_cls=None,  # type: ignore[arg-type]  # read as "do not check"
            schema_validators_factory=_factory(root),
        )
        return OpenAPI(path, config=config)


def _with_paths_as_servers(root: Mapping[str, Any]) -> dict[str, Any]:
    """*root* with servers on any host: what counts is the path that they put before the others."""
    servers = [server for server in root.get("servers") or () if isinstance(server, Mapping)]
    local = [{**each, "url": urlsplit(str(each.get("url", ""))).path or "/"} for each in servers]
    return {**root, "servers": [*local, {"url": "/"}]}


def _refuse(uri: str) -> Any:
    raise LookupError(f"{uri} is not part of the document")


class _Sent:
    """A request in the form that openapi-core asks for."""

    def __init__(self, request: Request) -> None:
        from openapi_core.datatypes import RequestParameters
        from werkzeug.datastructures import Headers, ImmutableMultiDict

        path, _, query = request.target.partition("#")[0].partition("?")
        self.host_url = _HOST
        self.path = path
        self.method = request.method.lower()
        self.content_type = request.content_type or "application/json"
        self.body = request.body or None
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(parse_qsl(query, keep_blank_values=True)),
            header=Headers(list(request.fields)),
            cookie=ImmutableMultiDict(cookies(request.values("Cookie"))),
        )


def _factory(root: dict[str, Any]) -> Any:
    """openapi-core's source of schema validators, on jsonschema-rs; None for OpenAPI 3.0.

    The dialect of 3.0 is openapi-core's own, so there its own validators stay; they do as well,
    only slower, for a release that keeps its parts elsewhere.
    """
    try:
        from openapi_core.validation import schemas
        from openapi_core.validation.schemas.exceptions import InvalidSchemaValue
        from openapi_core.validation.schemas.validators import SchemaValidator
    except ImportError:
        return None
    version = str(root.get("openapi", ""))
    if version.startswith("3.0") or "jsonSchemaDialect" in root:
        return None
    stock = (
        schemas.oas32_schema_validators_factory
        if version.startswith("3.2")
        else schemas.oas31_schema_validators_factory
    )

    class Fast(SchemaValidator):
        is_valid: Callable[[Any], bool]

        def validate(self, value: Any) -> None:
            try:
                valid = self.is_valid(value)
            except (ValueError, TypeError):  # bytes, a lone surrogate: no JSON value
                super().validate(value)
                return
            if not valid:
                raise InvalidSchemaValue(value, "any", schema_errors=())

        def evolve(self, schema: Any) -> SchemaValidator:
            return SchemaValidator(self.schema, self.validator).evolve(schema)

    places = dict(_places(root, ""))
    registry = jsonschema_rs.Registry([(_BASE, root)], retriever=_refuse)
    compiled: dict[int, SchemaValidator] = {}

    class Factory:
        def create(self, spec: Any, schema: Any, **options: Any) -> SchemaValidator:
            with schema.resolve() as resolved:
                key = id(resolved.contents)
            if key not in compiled:
                compiled[key] = self._compile(spec, schema, places.get(key), options)
            return compiled[key]

        def _compile(
            self, spec: Any, schema: Any, at: str | None, options: Mapping[str, Any]
        ) -> SchemaValidator:
            slow: SchemaValidator = stock.create(spec, schema, **options)
            if at is None:
                return slow
            fast = Fast(schema, slow.validator)
            fast.is_valid = jsonschema_rs.Draft202012Validator(
                {"$ref": f"{_BASE}#{quote(at)}"}, registry=registry, validate_formats=True
            ).is_valid
            return fast

    return Factory()


def _places(node: Any, at: str) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    waiting = [(node, at)]
    while waiting:
        node, at = waiting.pop()
        if isinstance(node, dict):
            found.append((id(node), at))
            waiting += [(value, pointers.join(at, name)) for name, value in node.items()]
        elif isinstance(node, list):
            waiting += [(value, pointers.join(at, index)) for index, value in enumerate(node)]
    return found
