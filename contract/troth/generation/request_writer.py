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
from troth.validation import security, styles
from troth.validation.bodies import FORMS
from troth.validation.styles import encoded, text_of

#: Stands for the secret in a generated request; a well-formed token itself (RFC 6750 §2.1).
CREDENTIAL = "TROTH_TOKEN"
_BOUNDARY = "troth-7f1d0c2a"
_UNSET = object()


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
    parameters: Mapping[tuple[str, str], Any] | None = None,
    body: Any = _UNSET,
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
    sent = raw
    if sent is None:
        sent = b"" if body is _UNSET or entry is None else encode_body(entry, body)
    own: Fields = ()
    if entry is not None and (raw is not None or body is not _UNSET):
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
                fields[scheme.parameter, CREDENTIAL] = None
            case _:
                name = security.http_scheme(scheme)
                secret = BASIC_CREDENTIAL if name == "basic" else CREDENTIAL
                if name is not None:
                    fields["Authorization", f"{name.capitalize()} {secret}"] = None
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


def _addressed(operation: Operation, values: Mapping[tuple[str, str], Any]) -> tuple[str, Fields]:
    template = operation.template
    variables: dict[str, str] = {}
    query: list[str] = []
    fields: list[tuple[str, str]] = []
    cookies: list[str] = []
    fixed = {name for name, value in template.query if not value.names}
    for parameter in operation.parameters:
        value = values.get((parameter.location, parameter.name), _UNSET)
        if value is _UNSET:
            continue
        if parameter.location == "path":
            variables[parameter.name] = _in_path(parameter, value)
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


def _in_path(parameter: Parameter, value: Any) -> str:
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
    return [text if media_type.essence(entry.content_type) in FORMS else encoded(text)]


def _content(entry: MediaType, value: Any) -> str:
    """The text of a parameter that is described by *entry*."""
    if entry.is_json:
        return json_text.encode_ascii(value).decode()
    return encode_body(entry, value).decode("utf-8", "surrogatepass")
