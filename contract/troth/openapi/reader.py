"""From a document to a `Contract`: read every operation, with what it inherits, once.

Only structure is read here; whether it is good is `lint`'s to say.  What cannot be given a
meaning at all (a parameter without a name, an unknown security scheme, a law that does not parse)
is a SpecError.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice, product
from typing import Any
from urllib.parse import urljoin

from troth.document import vocabulary
from troth.document.document import Document, Node
from troth.errors import SpecError
from troth.http import media_type
from troth.laws import condition, laws
from troth.laws.condition import Condition, Scope
from troth.laws.declared_members import shapes_of
from troth.openapi import chat_completion, stream_assembly
from troth.openapi.chat_completion import ChatCompletion
from troth.openapi.contract import Contract, Verbs, routes
from troth.openapi.operation import (
    DEFAULT_STYLES,
    LOCATIONS,
    DeclaredResponse,
    Encoding,
    Example,
    MediaType,
    Operation,
    Parameter,
    RequestBody,
    SecurityScheme,
    explodes,
)
from troth.openapi.paths import TEMPLATED, base_path
from troth.openapi.stream_assembly import Assembly
from troth.schema.direction import Direction
from troth.schema.schema import Schema, Schemas

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
# OpenAPI 3.1 §4.8.12.1: header parameters with these names are ignored
_FRAMEWORK_FIELDS = ("accept", "content-type", "authorization")


def compile(
    document: Document, *, source: Contract | None = None, verbs: Verbs | None = None
) -> Contract:
    """Compile *document*; *source* is the contract of the same document without its overlays.

    Raises SpecError for what cannot be given a meaning.
    """
    schemas = Schemas(document, published=source.schemas if source is not None else None)
    operations = tuple(_Reader(document, schemas).operations())
    return Contract(document, schemas, operations, routes(operations), source, verbs)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the objects of one document; each method takes the node of the object that it reads."""

    document: Document
    schemas: Schemas

    def operations(self) -> Iterator[Operation]:
        for path, entry in self.document.node.members("paths", patterned=True):
            item = entry.followed()
            for method in _METHODS:
                operation = item.one(method)
                if operation is not None:
                    yield self.operation(path, method.upper(), operation, item)
            # OpenAPI 3.2 §4.9: methods without a fixed field, written as they are sent
            for method, operation in item.members("additionalOperations"):
                yield self.operation(path, method, operation, item)

    def operation(self, path: str, method: str, operation: Node, item: Node) -> Operation:
        top = self.document.node
        owners = (owner for owner in (operation, item, top) if owner.value.get("servers"))
        laws_at = operation.at("x-troth-laws")
        return Operation(
            method=method,
            path=path,
            pointer=operation.pointer,
            operation_id=operation.text("operationId") or None,
            summary=operation.prose("summary"),
            parameters=self.parameters(operation, item),
            request_body=self.request_body(operation),
            responses=tuple(self.responses(operation)),
            security=self.security(operation),
            laws=laws.parse(operation.value.get("x-troth-laws", ()), laws_at, self.document),
            completion=self.completion(operation),
            code_samples=tuple(sample.value for sample in operation.items("x-codeSamples")),
            base_paths=_base_paths(next(owners, top)),
            document=self.document,
        )

    def parameters(self, operation: Node, item: Node) -> tuple[Parameter, ...]:
        # OpenAPI 3.1 §4.8.10.1: an operation's own replace those of its path item
        merged: dict[tuple[str, str], Parameter] = {}
        for owner in (item, operation):
            for entry in owner.items("parameters"):
                declared = entry.followed()
                name, location = declared.needed("name"), declared.needed("in")
                if location not in LOCATIONS:
                    fault = f"{location!r} is not where a parameter can be"
                    known = " or ".join(LOCATIONS)
                    raise declared.fault(fault, "in", advice=f"It is in {known}.")
                if location == "header" and name.lower() in _FRAMEWORK_FIELDS:
                    continue
                merged[name, location] = self.parameter(declared, name, location)
        return tuple(merged.values())

    def parameter(
        self, declared: Node, name: str, location: Any, *, direction: Direction = "request"
    ) -> Parameter:
        style = declared.text("style") or DEFAULT_STYLES[location]
        return Parameter(
            name=name,
            location=location,
            pointer=declared.pointer,
            required=declared.flag("required") or location == "path",
            schema=self.schema(declared, "schema", direction=direction),
            content=next(iter(self.content(declared, direction=direction)), None),
            style=style,
            explode=declared.flag("explode", default=explodes(style)),
            allow_reserved=declared.flag("allowReserved"),
            allow_empty=declared.flag("allowEmptyValue"),
            examples=tuple(self.examples(declared)),
        )

    def request_body(self, operation: Node) -> RequestBody | None:
        entry = operation.one("requestBody")
        if entry is None:
            return None
        body = entry.followed()
        return RequestBody(body.pointer, body.flag("required"), tuple(self.content(body)))

    def responses(self, operation: Node) -> Iterator[DeclaredResponse]:
        for status, entry in operation.members("responses", patterned=True):
            response = entry.followed()
            yield DeclaredResponse(
                status=status.upper() if status != "default" else status,
                pointer=response.pointer,
                description=response.prose("description"),
                content=tuple(self.content(response, operation, direction="response")),
                headers=self.headers(response, "response"),
            )

    def content(
        self,
        owner: Node,
        operation: Node | None = None,
        *,
        direction: Direction = "request",
    ) -> Iterator[MediaType]:
        """The media types of *owner*; those of a response know what their *operation* declares."""
        for content_type, entry in owner.members("content"):
            declared = entry.followed()
            yield MediaType(
                content_type=content_type,
                pointer=declared.pointer,
                schema=self.schema(declared, "schema", direction=direction),
                item=self.schema(declared, "itemSchema", content=True, direction=direction),
                examples=tuple(self.examples(declared)),
                when=self.condition(declared, operation),
                sentinel=self.extension(declared, "x-speakeasy-sse-sentinel"),
                assembly=self.assembly(declared),
                **self.encodings(declared, direction),
            )

    def encodings(self, owner: Node, direction: Direction) -> dict[str, Any]:
        """The Encoding Objects of a media type or, in OpenAPI 3.2, of another encoding."""
        encoding = partial(self.encoding, direction=direction)
        item = owner.one("itemEncoding")
        return {
            "encoding": {name: encoding(each) for name, each in owner.members("encoding")},
            "prefix_encoding": tuple(map(encoding, owner.items("prefixEncoding"))),
            "item_encoding": encoding(item) if item is not None else None,
        }

    def encoding(self, declared: Node, *, direction: Direction) -> Encoding:
        kinds = media_type.elements(declared.text("contentType"), ",")
        return Encoding(
            pointer=declared.pointer,
            content_types=tuple(kind.strip() for kind in kinds),
            headers=self.headers(declared, direction),
            style=declared.text("style") or None,
            explode=declared.flag("explode") if "explode" in declared.value else None,
            allow_reserved=(
                declared.flag("allowReserved") if "allowReserved" in declared.value else None
            ),
            **self.encodings(declared, direction),
        )

    def headers(self, owner: Node, direction: Direction) -> tuple[Parameter, ...]:
        return tuple(
            self.parameter(header.followed(), name, "header", direction=direction)
            for name, header in owner.members("headers")
            # OpenAPI 3.1 §4.8.15.1.1, §4.8.17.1: one that is named Content-Type is ignored
            if name.lower() != "content-type"
        )

    def condition(self, declared: Node, operation: Node | None) -> Condition | None:
        source, at = declared.value.get("x-troth-when"), declared.at("x-troth-when")
        if source is None:
            return None
        scope = Scope(shapes_of(self.document.root, operation.pointer)) if operation else None
        return condition.parse(source, at, self.document.place(at), scope=scope)

    def assembly(self, declared: Node) -> Assembly | None:
        source, at = declared.value.get("x-troth-assembly"), declared.at("x-troth-assembly")
        if source is None:
            return None
        return stream_assembly.parse(source, at, self.document.place(at))

    def completion(self, operation: Node) -> ChatCompletion | None:
        value = self.extension(operation, "x-troth-completion")
        return None if value is None else chat_completion.read(value)

    def extension(self, owner: Node, name: str) -> Any:
        """The value of troth's field *name*, held to what it may be."""
        value = owner.value.get(name)
        if value is not None:
            for at, sentence in vocabulary.misfits(name, value):
                where = owner.at(name) + at
                raise SpecError(sentence, place=self.document.place(where), pointer=where)
        return value

    def examples(self, declared: Node) -> Iterator[Example]:
        if "example" in declared.value:
            yield Example(declared.value["example"], declared.at("example"))
        for name, entry in declared.members("examples"):
            example = entry.followed()
            # OpenAPI 3.2 §4.19: `dataValue` is the value before serialisation, `serializedValue`
            # after; what an `externalValue` refers to is never fetched
            text = example.value.get("serializedValue")
            written = text if isinstance(text, str) else None
            for member in ("value", "dataValue", "serializedValue"):
                if member in example.value:
                    yield Example(example.value[member], example.at(member), name, written)
                    break

    def schema(
        self, owner: Node, member: str, *, content: bool = False, direction: Direction
    ) -> Schema | None:
        if member not in owner.value:
            return None
        return self.schemas.at(owner.at(member), content=content, direction=direction)

    def security(self, operation: Node) -> tuple[tuple[SecurityScheme, ...], ...]:
        # an operation's own list replaces the document's, also when it is empty
        owner = operation if "security" in operation.value else self.document.node
        return tuple(
            tuple(self.security_scheme(name, alternative) for name in alternative.value)
            for alternative in owner.items("security")
        )

    def security_scheme(self, name: str, used: Node) -> SecurityScheme:
        components = self.document.node.one("components")
        declared = dict(components.members("securitySchemes")) if components else {}
        if name not in declared:
            known = ", ".join(sorted(declared)) or "none"
            raise SpecError(
                f"the security scheme {name!r} is not declared in components/securitySchemes",
                place=self.document.place(used.at(name)),
                pointer=used.at(name),
                advice=f"Declare it there, or use one that is declared ({known}).",
            )
        scheme = declared[name].followed()
        return SecurityScheme(
            name=name,
            kind=scheme.needed("type"),
            pointer=scheme.pointer,
            scheme=scheme.text("scheme").lower(),
            location=scheme.text("in"),
            parameter=scheme.text("name"),
        )


