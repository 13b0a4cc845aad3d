"""The credentials of a request: are they there, and do they have the form that their scheme asks.

Whether they are good only the server can say.  No message repeats what was sent.
"""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote_plus

from troth.http.exchange import Request, field, field_values
from troth.openapi.operation import Operation, SecurityScheme
from troth.validation.finder import place_of
from troth.violation import Violation

# RFC 9110 §11.4: credentials are a scheme, spaces, and a token68 or parameters.
_CREDENTIALS = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?: +(.*))?", re.DOTALL)
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*")
# These send a bearer token as well (RFC 6750 §2.1; OpenID Connect Core §5.3.1).
_BEARERS = {"oauth2", "openIdConnect"}


def check_security(operation: Operation, request: Request) -> tuple[Violation, ...]:
    """The faults of the credentials of *request*; none when one alternative is met as a whole.

    When none is, the faults of the alternative that lacks least, the first of equals.
    """
    for alternative in operation.security:
        for scheme in alternative:
            if _fault(scheme, request) is not None:
                break
        else:
            return ()
    best: tuple[Violation, ...] | None = None
    for alternative in operation.security:
        faults = tuple(
            Violation(
                code=f"request-security.{word}",
                operation=operation.name,
                location="request-security",
                message=message,
                schema_pointer=scheme.pointer,
                place=place_of(operation, scheme.pointer),
            )
            for scheme in alternative
            if (fault := _fault(scheme, request)) is not None
            for word, message in (fault,)
        )
        if best is None or len(faults) < len(best):
            best = faults
    return best or ()


def _fault(scheme: SecurityScheme, request: Request) -> tuple[str, str] | None:
    """What is wrong with the credentials for *scheme*: the rule's word and the sentence."""
    if scheme.kind == "apiKey":
        return _api_key_fault(scheme, request)
    if scheme.kind in _BEARERS:
        return _http_fault("bearer", request)
    if scheme.kind == "http":
        return _http_fault(scheme.scheme, request)
    return None  # mutualTLS is settled below HTTP; nothing of it is in a request.


def _http_fault(scheme: str, request: Request) -> tuple[str, str] | None:
    shown = scheme.capitalize()
    values = field_values(request.fields, "authorization")
    if not values:
        return "missing", f"the request has no Authorization field; send {shown} credentials"
    if len(values) > 1:
        # RFC 9110 §5.3: the field is no list, so that it must not be sent twice.
        return "malformed", f"the request has {len(values)} Authorization fields; send one"
    read = _CREDENTIALS.fullmatch(values[0].strip(" \t"))
    if read is None or read[1].lower() != scheme:
        return "malformed", f"the Authorization field is not of the scheme {shown}"
    token = read[2] or ""
    if not token:
        return "malformed", f"the Authorization field names {shown} and has no credentials"
    if scheme == "bearer" and not _TOKEN68.fullmatch(token):
        # RFC 6750 §2.1: b64token
        return "malformed", "the bearer token has characters that no token may have"
    if scheme == "basic" and not _is_basic(token):
        # RFC 7617 §2
        return "malformed", "the Basic credentials are not 'user:password' in base64"
    return None


def _is_basic(token: str) -> bool:
    try:
        return b":" in base64.b64decode(token, validate=True)
    except (binascii.Error, ValueError):
        return False


def _api_key_fault(scheme: SecurityScheme, request: Request) -> tuple[str, str] | None:
    name = scheme.parameter
    values: list[str]
    if scheme.location == "header":
        values, what = list(field_values(request.fields, name)), f"header field {name}"
    elif scheme.location == "cookie":
        values, what = [value for key, value in cookies(request) if key == name], f"cookie {name}"
    else:
        query = request.target.partition("#")[0].partition("?")[2]
        cut = (piece.partition("=") for piece in query.split("&"))
        values = [value for key, _, value in cut if unquote_plus(key) == name]
        what = f"query parameter {name}"
    if not values:
        return "missing", f"the request has no {what}, which carries the key"
    if any(not value.strip() for value in values):
        return "malformed", f"the {what}, which carries the key, is empty"
    return None


def cookies(request: Request) -> list[tuple[str, str]]:
    """The cookies of *request*, names and values as sent (RFC 6265 §4.2.1)."""
    line = field(request.fields, "cookie") or ""
    cut = (piece.strip(" \t").partition("=") for piece in line.split(";"))
    return [(name, _unquoted(value)) for name, equals, value in cut if equals]


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
