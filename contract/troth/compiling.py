"""From a document to a `Contract`: read every operation, with what it inherits, once.

Only structure is read here; whether it is good is `lint`'s to say.  What cannot be given a
meaning at all (an unknown security scheme, a law that does not parse) is a SpecError.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from troth import assembly, laws, pointer
from troth.contract import Contract, Verbs, routes
from troth.document import Document
from troth.errors import SpecError
from troth.operation import (
    DeclaredResponse,
    Example,
    MediaType,
    Operation,
    Parameter,
    RequestBody,
    SecurityScheme,
)
from troth.schema import Schema, Schemas

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
# OpenAPI 3.1 §4.8.12.2: the style that a parameter has when it names none
_STYLES = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}


def compile(
    document: Document, *, source: Contract | None = None, verbs: Verbs | None = None
) -> Contract:
    """Compile *document*; *source* is the contract of the same document without its overlays.

    Raises SpecError for what cannot be given a meaning.
    """
    schemas = Schemas(document)
    operations = tuple(_Reader(document, schemas).operations())
    return Contract(document, schemas, operations, routes(operations), source, verbs)


@dataclass(frozen=True, slots=True)
class _Node:
    """A value of the document with its pointer, references followed."""

    value: Any
    pointer: str

    def items(self, key: str) -> Iterator[tuple[str, Any]]:
        """The members of the object at *key*, if it is one, without `x-` members."""
        members = self.value.get(key)
        if isinstance(members, Mapping):
            yield from members.items()


@dataclass(frozen=True, slots=True)
class _Reader:
    document: Document
    schemas: Schemas

    def operations(self) -> Iterator[Operation]:
        for path, item in _Node(self.document.root, "").items("paths"):
            if path.startswith("x-"):
                continue
            node = self.follow(item, pointer.join("/paths", path))
            for method, at in self.methods(node):
                yield self.operation(
                    path,
                    method,
                    self.follow(pointer.resolve(node.value, at), node.pointer + at),
                    node,
                )

    def methods(self, item: _Node) -> Iterator[tuple[str, str]]:
        for method in _METHODS:
            if isinstance(item.value.get(method), Mapping):
                yield method.upper(), "/" + method
        # OpenAPI 3.2 §4.9: methods without a fixed field, written as they are sent
        for method, _ in item.items("additionalOperations"):
            yield method, pointer.join("/additionalOperations", method)

    def operation(self, path: str, method: str, node: _Node, item: _Node) -> Operation:
        raw = node.value
        samples = raw.get("x-codeSamples", ())
        return Operation(
            method=method,
            path=path,
            pointer=node.pointer,
            operation_id=raw.get("operationId"),
            summary=raw.get("summary", ""),
            parameters=self.parameters(node, item),
            request_body=self.request_body(node),
            responses=tuple(self.responses(node, laws.scope_of(self.document, node.pointer))),
            security=self.security(node),
            laws=laws.parse(
                raw.get("x-troth-laws", ()),
                node.pointer + "/x-troth-laws",
                self.document,
                self.schemas,
            ),
            completion=raw.get("x-troth-completion"),
            code_samples=tuple(sample for sample in samples if isinstance(sample, Mapping)),
            base_paths=self.base_paths(node, item),
        )

    def parameters(self, node: _Node, item: _Node) -> tuple[Parameter, ...]:
        merged: dict[tuple[str, str], Parameter] = {}
        for owner in (item, node):
            for index, raw in enumerate(owner.value.get("parameters") or ()):
                found = self.follow(raw, f"{owner.pointer}/parameters/{index}")
                parameter = self.parameter(found, found.value["name"], found.value["in"])
                if not (parameter.location == "header" and _is_framework_field(parameter.name)):
                    merged[parameter.name, parameter.location] = parameter
        return tuple(merged.values())

    def parameter(self, node: _Node, name: str, location: Any) -> Parameter:
        raw = node.value
        style = raw.get("style") or _STYLES.get(location, "form")
        content = next(iter(self.content(node)), None)
        return Parameter(
            name=name,
            location=location,
            pointer=node.pointer,
            required=raw.get("required") is True or location == "path",
            schema=self.schema(node, "schema"),
            content=content,
            style=style,
            explode=raw.get("explode", style in ("form", "cookie")),
            allow_reserved=raw.get("allowReserved") is True,
        )

    def request_body(self, node: _Node) -> RequestBody | None:
        if not isinstance(node.value.get("requestBody"), Mapping):
            return None
        body = self.follow(node.value["requestBody"], node.pointer + "/requestBody")
        return RequestBody(
            body.pointer, body.value.get("required") is True, tuple(self.content(body))
        )

    def responses(self, node: _Node, scope: laws.Scope) -> Iterator[DeclaredResponse]:
        for status, raw in node.items("responses"):
            if status.startswith("x-"):
                continue
            found = self.follow(raw, pointer.join(node.pointer, "responses", status))
            headers = tuple(
                self.parameter(
                    self.follow(value, pointer.join(found.pointer, "headers", name)), name, "header"
                )
                for name, value in found.items("headers")
                # OpenAPI 3.1 §4.8.17.1: a response header named Content-Type is ignored
                if name.lower() != "content-type"
            )
            yield DeclaredResponse(
                status=status.upper() if status != "default" else status,
                pointer=found.pointer,
                description=found.value.get("description", ""),
                content=tuple(self.content(found, scope)),
                headers=headers,
            )

    def content(self, node: _Node, scope: laws.Scope | None = None) -> Iterator[MediaType]:
        for content_type, raw in node.items("content"):
            found = self.follow(raw, pointer.join(node.pointer, "content", content_type))
            raw = found.value
            fold = raw.get("x-troth-assembly")
            when = raw.get("x-troth-when")
            yield MediaType(
                content_type=content_type,
                pointer=found.pointer,
                schema=self.schema(found, "schema"),
                item=self.schema(found, "itemSchema", content=True),
                examples=tuple(self.examples(found)),
                when=None
                if when is None
                else laws.Condition(
                    when,
                    found.pointer + "/x-troth-when",
                    self.document.place(found.pointer + "/x-troth-when"),
                    scope=scope,
                ),
                sentinel=raw.get("x-speakeasy-sse-sentinel"),
                assembly=None
                if fold is None
                else assembly.parse(
                    fold,
                    found.pointer + "/x-troth-assembly",
                    self.document.place(found.pointer + "/x-troth-assembly"),
                ),
                encoding=raw.get("encoding") or {},
            )

    def examples(self, node: _Node) -> Iterator[Example]:
        if "example" in node.value:
            yield Example(node.value["example"], node.pointer + "/example")
        for name, raw in node.items("examples"):
            found = self.follow(raw, pointer.join(node.pointer, "examples", name))
            # OpenAPI 3.2 §4.19: `dataValue` is the value before serialisation
            for member in ("value", "dataValue"):
                if member in found.value:
                    yield Example(found.value[member], f"{found.pointer}/{member}")

    def schema(self, node: _Node, member: str, *, content: bool = False) -> Schema | None:
        if member not in node.value:
            return None
        at = f"{node.pointer}/{member}"
        return self.schemas.at(at, content=True) if content else self.schemas.at(at)

    def security(self, node: _Node) -> tuple[tuple[SecurityScheme, ...], ...]:
        # an operation's own list replaces the document's, also when it is empty
        owner = node if "security" in node.value else _Node(self.document.root, "")
        alternatives = owner.value.get("security") or ()
        return tuple(
            tuple(
                self.security_scheme(name, pointer.join(owner.pointer, "security", index, name))
                for name in alternative
            )
            for index, alternative in enumerate(alternatives)
        )

    def security_scheme(self, name: str, used_at: str) -> SecurityScheme:
        declared = self.document.root.get("components", {}).get("securitySchemes", {})
        if name not in declared:
            known = ", ".join(sorted(declared)) or "none"
            raise SpecError(
                f"the security scheme {name!r} is not declared in components/securitySchemes",
                place=self.document.place(used_at),
                pointer=used_at,
                advice=f"Declare it there, or use one that is declared ({known}).",
            )
        found = self.follow(declared[name], pointer.join("/components/securitySchemes", name))
        raw = found.value
        return SecurityScheme(
            name=name,
            kind=raw.get("type", ""),
            pointer=found.pointer,
            scheme=raw.get("scheme", "").lower(),
            location=raw.get("in", ""),
            parameter=raw.get("name", ""),
        )

    def base_paths(self, node: _Node, item: _Node) -> tuple[str, ...]:
        servers = (
            node.value.get("servers")
            or item.value.get("servers")
            or self.document.root.get("servers")
        )
        found = dict.fromkeys(
            _base_path(server) for server in servers or () if isinstance(server, Mapping)
        )
        return tuple(found) or ("",)

    def follow(self, value: Any, at: str) -> _Node:
        """Follow a Reference Object to what it stands for; `document` has ruled out cycles."""
        while isinstance(value, Mapping) and isinstance(value.get("$ref"), str):
            at = pointer.from_fragment(value["$ref"].removeprefix("#"))
            value = pointer.resolve(self.document.root, at)
        return _Node(value, at)


def _is_framework_field(name: str) -> bool:
    # OpenAPI 3.1 §4.8.12.1: header parameters with these names are ignored
    return name.lower() in ("accept", "content-type", "authorization")


def _base_path(server: Mapping[str, Any]) -> str:
    url = str(server.get("url", ""))
    for name, variable in (server.get("variables") or {}).items():
        if isinstance(variable, Mapping):
            url = url.replace("{" + name + "}", str(variable.get("default", "")))
    try:
        return unquote(urlsplit(url).path).rstrip("/")
    except ValueError:
        return ""
