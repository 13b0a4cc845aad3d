"""The credentials of a request: are they there, and do they have the form that their scheme asks.

`read` is the one reader of credentials, of the mock server as well.  Whether they are good only
the server can say.  No message repeats what was sent.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple
from urllib.parse import unquote_plus

from troth.http.exchange import TOKEN, Request
from troth.openapi.operation import Operation, SecurityScheme
from troth.validation.styles import pairs
from troth.validation.violation_builder import ViolationBuilder
from troth.violation import Violation

#: Why a credential has not the form that its scheme asks for.
Fault = Literal[
    "missing", "repeated", "other-scheme", "empty", "not-a-token", "not-base64", "not-a-pair"
]

# RFC 9110 §11.4: credentials are a scheme, spaces, and a token68 or parameters.
_CREDENTIALS = re.compile(rf"({TOKEN})(?: +(.*))?", re.DOTALL)
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*")
# These send a bearer token as well (RFC 6750 §2.1; OpenID Connect Core §5.3.1).
_BEARERS = {"oauth2", "openIdConnect"}


class Credential(NamedTuple):
    """What a request carries for one security scheme.

    *values* are the keys, or what the Authorization field has behind the name of its scheme;
    *pair* is the `user:password` of Basic.  A tuple, since one is made for every request.
    """

    values: tuple[str, ...] = ()
    fault: Fault | None = None
    pair: bytes = b""


def http_scheme(scheme: SecurityScheme) -> str | None:
    """The scheme of the Authorization field that *scheme* asks for, in lower case, if it does."""
    kind = scheme.kind
    if kind == "http":
        return scheme.scheme
    return "bearer" if kind in _BEARERS else None


def read(
    scheme: SecurityScheme, values: Callable[[str], Sequence[str]], query: str
) -> Credential | None:
    """The credential for *scheme*; None where no request carries one (mutualTLS is below HTTP).

    *values* gives the values of the header fields with a name, *query* is that of the target.
    """
    name = http_scheme(scheme)
    if name is not None:
        return _read_authorization(name, values("Authorization"))
    if scheme.kind != "apiKey":
        return None
    keys = tuple(_keys(scheme, values, query))
    fault: Fault | None = "missing" if not keys else None
    if any(not key.strip() for key in keys):
        fault = "empty"
    return Credential(keys, fault)


def _read_authorization(scheme: str, fields: Sequence[str]) -> Credential:
    if len(fields) != 1:
        # RFC 9110 §5.3: the field is no list, so that it must not be sent twice.
        return Credential(fault="repeated" if fields else "missing")
    match = _CREDENTIALS.fullmatch(fields[0].strip(" \t"))
    # RFC 9110 §11.1: the scheme is case-insensitive
    if match is None or match[1].lower() != scheme:
        return Credential(fault="other-scheme")
    text = match[2] or ""
    if not text:
        return Credential(fault="empty")
    if scheme == "bearer" and not _TOKEN68.fullmatch(text):
        return Credential((text,), "not-a-token")  # RFC 6750 §2.1: b64token
    if scheme != "basic":
        return Credential((text,))
    try:
        pair = base64.b64decode(text, validate=True)  # RFC 7617 §2
    except (binascii.Error, ValueError):
        return Credential((text,), "not-base64")
    return Credential((text,), None if b":" in pair else "not-a-pair", pair)


def _keys(
    scheme: SecurityScheme, values: Callable[[str], Sequence[str]], query: str
) -> Iterator[str]:
    name = scheme.parameter
    if scheme.location == "header":
        prefix = f"{scheme.scheme} ".lstrip().lower()
        for value in values(name):
            yield value[len(prefix) :] if value.lower().startswith(prefix) else value
    elif scheme.location == "cookie":
        yield from (value for key, value in cookies(values("Cookie")) if key == name)
    else:
        yield from (unquote_plus(value) for key, value in pairs(query) if key == name)


def cookies(fields: Sequence[str]) -> list[tuple[str, str]]:
    """The cookies of the Cookie *fields*, names and values as sent (RFC 6265 §4.2.1)."""
    cut = (piece.strip(" \t").partition("=") for line in fields for piece in line.split(";"))
    return [(name, _unquoted(value)) for name, equals, value in cut if equals]


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def check_security(operation: Operation, request: Request) -> tuple[Violation, ...]:
    """The faults of the credentials of *request*; none when one alternative is met as a whole.

    When none is, the faults of the alternative that lacks least, the first of equals.
    """
    target = request.target
    query = target.partition("#")[0].partition("?")[2] if "?" in target else ""
    best: list[tuple[SecurityScheme, Fault]] | None = None
    for alternative in operation.security:
        faults: list[tuple[SecurityScheme, Fault]] = []
        for scheme in alternative:
            credential = read(scheme, request.values, query)
            if credential is not None and credential.fault is not None:
                faults.append((scheme, credential.fault))
        if not faults:
            return ()
        if best is None or len(faults) < len(best):
            best = faults
    return tuple(_violation(operation, request, *fault) for fault in best or ())


def _violation(
    operation: Operation, request: Request, scheme: SecurityScheme, fault: Fault
) -> Violation:
    if scheme.kind == "apiKey":
        word = "query parameter" if scheme.location == "query" else scheme.location
        word = "header field" if word == "header" else word
        what = f"{word} {scheme.parameter}, which carries the key"
        message = f"the request has no {what}" if fault == "missing" else f"the {what}, is empty"
    else:
        name = (http_scheme(scheme) or "").capitalize()
        count = len(request.values("Authorization"))
        message = _MESSAGES[fault].format(scheme=name, count=count)
    rule = "missing" if fault == "missing" else "malformed"
    violations = ViolationBuilder(operation, scheme.pointer)
    return violations.violation(f"request-security.{rule}", message)


_MESSAGES = {
    "missing": "the request has no Authorization field; send {scheme} credentials",
    "repeated": "the request has {count} Authorization fields; send one",
    "other-scheme": "the Authorization field is not of the scheme {scheme}",
    "empty": "the Authorization field names {scheme} and has no credentials",
    "not-a-token": "the bearer token has characters that no token may have",
    "not-base64": "the Basic credentials are not 'user:password' in base64",
    "not-a-pair": "the Basic credentials are not 'user:password' in base64",
}
