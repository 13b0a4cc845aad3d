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

from troth.http import json_text, media_type
from troth.http.exchange import Fields, Request
from troth.openapi.operation import MediaType, Operation, Parameter, SecurityScheme
from troth.validation import styles
from troth.validation.styles import encoded, text_of

#: Stands for the secret in a generated request; a well-formed token itself (RFC 6750 §2.1).
CREDENTIAL = "TROTH_TOKEN"
_BOUNDARY = "troth-7f1d0c2a"
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
    """
    if secret is None:
        return request

    def filled(text: str, put: str) -> str:
        return text.replace(BASIC_CREDENTIAL, basic_credential(secret)).replace(CREDENTIAL, put)

    return replace(
        request,
        target=filled(request.target, quote(secret, safe="")),
        fields=tuple((name, filled(value, secret)) for name, value in request.fields),
    )


def without_credential(request: Request) -> Request:
    """*request* without the fields and the query parameters that carry the credential."""
    marks = (CREDENTIAL, BASIC_CREDENTIAL)
    fields = tuple(pair for pair in request.fields if not any(mark in pair[1] for mark in marks))
    path, mark, query = request.target.partition("?")
    kept = "&".join(part for part in query.split("&") if CREDENTIAL not in part)
    return replace(request, fields=fields, target=path + (mark + kept if kept else ""))


def body_type(operation: Operation) -> MediaType | None:
    """The media type in which a body is sent: JSON if the operation takes it, else its first."""
    offered = operation.request_body.content if operation.request_body else ()
    return next((entry for entry in offered if entry.is_json), next(iter(offered), None))


def content_type_of(entry: MediaType) -> str:
    """A concrete content type for the key of *entry*, which may be a range (`*/*`)."""
    if "*" not in entry.content_type:
        return entry.content_type
    kind = entry.content_type.partition("/")[0]
    return "application/json" if kind in ("*", "application") else f"{kind}/plain"


def assemble(
    operation: Operation,
    *,
    parameters: Values | None = None,
    body: Any = UNSET,
    raw: bytes | None = None,
) -> Request:
    """The request that sends *body* (a value; or *raw* bytes) to *operation*.

    *parameters* are values by (location, name).  Security fields follow the first of the
    operation's alternatives; Accept lists what the operation answers with.
    """
    values = dict(parameters or {})
    target, fields = _addressed(operation, values)
    credentials = list(operation.security[0]) if operation.security else []
    query, secured = _secured(credentials)
    if query:
        target += ("&" if "?" in target else "?") + query
    entry = body_type(operation)
    sent = raw
    if sent is None:
        sent = b"" if body is UNSET or entry is None else encode_body(entry, body)
    own: Fields = ()
    if entry is not None and (raw is not None or body is not UNSET):
        boundary = f"; boundary={_BOUNDARY}" if _is_multipart(entry) else ""
        own = (("Content-Type", content_type_of(entry) + boundary),)
    return Request(operation.method, target, (*own, accept(operation), *secured, *fields), sent)


def accept(operation: Operation) -> tuple[str, str]:
    """The Accept field that takes every media type with which the operation may answer."""
    offered = (
        media_type.essence(entry.content_type)
        for response in operation.responses
        for entry in response.content
    )
    return ("Accept", ", ".join(dict.fromkeys(offered)) or "*/*")


def _secured(schemes: Iterable[SecurityScheme]) -> tuple[str, Fields]:
    query, fields = [], []
    for scheme in schemes:
        match scheme.kind, scheme.location:
            case "apiKey", "query":
                query.append(f"{quote(scheme.parameter, safe='')}={CREDENTIAL}")
            case "apiKey", "cookie":
                fields.append(("Cookie", f"{scheme.parameter}={CREDENTIAL}"))
            case "apiKey", _:
                fields.append((scheme.parameter, CREDENTIAL))
            case "http", _ if scheme.scheme == "basic":
                fields.append(("Authorization", f"Basic {BASIC_CREDENTIAL}"))
            case "http" | "oauth2" | "openIdConnect", _:
                fields.append(("Authorization", f"Bearer {CREDENTIAL}"))
    return "&".join(query), tuple(fields)


def encode_body(entry: MediaType, value: Any) -> bytes:
    """*value* in the media type of *entry*."""
    essence = media_type.essence(content_type_of(entry))
    if entry.is_json or media_type.is_json(essence):
        return json_text.encode(value)
    if essence == "application/x-www-form-urlencoded" and isinstance(value, dict):
        pairs = (
            (name, item)
            for name, items in value.items()
            for item in (items if isinstance(items, list) else [items])
        )
        return "&".join(
            f"{encoded(name)}={encoded(text_of(item))}" for name, item in pairs
        ).encode()
    if _is_multipart(entry) and isinstance(value, dict):
        return _multipart(value)
    return text_of(value).encode("utf-8", "surrogatepass")


def _is_multipart(entry: MediaType) -> bool:
    return media_type.essence(entry.content_type).startswith("multipart/")


def _multipart(value: Mapping[str, Any]) -> bytes:
    # RFC 7578 §4.2: each part names its field; a part that is not plain text says what it is.
    # An array is a part for each item (OpenAPI 3.1 §4.8.15.1.1).
    parts = []
    for name, items in value.items():
        label = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        for item in items if isinstance(items, list) else [items]:
            kind = "Content-Type: application/json\r\n" if isinstance(item, (dict, list)) else ""
            head = f'Content-Disposition: form-data; name="{label}"\r\n{kind}'
            parts.append(f"--{_BOUNDARY}\r\n{head}\r\n{text_of(item)}\r\n")
    return ("".join(parts) + f"--{_BOUNDARY}--\r\n").encode("utf-8", "surrogatepass")


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
            fields.append((parameter.name, _in_field(parameter, value)))
        else:
            cookies.extend(_in_query(parameter, value))
    if cookies:
        fields.append(("Cookie", "; ".join(cookies)))
    query = [*template.fixed(variables, but=query), *query]
    return template.filled(variables) + ("?" + "&".join(query) if query else ""), tuple(fields)


def _in_field(parameter: Parameter, value: Any) -> str:
    if parameter.content is not None:
        return text_of(value)
    return styles.write_field(parameter, value)


def in_path(parameter: Parameter, value: Any) -> str:
    """*value* as it stands in a path for *parameter*."""
    if parameter.content is not None:
        return encoded(text_of(value))
    return styles.write_path(parameter, value)


def _in_query(parameter: Parameter, value: Any) -> list[str]:
    if parameter.content is None:
        return styles.write_pairs(parameter, value)
    text = encoded(text_of(value))
    return [text if parameter.location == "querystring" else f"{encoded(parameter.name)}={text}"]
