"""Whether a request may be answered at all: its credentials against the document's schemes.

Any credential of the right form is good, unless the mock was given some by name; then only
those are.  What was sent is never echoed.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from troth.http.exchange import Fields
from troth.openapi.operation import Operation, SecurityScheme

#: The longest credential that is looked at.
LONGEST = 4096

# RFC 6750 §2.1: b64token
_TOKEN68 = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_BEARER = frozenset({"oauth2", "openIdConnect"})


@dataclass(frozen=True, slots=True)
class Denied:
    """Why a request is not let in, and the challenges of the answer (RFC 9110 §11.6.1)."""

    message: str
    challenges: tuple[str, ...]

    @property
    def fields(self) -> Fields:
        """The WWW-Authenticate fields."""
        return tuple(("WWW-Authenticate", challenge) for challenge in self.challenges)


Gate = Callable[[Mapping[str, Sequence[str]], str], Denied | None]


def gate(operation: Operation, tokens: tuple[str, ...]) -> Gate | None:
    """What decides over the credentials of requests to *operation*; None: nothing is asked.

    The gate takes the header fields by lower-case name, and the query.
    """
    alternatives = operation.security
    if not alternatives or () in alternatives:
        return None
    good = tuple(token.encode() for token in tokens)

    def decide(fields: Mapping[str, Sequence[str]], query: str) -> Denied | None:
        reasons: list[str] = []
        for schemes in alternatives:
            reason = next(
                (said for one in schemes if (said := _missing(one, fields, query, good))), None
            )
            if reason is None:
                return None
            reasons.append(reason)
        given = "authorization" in fields
        challenges = dict.fromkeys(_challenges(alternatives, given=given))
        return Denied(reasons[0], tuple(challenges))

    return decide


def _missing(
    scheme: SecurityScheme,
    fields: Mapping[str, Sequence[str]],
    query: str,
    good: tuple[bytes, ...],
) -> str | None:
    """What is wrong with the credential for *scheme*, or None."""
    if scheme.kind == "mutualTLS":
        return None  # settled below HTTP, before a request is read
    if scheme.kind == "apiKey":
        return _api_key(scheme, fields, query, good)
    wanted = "bearer" if scheme.kind in _BEARER else scheme.scheme
    found = fields.get("authorization", ())
    if not found:
        return f"no credential was given: send 'Authorization: {wanted.capitalize()} …'"
    if len(found) > 1:
        return "there is more than one Authorization field"
    # RFC 9110 §11.1: the scheme is case-insensitive
    name, _, credential = found[0].strip(" \t").partition(" ")
    credential = credential.strip(" ")
    if name.lower() != wanted:
        return f"the Authorization field is not of the scheme {wanted.capitalize()}"
    if not credential:
        return "the Authorization field has a scheme and no credential"
    if len(credential) > LONGEST:
        return f"the credential is longer than {LONGEST} characters"
    if wanted == "basic":
        return _basic(credential, good)
    if wanted == "bearer" and _TOKEN68.fullmatch(credential) is None:
        return "the credential is not a token: letters, digits and -._~+/ (RFC 6750 §2.1)"
    if wanted != "bearer" and not credential.isascii():
        return "the credential is not ASCII"
    return _unknown(credential, good)


def _basic(credential: str, good: tuple[bytes, ...]) -> str | None:
    try:
        pair = base64.b64decode(credential, validate=True)
    except (binascii.Error, ValueError):
        return "the credential is not Base64 (RFC 7617)"
    if b":" not in pair:
        return "the credential is not a user and a password (RFC 7617)"
    if good and not _is_any(pair.partition(b":")[2], good) and not _is_any(pair, good):
        return "the credential is not one of those that this server was given"
    return None


def _api_key(
    scheme: SecurityScheme,
    fields: Mapping[str, Sequence[str]],
    query: str,
    good: tuple[bytes, ...],
) -> str | None:
    found = list(_keys(scheme, fields, query))
    where = f"the {scheme.location} parameter {scheme.parameter!r}"
    if not found or not found[0]:
        return f"no credential was given: send {where}"
    if len(found) > 1:
        return f"{where} is given more than once"
    if len(found[0]) > LONGEST:
        return f"the credential is longer than {LONGEST} characters"
    if _VISIBLE.fullmatch(found[0]) is None:
        return "the credential is not printable ASCII"
    return _unknown(found[0], good)


def _keys(scheme: SecurityScheme, fields: Mapping[str, Sequence[str]], query: str) -> Iterator[str]:
    if scheme.location == "header":
        yield from fields.get(scheme.parameter.lower(), ())
    elif scheme.location == "query":
        try:
            yield from parse_qs(query, keep_blank_values=True, max_num_fields=1000).get(
                scheme.parameter, ()
            )
        except ValueError:
            return
    else:
        for value in fields.get("cookie", ()):
            try:
                cookie = SimpleCookie(value).get(scheme.parameter)
            except CookieError:
                continue
            if cookie is not None:
                yield cookie.value


def _unknown(credential: str, good: tuple[bytes, ...]) -> str | None:
    if good and not _is_any(credential.encode("utf-8", "surrogatepass"), good):
        return "the credential is not one of those that this server was given"
    return None


def _is_any(credential: bytes, good: tuple[bytes, ...]) -> bool:
    # every one is compared, in constant time: neither which nor how much of it leaks
    return bool(sum([hmac.compare_digest(credential, one) for one in good]))


def _challenges(
    alternatives: tuple[tuple[SecurityScheme, ...], ...], *, given: bool
) -> Iterator[str]:
    for scheme in (scheme for schemes in alternatives for scheme in schemes):
        if scheme.kind == "http" and scheme.scheme == "basic":
            yield 'Basic realm="mock", charset="UTF-8"'
        elif scheme.kind in _BEARER or scheme.scheme == "bearer":
            # RFC 6750 §3.1: no error code for a request that lacks authentication altogether
            yield 'Bearer realm="mock"' + (', error="invalid_token"' if given else "")
        elif scheme.kind == "http":
            yield f'{scheme.scheme.capitalize()} realm="mock"'
        else:
            # not a registered scheme, yet RFC 9110 §15.5.2 wants a challenge in every 401
            yield f'{scheme.kind or "Credential"} realm="mock"'
