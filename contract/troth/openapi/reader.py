"""From a document to a `Contract`: read every operation, with what it inherits, once.

Only structure is read here; whether it is good is `lint`'s to say.  What cannot be given a
meaning (a parameter without a name, an unknown security scheme) is left out, and one of the
contract's `faults`; a law that does not parse was written for troth, and is a SpecError.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, product
from typing import Any
from urllib.parse import urljoin

from troth import pointer as pointers
from troth.document import vocabulary
from troth.document.document import Document, Node
from troth.document.spec_errors import Faults
from troth.errors import SpecError
from troth.http import media_type
from troth.http.exchange import TOKEN
from troth.laws import condition, laws
from troth.laws.condition import Condition, Scope
from troth.laws.declared_members import shapes_of
from troth.laws.laws import Law
from troth.openapi import chat_completion, stream_assembly
from troth.openapi.chat_completion import ChatCompletion, Embedding
from troth.openapi.contract import Contract, Verbs, routes
from troth.openapi.operation import (
    DEFAULT_STYLES,
    LOCATIONS,
    STYLES,
    DeclaredResponse,
    Encoding,
    Example,
    Link,
    Location,
    MediaType,
    Operation,
    Outline,
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
# OpenAPI 3.1 §4.8.16.2: a range in capital letters
_STATUS = re.compile(r"[1-5](?:[0-9]{2}|XX)")
# RFC 9110 §5.1; what servers and browsers take beyond the token of RFC 6265 §4.1.1
_NAMES = {"header": re.compile(TOKEN), "cookie": re.compile(r"[^\x00-\x20\x7f=;,]+")}
# OpenAPI 3.1 §4.8.27.1: what a security scheme of each type has to say besides
_SCHEMES: Mapping[str, tuple[str, ...]] = {
    "apiKey": ("in", "name"),
    "http": ("scheme",),
    "mutualTLS": (),
    "oauth2": (),
    "openIdConnect": (),
}
_KEY_LOCATIONS = ("query", "header", "cookie")
# RFC 9110 §8.3.1
_MEDIA_TYPE = re.compile(r" *[^\s/;,]+/[^\s/;,]+ *(;[^\x00-\x1f\x7f]*)?")
# OpenAPI 3.1 §4.8.12.1: header parameters with these names are ignored
_FRAMEWORK_FIELDS = ("accept", "content-type", "authorization")


def compile(
    document: Document,
    *,
    source: Contract | None = None,
    verbs: Verbs | None = None,
    schemas: Schemas | None = None,
) -> Contract:
    """Compile *document*; *source* is the contract of the same document without its overlays.

    *schemas* are those of the document, where somebody has them already.

    Raises SpecError for a law, or another field of troth's own, that cannot be given a meaning.
    """
    if schemas is None:
        schemas = Schemas(document, published=source.schemas if source is not None else None)
    faults = Faults((*document.faults, *schemas.told()))
    operations = tuple(_Reader(document, schemas, faults).operations())
    told = faults.in_order(document.file)
    between = laws_between(document, operations)
    return Contract(document, schemas, operations, routes(operations), source, verbs, told, between)


def laws_between(document: Document, operations: tuple[Operation, ...]) -> tuple[Law, ...]:
    """The laws between operations, at the root and at path items.  Raises SpecError."""
    named = {each.name: (each.name, each.pointer) for each in operations}
    named |= {
        each.operation_id: named[each.name] for each in operations if each.operation_id is not None
    }
    found: list[Law] = []
    entries = (each for _, each in document.node.members("paths", patterned=True))
    # a path item may stand under several paths
    items = {item.pointer: item for item in map(Node.followed, entries)}
    for owner in (document.node, *items.values()):
        if raw := owner.value.get("x-troth-laws"):
            beside = {method: f"{owner.pointer}/{method}" for method in _METHODS}
            own = {
                method: (each.name, at)
                for method, at in beside.items()
                for each in operations
                if each.pointer == at
            }
            at = owner.at("x-troth-laws")
            found += laws.between(raw, at, document, operations=named | own)
    return tuple(found)


def members(document: Document, schemas: Schemas, outline: Outline) -> dict[str, Any]:
    """What `compile` has read of the operation *outline* of *document* beyond that, once more."""
    reader = _Reader(document, schemas, Faults())
    *_, method = pointers.split(outline.pointer)
    at = outline.pointer.rpartition("/")[0]
    # what has no fixed field stands one level deeper
    at = at if method in _METHODS and method != outline.method else at.rpartition("/")[0]
    operation, item = (
        Node(document, pointers.resolve(document.root, pointer), pointer)
        for pointer in (outline.pointer, at)
    )
    return reader.members(operation, item, outline.path, outline.base_paths)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the objects of one document; each method takes the node of the object that it reads."""

    document: Document
    schemas: Schemas
    faults: Faults
    #: the operations by their operationId
    named: dict[str, Node] = field(default_factory=dict)

    def operations(self) -> Iterator[Operation]:
        for path, entry in self.paths():
            item = entry.followed()
            for method in _METHODS:
                operation = item.one(method)
                if operation is not None:
                    yield self.operation(path, method.upper(), operation, item)
            # OpenAPI 3.2 §4.9: methods without a fixed field, written as they are sent
            for method, operation in item.members("additionalOperations"):
                yield self.operation(path, method, operation, item)

    def paths(self) -> Iterator[tuple[str, Node]]:
        """The path items of the document; a path that lacks its slash is read with it."""
        entries = dict(self.document.node.members("paths", patterned=True))
        for path, entry in entries.items():
            if path.startswith("/"):
                yield path, entry
                continue
            is_free = f"/{path}" not in entries
            fault = f"the path {path!r} does not begin with a slash"
            fault += f": read as '/{path}'" if is_free else ", and there is one that does"
            self.faults.add(entry.fault(fault))
            if is_free:
                yield f"/{path}", entry

    def operation(self, path: str, method: str, operation: Node, item: Node) -> Operation:
        top = self.document.node
        owners = (owner for owner in (operation, item, top) if owner.value.get("servers"))
        base_paths = _base_paths(next(owners, top))
        return Operation(
            method=method,
            path=path,
            pointer=operation.pointer,
            operation_id=self.operation_id(operation),
            summary=operation.prose("summary"),
            base_paths=base_paths,
            document=self.document,
            **self.members(operation, item, path, base_paths),
        )

    def members(
        self, operation: Node, item: Node, path: str, base_paths: tuple[str, ...]
    ) -> dict[str, Any]:
        """What of *operation* is beyond its outline."""
        laws_at = operation.at("x-troth-laws")
        return {
            "tags": operation.texts("tags"),
            "parameters": self.parameters(operation, item, path, base_paths),
            "request_body": self.request_body(operation),
            "responses": tuple(self.responses(operation)),
            "security": self.security(operation),
            "laws": laws.parse(operation.value.get("x-troth-laws", ()), laws_at, self.document),
            "completion": self.completion(operation),
            "embedding": self.embedding(operation),
            "resource": self.resource(operation, item),
            "code_samples": tuple(sample.value for sample in operation.items("x-codeSamples")),
        }

    def operation_id(self, operation: Node) -> str | None:
        """The operationId of *operation*; one that another has already is told, and nobody's."""
        name = operation.text("operationId") or None
        if name is None:
            return None
        owner = self.named.setdefault(name, operation)
        # a path item may stand under several paths
        if owner.pointer == operation.pointer:
            return name
        place = self.document.place(owner.at("operationId"))
        fault = f"the operationId {name!r} is also that of #{owner.pointer} ({place})"
        self.faults.add(operation.fault(fault, "operationId", advice="It has to be unique."))
        return None

    def parameters(
        self, operation: Node, item: Node, path: str, base_paths: tuple[str, ...]
    ) -> tuple[Parameter, ...]:
        # OpenAPI 3.1 §4.8.10.1: an operation's own replace those of its path item
        merged: dict[tuple[str, str], Parameter] = {}
        entries: dict[tuple[str, str], Node] = {}
        for owner in (item, operation):
            own: set[tuple[str, str]] = set()
            for entry in owner.items("parameters"):
                declared = entry.followed()
                name, location = declared.text("name"), declared.text("in")
                if not self.is_addressed(declared):
                    continue
                if location == "header" and name.lower() in _FRAMEWORK_FIELDS:
                    continue
                if (name, location) in own:
                    fault = f"the parameter {name!r} in {location} is given twice"
                    self.faults.add(entry.fault(fault, advice="The last one counts."))
                own.add((name, location))
                entries[name, location] = entry
                merged[name, location] = self.parameter(declared, name, location)
        places = {
            *_variables(path, tuple(merged.values())),
            *TEMPLATED.findall("".join(base_paths)),
        }
        for name, location in list(merged):
            if location == "path" and name not in places:
                # no request can have it
                fault = f"the path {path!r} has no place for the parameter {name!r}"
                self.faults.add(entries[name, location].fault(fault, advice="It is left out."))
                del merged[name, location]
        return tuple(merged.values())

    def is_addressed(self, parameter: Node) -> bool:
        """Whether *parameter* says how it is called and where it is; it is told if not."""
        return self.has(parameter, "name", "in") and self.has_place(
            parameter, LOCATIONS, "not where a parameter can be"
        )

    def has_place(self, owner: Node, locations: Collection[str], fault: str) -> bool:
        """Whether HTTP can carry what *owner* names, `in` one of *locations*; it is told if not."""
        return self.is_among(owner, "in", locations, fault) and self.can_be_sent(
            owner.text("name"), owner.text("in"), owner, "name"
        )

    def is_among(self, owner: Node, member: str, words: Collection[str], fault: str) -> bool:
        """Whether the *member* is one of *words*; it is told if not, as *fault* says."""
        word = owner.text(member)
        if word not in words:
            advice = f"It is {'in ' * (member == 'in')}{' or '.join(words)}."
            self.faults.add(owner.fault(f"{word!r} is {fault}", member, advice=advice))
        return word in words

    def can_be_sent(self, name: str, location: str, owner: Node, *tokens: str) -> bool:
        """Whether HTTP can carry a field or a cookie of that *name*; it is told if not."""
        good = _NAMES[location].fullmatch(name) is not None if location in _NAMES else True
        if not good:
            fault = f"no {location} can be called {name!r}"
            self.faults.add(owner.fault(fault, *tokens, advice="HTTP has no room for such names."))
        return good

    def has(self, owner: Node, *members: str) -> bool:
        """Whether *owner* has *members*, without which it means nothing; it is told if not."""
        for member in members:
            if member not in owner.value:
                # of what was emptied, or had it taken out, that has been told
                if owner.value and owner.lacks(member):
                    self.faults.add(owner.fault(f"the member {member!r} is missing"))
                return False
        return True

    def parameter(
        self, declared: Node, name: str, location: Any, *, direction: Direction = "request"
    ) -> Parameter:
        style = self.style(declared, location)
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

    def style(self, declared: Node, location: Location) -> str:
        """The style of a parameter in *location*: the default where it cannot have its own."""
        style = declared.text("style") or DEFAULT_STYLES[location]
        if style == DEFAULT_STYLES[location]:
            return style
        known = [name for name, row in STYLES.items() if location in row.locations]
        if style in known or not known:
            return style
        fault = f"{style!r} is no style of a parameter in {location}"
        advice = f"Known are {', '.join(known)}; read as {DEFAULT_STYLES[location]}."
        self.faults.add(declared.fault(fault, "style", advice=advice))
        return DEFAULT_STYLES[location]

    def request_body(self, operation: Node) -> RequestBody | None:
        entry = operation.one("requestBody")
        if entry is None:
            return None
        body = entry.followed()
        return RequestBody(body.pointer, body.flag("required"), tuple(self.content(body)))

    def responses(self, operation: Node) -> Iterator[DeclaredResponse]:
        statuses: set[str] = set()
        for written, entry in operation.members("responses", patterned=True):
            status = self.status(written, operation)
            if status is None or status in statuses:
                continue
            statuses.add(status)
            response = entry.followed()
            yield DeclaredResponse(
                status=status,
                pointer=response.pointer,
                description=response.prose("description"),
                content=tuple(self.content(response, operation, direction="response")),
                headers=self.headers(response, "response"),
                links=tuple(self.links(response)),
            )

    def links(self, response: Node) -> Iterator[Link]:
        """The links of *response* that say which operation of this document they lead to."""
        for name, entry in response.members("links"):
            link = entry.followed()
            reference = link.text("operationRef")
            inside = reference.startswith("#/")
            target = pointers.from_fragment(reference[1:]) if inside else link.text("operationId")
            if target:
                given = link.value.get("parameters")
                parameters = given if isinstance(given, dict) else {}
                body = link.value.get("requestBody")
                yield Link(name, link.pointer, target, parameters, body)

    def status(self, written: str, operation: Node) -> str | None:
        """The status, range or `default` that *written* is; None, and told, if it is none."""
        if written == "default" or _STATUS.fullmatch(written):
            return written
        meant = written.strip().upper()
        is_status = _STATUS.fullmatch(meant) is not None
        fault = (
            f"`{written}` has to be written `{meant}`" if is_status else f"{written!r} is no status"
        )
        advice = "" if is_status else "Statuses are 100 to 599, ranges like 4XX, and default."
        self.faults.add(operation.fault(fault, "responses", written, advice=advice))
        return meant if is_status else None

    def content(
        self, owner: Node, operation: Node | None = None, *, direction: Direction = "request"
    ) -> Iterator[MediaType]:
        """The media types of *owner*; those of a response know what their *operation* declares."""
        for content_type, entry in owner.members("content"):
            if _MEDIA_TYPE.fullmatch(content_type) is None:
                fault = f"{content_type!r} is no media type"
                advice = "One is TYPE/SUBTYPE, such as application/json."
                self.faults.add(owner.fault(fault, "content", content_type, advice=advice))
                continue
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
            and self.can_be_sent(name, "header", owner, "headers", name)
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

    def embedding(self, operation: Node) -> Embedding | None:
        value = self.extension(operation, "x-troth-embedding")
        return None if value is None else chat_completion.read_embedding(value)

    def resource(self, operation: Node, item: Node) -> Mapping[str, Any] | bool | None:
        """What the document says of the resource of *operation*, and of its path before that."""
        said: list[Mapping[str, Any] | bool | None]
        said = [self.extension(each, "x-troth-resource") for each in (operation, item)]
        own, outer = said
        if isinstance(own, Mapping) and isinstance(outer, Mapping):
            return {**outer, **own}
        return outer if own is None else own

    def extension(self, owner: Node, name: str) -> Any:
        """The value of troth's field *name*, held to what it may be."""
        value = owner.value.get(name)
        if value is not None:
            for at, sentence in vocabulary.misfits(name, value):
                raise self.document.fault(sentence, owner.at(name) + at)
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
        try:
            return self.schemas.at(owner.at(member), content=content, direction=direction)
        except SpecError as fault:
            self.faults.add(fault)
            return None

    def security(self, operation: Node) -> tuple[tuple[SecurityScheme, ...], ...]:
        """The alternatives of *operation* that can be met.

        One with a scheme that nobody declares never is; where there is no other, what is left of
        it is asked, so that the operation can be called at all.
        """
        # an operation's own list replaces the document's, also when it is empty
        owner = operation if "security" in operation.value else self.document.node
        known: list[tuple[SecurityScheme, ...]] = []
        partly: list[tuple[SecurityScheme, ...]] = []
        for alternative in owner.items("security"):
            schemes = [self.security_scheme(name, alternative) for name in alternative.value]
            left = tuple(scheme for scheme in schemes if scheme is not None)
            (known if len(left) == len(schemes) else partly).append(left)
        return tuple(known or partly)

    def security_scheme(self, name: str, used: Node) -> SecurityScheme | None:
        components = self.document.node.one("components")
        declared = dict(components.members("securitySchemes")) if components else {}
        by_uri = None if name in declared else self.at_uri(name)
        entry = declared.get(name, by_uri)
        if entry is None:
            known = ", ".join(sorted(declared)) or "none"
            fault = f"the security scheme {name!r} is not declared in components/securitySchemes"
            advice = f"Declare it there, or use one that is declared ({known})."
            self.faults.add(used.fault(fault, name, advice=advice))
            return None
        scheme = entry.followed()
        if not self.is_scheme(scheme):
            return None
        return SecurityScheme(
            name=pointers.split(entry.pointer)[-1] if by_uri else name,
            kind=scheme.text("type"),
            pointer=scheme.pointer,
            scheme=scheme.text("scheme").lower() or _prefix(scheme),
            location=scheme.text("in"),
            parameter=scheme.text("name"),
        )

    def is_scheme(self, scheme: Node) -> bool:
        """Whether *scheme* says which credential it asks for; it is told if not."""
        if not self.has(scheme, "type"):
            return False
        if not self.is_among(scheme, "type", _SCHEMES, "no type of a security scheme"):
            return False
        kind = scheme.text("type")
        return self.has(scheme, *_SCHEMES[kind]) and (
            kind != "apiKey" or self.has_place(scheme, _KEY_LOCATIONS, "not where a key can be")
        )

    def at_uri(self, uri: str) -> Node | None:
        """The object that *uri* leads to; `document` has made pointers of those that can be."""
        pointer = pointers.from_fragment(uri[1:])
        value = pointers.find(self.document.root, pointer) if uri.startswith("#/") else None
        return Node(self.document, value, pointer) if isinstance(value, dict) else None


