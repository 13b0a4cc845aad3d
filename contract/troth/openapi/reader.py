"""From a document to a `Contract`: read every operation, with what it inherits, once.

Only structure is read here; whether it is good is `lint`'s to say.  What cannot be given a
meaning at all (a parameter without a name, an unknown security scheme, a law that does not parse)
is a SpecError.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from troth.document import node, vocabulary
from troth.document.document import Document
from troth.document.node import Node
from troth.errors import SpecError
from troth.laws import laws
from troth.openapi import chat_completion
from troth.openapi import stream_assembly as assembly
from troth.openapi.chat_completion import ChatCompletion
from troth.openapi.contract import Contract, Verbs, routes
from troth.openapi.operation import (
    DeclaredResponse,
    Example,
    Location,
    MediaType,
    Operation,
    Parameter,
    RequestBody,
    SecurityScheme,
)
from troth.openapi.servers import base_paths
from troth.schema.schema import Schema, Schemas

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
# OpenAPI 3.1 §4.8.12.2: the style that a parameter has when it names none
_STYLES = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}
# OpenAPI 3.1 §4.8.12.1: header parameters with these names are ignored
_FRAMEWORK_FIELDS = ("accept", "content-type", "authorization")


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
class _Reader:
    document: Document
    schemas: Schemas

    def operations(self) -> Iterator[Operation]:
        for path, named in node.root(self.document).members("paths", patterned=True):
            item = named.followed()
            for method in _METHODS:
                found = item.one(method)
                if found is not None:
                    yield self.operation(path, method.upper(), found, item)
            # OpenAPI 3.2 §4.9: methods without a fixed field, written as they are sent
            for method, found in item.members("additionalOperations"):
                yield self.operation(path, method, found, item)

    def operation(self, path: str, method: str, found: Node, item: Node) -> Operation:
        top = node.root(self.document)
        owner = next((each for each in (found, item, top) if each.value.get("servers")), top)
        return Operation(
            method=method,
            path=path,
            pointer=found.pointer,
            operation_id=found.text("operationId") or None,
            summary=found.prose("summary"),
            parameters=self.parameters(found, item),
            request_body=self.request_body(found),
            responses=tuple(self.responses(found)),
            security=self.security(found),
            laws=laws.parse(
                found.value.get("x-troth-laws", ()),
                found.at("x-troth-laws"),
                self.document,
                self.schemas,
            ),
            completion=self.completion(found),
            code_samples=tuple(sample.value for sample in found.items("x-codeSamples")),
            base_paths=base_paths(owner),
        )

    def parameters(self, found: Node, item: Node) -> tuple[Parameter, ...]:
        # OpenAPI 3.1 §4.8.10.1: an operation's own replace those of its path item
        merged: dict[tuple[str, str], Parameter] = {}
        for owner in (item, found):
            for given in owner.items("parameters"):
                each = given.followed()
                name, location = each.needed("name"), each.needed("in")
                if location not in get_args(Location):
                    known = " or ".join(get_args(Location))
                    said = f"{location!r} is not where a parameter can be"
                    raise each.fault(said, "in", advice=f"It is in {known}.")
                if location == "header" and name.lower() in _FRAMEWORK_FIELDS:
                    continue
                merged[name, location] = self.parameter(each, name, location)
        return tuple(merged.values())

    def parameter(self, found: Node, name: str, location: Any) -> Parameter:
        style = found.text("style") or _STYLES.get(location, "form")
        return Parameter(
            name=name,
            location=location,
            pointer=found.pointer,
            required=found.flag("required") or location == "path",
            schema=self.schema(found, "schema"),
            content=next(iter(self.content(found)), None),
            style=style,
            explode=found.flag("explode", default=style in ("form", "cookie")),
            allow_reserved=found.flag("allowReserved"),
        )

    def request_body(self, found: Node) -> RequestBody | None:
        given = found.one("requestBody")
        if given is None:
            return None
        body = given.followed()
        return RequestBody(body.pointer, body.flag("required"), tuple(self.content(body)))

    def responses(self, operation: Node) -> Iterator[DeclaredResponse]:
        scope = laws.scope_of(self.document, operation.pointer)
        for status, given in operation.members("responses", patterned=True):
            found = given.followed()
            headers = tuple(
                self.parameter(header.followed(), name, "header")
                for name, header in found.members("headers")
                # OpenAPI 3.1 §4.8.17.1: a response header named Content-Type is ignored
                if name.lower() != "content-type"
            )
            yield DeclaredResponse(
                status=status.upper() if status != "default" else status,
                pointer=found.pointer,
                description=found.prose("description"),
                content=tuple(self.content(found, scope)),
                headers=headers,
            )

    def content(self, owner: Node, scope: laws.Scope | None = None) -> Iterator[MediaType]:
        for content_type, given in owner.members("content"):
            found = given.followed()
            yield MediaType(
                content_type=content_type,
                pointer=found.pointer,
                schema=self.schema(found, "schema"),
                item=self.schema(found, "itemSchema", content=True),
                examples=tuple(self.examples(found)),
                when=self.condition(found, scope),
                sentinel=self.extension(found, "x-speakeasy-sse-sentinel"),
                assembly=self.assembly(found),
                encoding={name: each.value for name, each in found.members("encoding")},
            )

    def condition(self, found: Node, scope: laws.Scope | None) -> laws.Condition | None:
        source, at = found.value.get("x-troth-when"), found.at("x-troth-when")
        if source is None:
            return None
        return laws.Condition(source, at, self.document.place(at), scope=scope)

    def assembly(self, found: Node) -> assembly.Assembly | None:
        source, at = found.value.get("x-troth-assembly"), found.at("x-troth-assembly")
        return None if source is None else assembly.parse(source, at, self.document.place(at))

    def completion(self, found: Node) -> ChatCompletion | None:
        value = self.extension(found, "x-troth-completion")
        return None if value is None else chat_completion.read(value)

    def extension(self, found: Node, name: str) -> Any:
        """The value of troth's field *name*, held to what it may be."""
        value = found.value.get(name)
        if value is not None:
            for at, sentence in vocabulary.misfits(name, value):
                where = found.at(name) + at
                raise SpecError(sentence, place=self.document.place(where), pointer=where)
        return value

    def examples(self, owner: Node) -> Iterator[Example]:
        if "example" in owner.value:
            yield Example(owner.value["example"], owner.at("example"))
        for _, given in owner.members("examples"):
            found = given.followed()
            # OpenAPI 3.2 §4.19: `dataValue` is the value before serialisation
            for member in ("value", "dataValue"):
                if member in found.value:
                    yield Example(found.value[member], found.at(member))

    def schema(self, owner: Node, member: str, *, content: bool = False) -> Schema | None:
        if member not in owner.value:
            return None
        at = owner.at(member)
        return self.schemas.at(at, content=True) if content else self.schemas.at(at)

    def security(self, found: Node) -> tuple[tuple[SecurityScheme, ...], ...]:
        # an operation's own list replaces the document's, also when it is empty
        owner = found if "security" in found.value else node.root(self.document)
        return tuple(
            tuple(self.security_scheme(name, alternative) for name in alternative.value)
            for alternative in owner.items("security")
        )

    def security_scheme(self, name: str, used: Node) -> SecurityScheme:
        components = node.root(self.document).one("components")
        declared = dict(components.members("securitySchemes")) if components else {}
        if name not in declared:
            known = ", ".join(sorted(declared)) or "none"
            raise SpecError(
                f"the security scheme {name!r} is not declared in components/securitySchemes",
                place=self.document.place(used.at(name)),
                pointer=used.at(name),
                advice=f"Declare it there, or use one that is declared ({known}).",
            )
        found = declared[name].followed()
        return SecurityScheme(
            name=name,
            kind=found.needed("type"),
            pointer=found.pointer,
            scheme=found.text("scheme").lower(),
            location=found.text("in"),
            parameter=found.text("name"),
        )
