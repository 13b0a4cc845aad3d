"""Put a request together: parameters in their styles, a body in its media type, a credential.

The credential is a placeholder, `TROTH_TOKEN`, wherever it stands in the target or in a field's
value; `with_credential` puts the secret in its place when the request is sent.  So no request that
is generated, kept or shown holds a secret.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from troth.generation.files import with_files
from troth.generation.values import synthesize
from troth.http import content_coding, json_text, media_type
from troth.http.exchange import Fields, Request
from troth.http.multipart import BOUNDARY
from troth.openapi.operation import MediaType, Operation, Parameter, SecurityScheme
from troth.seed import Seed
from troth.validation import content, security, styles
from troth.validation.styles import encoded
from troth.validation.xml import Unwritable

#: Stands for the secret in a generated request; a well-formed token itself (RFC 6750 §2.1).
CREDENTIAL = "TROTH_TOKEN"
#: The mark of a body that there is none of.
UNSET: Any = object()
#: Values of parameters, by location and name.
Values = Mapping[tuple[str, str], Any]


def basic_credential(secret: str) -> str:
    """*secret*, `user:password` or a user alone, as RFC 7617 §2 sends it."""
    pair = secret if ":" in secret else f"{secret}:"
    return b64encode(pair.encode()).decode()


#: The same in the form of RFC 7617: a user without a password.
BASIC_CREDENTIAL = basic_credential(CREDENTIAL)


def with_credential(request: Request, secret: str | None) -> Request:
    """*request* with *secret* in the place of each placeholder; as it is when there is none.

    For Basic authentication a secret with a colon is `user:password`, any other a user alone.
    One that is given with its scheme (`Bearer abc`) gets no second one.
    """
    if secret is None:
        return request

    def filled(text: str, put: str) -> str:
        scheme = text[: -len(CREDENTIAL)] if text.endswith(f" {CREDENTIAL}") else ""
        if scheme and put.lower().startswith(scheme.lower()):
            return scheme + put[len(scheme) :]
        return text.replace(BASIC_CREDENTIAL, basic_credential(secret)).replace(CREDENTIAL, put)

    return replace(
        request,
        target=filled(request.target, quote(secret, safe="")),
        fields=tuple((name, filled(value, secret)) for name, value in request.fields),
    )


def without_credential(request: Request) -> Request:
    """*request* without the fields and the query parameters that carry the credential."""
    marks = (CREDENTIAL, BASIC_CREDENTIAL)
    fields = []
    for name, value in request.fields:
        # a Cookie field has other crumbs beside that of the credential
        parts = value.split("; ") if name == "Cookie" else [value]
        rest = [part for part in parts if not any(mark in part for mark in marks)]
        fields += [(name, "; ".join(rest))] if rest else []
    path, mark, query = request.target.partition("?")
    kept = "&".join(part for part in query.split("&") if CREDENTIAL not in part)
    return replace(request, fields=tuple(fields), target=path + (mark + kept if kept else ""))


def body_type(operation: Operation) -> MediaType | None:
    """The media type in which a body is sent: JSON if the operation takes it, else its first."""
    offered = operation.request_body.content if operation.request_body else ()
    return next((entry for entry in offered if entry.is_json), next(iter(offered), None))


def assemble(
    operation: Operation,
    *,
    parameters: Values | None = None,
    body: Any = UNSET,
    raw: bytes | None = None,
) -> Request:
    """The request that sends *body* (a value; or *raw* bytes) to *operation*.

    *parameters* are values by (location, name).  Security fields are those that `credentials` asks
    for; Accept lists what the operation answers with.
    """
    target, fields = _addressed(operation, dict(parameters or {}))
    query, secured = _secured(credentials(operation))
    if query:
        target += ("&" if "?" in target else "?") + query
    crumbs = [value for name, value in (*secured, *fields) if name == "Cookie"]
    if len(crumbs) > 1:
        # RFC 6265 §5.4: there is one Cookie field
        secured = tuple(field for field in secured if field[0] != "Cookie")
        fields = tuple(field for field in fields if field[0] != "Cookie")
        fields += (("Cookie", "; ".join(crumbs)),)
    entry = body_type(operation)
    kind, sent = "", raw or b""
    if entry is not None and raw is not None:
        kind = content.concrete(entry)
        kind += f"; boundary={BOUNDARY}" if kind.startswith("multipart/") else ""
    elif entry is not None and body is not UNSET:
        kind, sent = encode_body(entry, body)
    coding = content_coding.coding(fields)
    if coding in content_coding.PACKED and sent:
        # what a parameter says of the body is true of it
        sent = b"".join(content_coding.pack((sent,), coding))
    own: Fields = (("Content-Type", kind),) if kind else ()
    return Request(operation.method, target, (*own, accept(operation), *secured, *fields), sent)


def accept(operation: Operation) -> tuple[str, str]:
    """The Accept field that takes every media type with which the operation may answer."""
    offered = (media_type.essence(entry.content_type) for entry in operation.answer_types)
    return ("Accept", ", ".join(dict.fromkeys(offered)) or "*/*")


def credentials(operation: Operation) -> tuple[SecurityScheme, ...]:
    """The schemes of the first alternative that one request can meet; () where nothing is asked."""
    for schemes in operation.security:
        # RFC 9110 §11.6.2: there is one Authorization field, with the credentials of one scheme
        if len({security.http_scheme(scheme) for scheme in schemes} - {None}) < 2:
            return schemes
    return operation.security[0] if operation.security else ()


def _secured(schemes: Iterable[SecurityScheme]) -> tuple[str, Fields]:
    query: dict[str, None] = {}
    fields: dict[tuple[str, str], None] = {}
    for scheme in schemes:
        match scheme.kind, scheme.location:
            case "apiKey", "query":
                query[f"{quote(scheme.parameter, safe='')}={CREDENTIAL}"] = None
            case "apiKey", "cookie":
                fields["Cookie", f"{scheme.parameter}={CREDENTIAL}"] = None
            case "apiKey", _:
                fields[scheme.parameter, f"{scheme.scheme} {CREDENTIAL}".strip()] = None
            case _:
                name = security.http_scheme(scheme)
                secret = BASIC_CREDENTIAL if name == "basic" else CREDENTIAL
                if name is not None:
                    fields["Authorization", f"{name.capitalize()} {secret}"] = None
    return "&".join(query), tuple(fields)


def encode_body(entry: MediaType, value: Any) -> tuple[str, bytes]:
    """*value* in the media type of *entry*, and the content type that it is sent with.

    Bytes of a type that the document gives are a file of it.  What the media type cannot hold is
    sent as JSON all the same: no server can take that for what is declared.
    """
    kind = content.concrete(entry)
    try:
        return content.write(entry, kind, with_files(entry, kind, value), field_of=_part_field)
    except Unwritable:
        return kind, json_text.encode(value)


def carries(entry: MediaType, value: Any) -> bool | None:
    """Whether a body of *value* is read as one that *entry* allows; None: it cannot be written."""
    kind = content.concrete(entry)
    return content.survives(entry, kind, value, field_of=_part_field)


def whatever(entry: MediaType) -> Any:
    """A value that can be written in the media type of *entry*, which has no schema."""
    form = content.form_of(content.concrete(entry))
    if form == "xml":
        return "<root/>"
    return "text" if form in ("text", "bytes", "csv", "yaml") else {}


def unreadable(entry: MediaType) -> bytes | None:
    """A body that is none of the media type of *entry*, if one there is."""
    kind = content.concrete(entry)
    if kind.startswith("multipart/"):
        kind += f"; boundary={BOUNDARY}"
    return next((data for data in _JUNK if not content.is_readable(entry, kind, data)), None)


#: A form that ends in the middle of a character, an element, a quoted cell: bytes of no text.
_JUNK = (b"%", b"<", b'"', b"\xff\xfe\xff")


def _part_field(header: Parameter) -> str:
    """A text for a header field that a part of a body must have."""
    if header.schema is None:
        return "text"
    value = synthesize(header.schema, seed=Seed.of("part", header.pointer))
    return styles.write_field(header, value)


def refilled(operation: Operation, request: Request, *, old: Values, new: Values) -> Request:
    """*request* to *operation* with values *new* where it has the *old* ones as they are written.

    What it says otherwise is left as it is: that is what the request is about.
    """
    path, mark, query = request.target.partition("?")
    match = operation.template.pattern.fullmatch(path)
    texts = dict(zip(operation.template.names, match.groups(), strict=True)) if match else {}
    pairs = query.split("&") if mark else []
    fields = list(request.fields)
    for parameter in operation.parameters:
        key = parameter.location, parameter.name
        if key not in old or key not in new:
            continue
        if parameter.location == "path":
            if texts.get(parameter.name) == in_path(parameter, old[key]):
                texts[parameter.name] = in_path(parameter, new[key])
        elif parameter.location == "query":
            pairs = _exchanged(
                pairs, _in_query(parameter, old[key]), _in_query(parameter, new[key])
            )
        elif parameter.location == "header":
            before = [(parameter.name, styles.write_field(parameter, old[key]))]
            after = [(parameter.name, styles.write_field(parameter, new[key]))]
            fields = _exchanged(fields, before, after)
    if match:
        path = operation.template.filled(texts)
    return replace(request, target=path + mark + "&".join(pairs), fields=tuple(fields))


def _exchanged(items: list[Any], old: list[Any], new: list[Any]) -> list[Any]:
    """*items* with *new* where *old* stands, if it does."""
    size = len(old)
    for at in range(len(items) - size + 1 if size else 0):
        if items[at : at + size] == old:
            return [*items[:at], *new, *items[at + size :]]
    return items


def _addressed(operation: Operation, values: Values) -> tuple[str, Fields]:
    template = operation.template
    variables: dict[str, str] = {}
    query: list[str] = []
    fields: list[tuple[str, str]] = []
    cookies: list[str] = []
    fixed = {name for name, value in template.query if not value.names}
    for parameter in operation.parameters:
        value = values.get((parameter.location, parameter.name), UNSET)
        if value is UNSET:
            continue
        if parameter.location == "path":
            variables[parameter.name] = in_path(parameter, value)
        elif parameter.location in ("query", "querystring"):
            # what the path says of its query is said once
            query.extend(_in_query(parameter, value) if parameter.name not in fixed else ())
        elif parameter.location == "header":
            fields.append((parameter.name, styles.write_field(parameter, value)))
        else:
            cookies.extend(_in_query(parameter, value))
    if cookies:
        fields.append(("Cookie", "; ".join(cookies)))
    query = [*template.fixed(variables, but=query), *query]
    return template.filled(variables) + ("?" + "&".join(query) if query else ""), tuple(fields)


def in_path(parameter: Parameter, value: Any) -> str:
    """*value* as it stands in a path for *parameter*."""
    if parameter.content is not None:
        return encoded(_content(parameter.content, value))
    return styles.write_path(parameter, value)


def _in_query(parameter: Parameter, value: Any) -> list[str]:
    entry = parameter.content
    if entry is None:
        return styles.write_pairs(parameter, value)
    text = _content(entry, value)
    if parameter.location != "querystring":
        return [f"{encoded(parameter.name)}={encoded(text)}"]
    # OpenAPI 3.2 §4.12.1: a form is a query as it is
    return [text if content.form_of(entry.content_type) == "urlencoded" else encoded(text)]


def _content(entry: MediaType, value: Any) -> str:
    """The text of a parameter that is described by *entry*."""
    if entry.is_json:
        return json_text.encode_ascii(value).decode()
    return encode_body(entry, value)[1].decode("utf-8", "surrogatepass")