_PREFIX = re.compile(
    r"prefix\W{1,3}[\"'`*](?P<quoted>[A-Za-z][\w-]*)"
    r"|\b(?P<known>[Bb]earer|Token|JWT|Api-?Key)[\"'`*]*\s+(?:[\[<{&$]|scheme\b|prefix\b)"
)


def _prefix(scheme: Node) -> str:
    """The word before the key in the field Authorization, as the description of *scheme* has it."""
    if scheme.text("type") != "apiKey" or scheme.text("name").lower() != "authorization":
        return ""
    match = _PREFIX.search(scheme.text("description"))
    return (match["quoted"] or match["known"]) if match and scheme.text("in") == "header" else ""


def _variables(path: str, parameters: tuple[Parameter, ...]) -> Iterator[str]:
    """The names for which *path*, with the query that is part of it, has a place."""
    template = Operation("", path, "", parameters=parameters).template
    yield from template.names
    yield from (name for _, value in template.query for name in value.names)


# --- servers: only the path of a URL counts, since troth serves and tests where it is told to ---

#: Variables multiply: beyond so many base paths of one server, no others are read.
_MOST_PATHS = 64


def _base_paths(owner: Node) -> tuple[str, ...]:
    """The base paths that the `servers` of *owner* give, in order; "" where there are none."""
    paths = (path for server in owner.items("servers") for path in _paths(server))
    return tuple(dict.fromkeys(paths)) or ("",)


def _paths(server: Node) -> Iterator[str]:
    """The base paths of one server: that of the variables' defaults, then of what else they may be.

    Those of an `enum`; without one a variable may be anything, and stays one.
    """
    url = server.text("url")
    values = {name: _values(name, variable) for name, variable in server.members("variables")}
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


def _values(name: str, variable: Node) -> list[str]:
    default: list[Any] = [variable.text("default")] if "default" in variable.value else []
    listed = variable.texts("enum") or [f"{{{name}}}"]
    return list(dict.fromkeys([*default, *listed]))