# --- servers: only the path of a URL counts, since troth serves and tests where it is told to ---

#: Variables multiply: beyond so many base paths of one server, no others are read.
_MOST_PATHS = 64


def _base_paths(owner: Node) -> tuple[str, ...]:
    """The base paths that the `servers` of *owner* give, in order; "" where there are none."""
    paths = (path for server in owner.items("servers") for path in _paths(server))
    return tuple(dict.fromkeys(paths)) or ("",)


def _paths(server: Node) -> Iterator[str]:
    """The base paths of one server: that of the variables' defaults, then those of their enums."""
    url = server.text("url")
    values = {name: _values(variable) for name, variable in server.members("variables")}
    names = [name for name in dict.fromkeys(TEMPLATED.findall(url)) if values.get(name)]
    for pick in islice(product(*(values[name] for name in names)), _MOST_PATHS):
        chosen = dict(zip(names, pick, strict=True))
        filled = TEMPLATED.sub(partial(_variable, chosen), url)
        try:
            yield base_path(filled, _address(server.document))
        except ValueError:
            # an address that is no URL, such as `http://[`: lint says so, and it gives no path
            yield ""


def _address(document: Document) -> str:
    """The URL of *document*: what it says of itself, or what it was read by, if that is a URL.

    OpenAPI 3.2 §4.1.2.2.1.  A file may be served anywhere, so that it counts as one at the root.
    """
    own = document.root.get("$self")
    address = document.file if document.path is None else "/"
    return urljoin(address, own) if isinstance(own, str) else address


def _variable(values: Mapping[str, str], match: re.Match[str]) -> str:
    return values.get(match[1], match[0])


def _values(variable: Node) -> list[str]:
    default: list[Any] = [variable.text("default")] if "default" in variable.value else []
    return list(dict.fromkeys([*default, *variable.texts("enum")]))
