"""The values of an operation, read from the document once: what may be sent, what may come back.

Plain frozen values in OpenAPI's words; `contract.compile` builds them, everything else reads
them.  Every value carries the JSON Pointer of the object that it was read from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from troth.http import media_type
from troth.http.exchange import Response
from troth.openapi.names import is_idempotency_key
from troth.openapi.paths import PathTemplate, path_template

if TYPE_CHECKING:  # only what is used of a document needs the packages of these
    from troth.document.document import Document
    from troth.laws.condition import Condition
    from troth.laws.laws import Law
    from troth.openapi.chat_completion import ChatCompletion, Embedding
    from troth.openapi.stream_assembly import Assembly
    from troth.schema.schema import Schema

#: Where a parameter can be.
Location = Literal["path", "query", "header", "cookie", "querystring"]
LOCATIONS: tuple[Location, ...] = get_args(Location)

#: What changes nothing, however often it is asked for (RFC 9110 §9.2.1, and QUERY).
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "QUERY"})

#: OpenAPI 3.2 §4.14.4.1: sequential media types of JSON texts that end with their lines; none is
#: registered, so that they go by several names.
_JSON_LINES = re.compile(
    r"(application|text)/(x-)?(ndjson|jsonl|jsonlines|json-lines|ldjson|nljson)|.*\+(ndjson|jsonl)"
)


@dataclass(frozen=True, slots=True)
class Style:
    """A row of OpenAPI's table of styles (3.1 §4.8.12.2): how values are written, and so read.

    *locations* may have it.  *prefix* begins the text, *separator* parts its words (readers take
    *alternatives* too), *exploded* those of an exploded value, as values are unless the document
    says otherwise where the style *explodes*.  One that *is_named* writes `name=value`, a pair
    for each word of an exploded one; one that *is_nested* a pair `name[member]=value` for each
    member, exploded or not.
    """

    locations: tuple[Location, ...]
    prefix: str = ""
    separator: str = ","
    alternatives: tuple[str, ...] = ()
    exploded: str = ","
    explodes: bool = False
    is_named: bool = False
    is_nested: bool = False
    is_encoded: bool = True


#: Of those that a location may have, the first is the one of a parameter that names none.
STYLES: Mapping[str, Style] = {
    "simple": Style(("path", "header")),
    "label": Style(("path",), prefix=".", exploded="."),
    "matrix": Style(("path",), prefix=";", exploded=";", is_named=True),
    "form": Style(("query", "cookie"), exploded="&", explodes=True, is_named=True),
    # OpenAPI 3.2 §4.12.2: it is form without percent-encoding
    "cookie": Style(("cookie",), exploded="; ", explodes=True, is_named=True, is_encoded=False),
    "spaceDelimited": Style(
        ("query",), separator="%20", alternatives=("+",), exploded="&", is_named=True
    ),
    "pipeDelimited": Style(
        ("query",), separator="|", alternatives=("%7C", "%7c"), exploded="&", is_named=True
    ),
    "deepObject": Style(("query",), exploded="&", is_named=True, is_nested=True),
}
#: OpenAPI 3.2 §4.21.3: Set-Cookie is written a line for each, since a comma may be part of it.
_LINES = Style(("header",), separator="\n", exploded="\n")
DEFAULT_STYLES: Mapping[Location, str] = {
    location: next((name for name, style in STYLES.items() if location in style.locations), "form")
    for location in LOCATIONS
}


def explodes(style: str) -> bool:
    """Whether values of *style* are exploded where the document does not say."""
    return style in STYLES and STYLES[style].explodes


@dataclass(frozen=True, slots=True)
class Example:
    """An example value of the document, and where it stands.

    *name* is its own, among those of its media type.  *text* is how it is written, where the
    document says (`serializedValue`).
    """

    value: Any
    pointer: str
    name: str = "example"
    text: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class MediaType:
    """A Media Type Object.

    *content_type* is the key as written (it may be a range, `application/*`).  *item* is the
    compiled `itemSchema` (OpenAPI 3.2) of a sequential media type.  *when* is `x-troth-when`: the
    condition under which this one answers.  *sentinel* ends a stream; *assembly* folds its items.
    """

    content_type: str
    pointer: str
    schema: Schema | None = None
    item: Schema | None = None
    examples: tuple[Example, ...] = ()
    when: Condition | None = None
    sentinel: str | None = None
    assembly: Assembly | None = None
    encoding: Mapping[str, Encoding] = field(default_factory=dict)
    prefix_encoding: tuple[Encoding, ...] = ()
    item_encoding: Encoding | None = None

    @property
    def is_stream(self) -> bool:
        """Whether it is text/event-stream."""
        return media_type.is_event_stream(self.content_type)

    @property
    def is_sequence(self) -> bool:
        """Whether it is JSON texts in a row: a line each, or as RFC 7464 has them."""
        return _is_sequence(self.content_type)

    @property
    def is_json(self) -> bool:
        """Whether it is application/json or has the +json suffix."""
        return media_type.is_json(self.content_type)


@dataclass(frozen=True, slots=True, eq=False)
class Encoding:
    """An Encoding Object: how a member of a form, or a part by its place, is written.

    *content_types* are those of `contentType`, each of which may be a range.  *style*, *explode*
    and *allow_reserved* are None where the document does not say; the last three members are
    those of a part that is multipart itself (OpenAPI 3.2).
    """

    pointer: str
    content_types: tuple[str, ...] = ()
    headers: tuple[Parameter, ...] = ()
    style: str | None = None
    explode: bool | None = None
    allow_reserved: bool | None = None
    encoding: Mapping[str, Encoding] = field(default_factory=dict)
    prefix_encoding: tuple[Encoding, ...] = ()
    item_encoding: Encoding | None = None

    @property
    def is_styled(self) -> bool:
        """Whether it is written as a parameter is, so that `contentType` means nothing.

        OpenAPI 3.1 §4.8.15.1.2: where the document says any of the three.
        """
        return (self.style, self.explode, self.allow_reserved) != (None, None, None)

    def parameter(self, name: str, schema: Schema | None) -> Parameter:
        """The query parameter that is written as the member *name* of *schema* is."""
        style = self.style or "form"
        return Parameter(
            name,
            "query",
            self.pointer,
            schema=schema,
            style=style,
            explode=explodes(style) if self.explode is None else self.explode,
            allow_reserved=bool(self.allow_reserved),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """A Parameter Object (or, with *location* `header`, a response's Header Object)."""

    name: str
    location: Location
    pointer: str
    required: bool = False
    schema: Schema | None = None
    content: MediaType | None = None
    style: str = "form"
    explode: bool = True
    allow_reserved: bool = False
    allow_empty: bool = False
    examples: tuple[Example, ...] = ()

    @property
    def is_set_cookie(self) -> bool:
        """Whether it is the field whose lines are never combined (RFC 9110 §5.3)."""
        return self.location == "header" and self.name.lower() == "set-cookie"

    @property
    def layout(self) -> Style:
        """The row of its style; the location's own where the style is none that it may have."""
        if self.is_set_cookie:
            return _LINES
        style = STYLES.get(self.style)
        if style is None or self.location not in style.locations:
            return STYLES[DEFAULT_STYLES[self.location]]
        return style


@dataclass(frozen=True, slots=True, eq=False)
class RequestBody:
    """A Request Body Object."""

    pointer: str
    required: bool
    content: tuple[MediaType, ...]

    def media_type(self, content_type: str) -> MediaType | None:
        """The entry for *content_type*, the most specific key first (OpenAPI 3.1 §4.8.14.1)."""
        return _select(self.content, content_type)


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """A Link Object: what to call next, and with what of this exchange.

    *target* is the pointer of the operation, or its operationId; *parameters* by name (which may
    begin with `path.`) and *body* are constants or runtime expressions.
    """

    name: str
    pointer: str
    target: str
    parameters: Mapping[str, Any]
    body: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class DeclaredResponse:
    """A Response Object under its key: *status* is "200", "4XX" or "default"."""

    status: str
    pointer: str
    description: str = ""
    content: tuple[MediaType, ...] = ()
    headers: tuple[Parameter, ...] = ()
    links: tuple[Link, ...] = ()

    def media_type(self, content_type: str) -> MediaType | None:
        """The entry for *content_type*, the most specific key first."""
        return _select(self.content, content_type)


@dataclass(frozen=True, slots=True)
class SecurityScheme:
    """A Security Scheme Object: *kind* is its `type`; *scheme* of kind `http` in lower case.

    That of an `apiKey` in the field Authorization is the word before the key, where its
    description has one ("required prefix "Token"", "Bearer {token}").
    """

    name: str
    kind: str
    pointer: str
    scheme: str = ""
    location: str = ""
    parameter: str = ""


class Outline(NamedTuple):
    """What of an operation can be told without reading it: what it takes to find it.

    *in_path* and *in_query* are the names of its parameters there.
    """

    method: str
    path: str
    pointer: str
    operation_id: str | None
    summary: str
    base_paths: tuple[str, ...]
    in_path: frozenset[str]
    in_query: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """An Operation Object with everything it inherits from its path item and the document.

    *security* is OR of ANDs (an empty alternative means anonymous is fine; an empty tuple means
    nothing is asked).  *resource* is what `x-troth-resource` says of it, False where it is about
    none.  *document* is where it was read, and knows the places.
    """

    method: str
    path: str
    pointer: str
    operation_id: str | None = None
    summary: str = ""
    tags: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    request_body: RequestBody | None = None
    responses: tuple[DeclaredResponse, ...] = ()
    security: tuple[tuple[SecurityScheme, ...], ...] = ()
    laws: tuple[Law, ...] = ()
    completion: ChatCompletion | None = None
    embedding: Embedding | None = None
    code_samples: tuple[Mapping[str, Any], ...] = ()
    base_paths: tuple[str, ...] = ("",)
    resource: Mapping[str, Any] | bool | None = None
    document: Document | None = field(default=None, repr=False)
    _outline: Outline | None = field(default=None, init=False, repr=False)
    _read: Callable[[], Mapping[str, Any]] | None = field(default=None, init=False, repr=False)

    @classmethod
    def postponed(
        cls, outline: Outline, document: Document, read: Callable[[], Mapping[str, Any]]
    ) -> Operation:
        """An operation of which all but *outline* is *read* when it is first asked for."""
        operation = object.__new__(cls)
        told = dict(zip(Outline.__match_args__, outline, strict=True))
        whole = told | {"document": document, "_outline": outline, "_read": read}
        for name in ("in_path", "in_query"):
            del whole[name]
        for name, value in whole.items():
            object.__setattr__(operation, name, value)
        return operation

    def __getattr__(self, name: str) -> Any:
        # Python asks here for a slot that is empty: those of `postponed`
        if name not in _POSTPONED or self._read is None:
            raise AttributeError(name)
        for each, value in self._read().items():
            object.__setattr__(self, each, value)
        return object.__getattribute__(self, name)

    @property
    def outline(self) -> Outline:
        """What of it can be told without reading it."""
        if self._outline is not None:
            return self._outline
        names = (
            frozenset(each.name for each in self.parameters if each.location == location)
            for location in ("path", "query")
        )
        told = (self.method, self.path, self.pointer, self.operation_id, self.summary)
        return Outline(*told, self.base_paths, *names)

    @property
    def name(self) -> str:
        """`METHOD /path/template`: how findings and reports call it."""
        return f"{self.method} {self.path}"

    @property
    def template(self) -> PathTemplate:
        """Its path, cut into what is literal and what is variable."""
        *_, in_path, in_query = self.outline
        return path_template(self.path, in_path, in_query)

    @property
    def has_own_query(self) -> bool:
        """Whether its path ends in a query, which every request to it has."""
        return "?" in self.path and bool(self.template.query)

    @property
    def answer_types(self) -> Iterator[MediaType]:
        """The media types of all its responses."""
        return (entry for response in self.responses for entry in response.content)

    def answer_type(self, response: Response) -> MediaType | None:
        """What the document says of the body of *response*."""
        declared = self.response(response.status)
        return declared.media_type(response.content_type or "") if declared else None

    @property
    def idempotency_key(self) -> Parameter | None:
        """The header parameter by which a client says that requests are one; none of a safe method.

        It is told by its name.
        """
        if self.method in _SAFE:
            return None
        in_head = (each for each in self.parameters if each.location == "header")
        return next((each for each in in_head if is_idempotency_key(each.name)), None)

    @property
    def condition(self) -> Parameter | None:
        """The If-Match that a change must have: a required one, or one with a 428 for its lack."""
        is_told = any(response.status == "428" for response in self.responses)
        in_head = (each for each in self.parameters if each.location == "header")
        found = next((each for each in in_head if each.name.lower() == "if-match"), None)
        return found if found is not None and (found.required or is_told) else None

    def response(self, status: int) -> DeclaredResponse | None:
        """The declaration for *status*: exact, then range (`4XX`), then `default`."""
        by_key = {response.status: response for response in self.responses}
        exact = by_key.get(str(status))
        return exact or by_key.get(f"{status // 100}XX") or by_key.get("default")


_POSTPONED = frozenset(
    name
    for name, each in Operation.__dataclass_fields__.items()
    if each.init and name not in (*Outline.__match_args__, "document")
)


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """An operation, found for a target: *path_parameters* are the segments as sent (encoded)."""

    operation: Operation
    path_parameters: Mapping[str, str]
    query: str = ""


@lru_cache(maxsize=512)
def _is_sequence(content_type: str) -> bool:
    kind = media_type.essence(content_type)
    return _JSON_LINES.fullmatch(kind) is not None or is_json_seq(kind)


def is_json_seq(content_type: str) -> bool:
    """Whether it is a JSON text sequence of RFC 7464."""
    return media_type.essence(content_type).endswith(("/json-seq", "+json-seq"))


def _select(content: tuple[MediaType, ...], content_type: str) -> MediaType | None:
    for entry in content:
        # nothing is more specific than the very same words
        if entry.content_type == content_type and "*" not in content_type:
            return entry
    ranked = sorted(
        (entry for entry in content if media_type.matches(entry.content_type, content_type)),
        key=lambda entry: media_type.specificity(entry.content_type),
        reverse=True,
    )
    return ranked[0] if ranked else None
