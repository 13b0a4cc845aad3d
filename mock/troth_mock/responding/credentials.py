"""Whether a request may be answered at all: its credentials against the document's schemes.

Any credential of the right form is good, unless the mock was given some by name; then only
those are.  What was sent is never echoed.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from troth.openapi.operation import Operation, SecurityScheme
from troth.validation import security
from troth_mock.responding.problems import Problem

#: The longest credential that is looked at.
LONGEST = 4096

_VISIBLE = re.compile(r"[\x21-\x7e]+")


Gate = Callable[[Mapping[str, Sequence[str]], str], Problem | None]


def gate(operation: Operation, tokens: tuple[str, ...]) -> Gate | None:
    """What tells why a request to *operation* is not let in; None: no credential is required.

    The gate takes the header fields by lower-case name, and the query.
    """
    alternatives = operation.security
    if not alternatives or () in alternatives:
        return None
    good = tuple(token.encode() for token in tokens)
    declared = {response.status for response in operation.responses}
    # many frameworks have but the one answer to who may not come in
    status = 403 if "403" in declared and not declared & {"401", "4XX", "default"} else 401

    def decide(fields: Mapping[str, Sequence[str]], query: str) -> Problem | None:
        reasons: list[str] = []
        for schemes in alternatives:
            for scheme in schemes:
                reason = _missing(scheme, fields, query, good)
                if reason is not None:
                    reasons.append(reason)
                    break
            else:
                return None
        if status != 401:
            return Problem(status, reasons[0])
        is_sent = "authorization" in fields
        offered = dict.fromkeys(challenges(alternatives, is_sent=is_sent))
        # RFC 9110 §11.6.1
        return Problem(
            status, reasons[0], fields=tuple(("WWW-Authenticate", each) for each in offered)
        )

    return decide


def _missing(
    scheme: SecurityScheme,
    fields: Mapping[str, Sequence[str]],
    query: str,
    good: tuple[bytes, ...],
) -> str | None:
    """What is wrong with the credential for *scheme*, or None."""
    credential = security.read(scheme, lambda name: fields.get(name.lower(), ()), query)
    if credential is None:
        return None
    wanted = security.http_scheme(scheme)
    if wanted is None:
        return _api_key(scheme, credential.values, good)
    text = credential.values[0] if credential.values else ""
    if len(text) > LONGEST:
        return f"the credential is longer than {LONGEST} characters"
    if credential.fault is not None:
        return _FAULTS[credential.fault].format(scheme=wanted.capitalize())
    if wanted == "basic":
        user, _, password = credential.pair.partition(b":")
        # a key alone is sent as a user without a password, as `curl -u KEY:` does
        is_known = not good or _is_any(password or user, good) or _is_any(credential.pair, good)
        return None if is_known else _UNKNOWN
    if not text.isascii():
        return "the credential is not ASCII"
    return _unknown(text, good)


_UNKNOWN = "the credential is not one of those that this server was given"
_FAULTS: Mapping[security.Fault, str] = {
    "missing": "no credential was given: send 'Authorization: {scheme} …'",
    "repeated": "there is more than one Authorization field",
    "other-scheme": "the Authorization field is not of the scheme {scheme}",
    "empty": "the Authorization field has a scheme and no credential",
    "not-a-token": "the credential is not a token: letters, digits and -._~+/ (RFC 6750 §2.1)",
    "not-base64": "the credential is not Base64 (RFC 7617)",
    "not-a-pair": "the credential is not a user and a password (RFC 7617)",
}


def _api_key(scheme: SecurityScheme, keys: Sequence[str], good: tuple[bytes, ...]) -> str | None:
    where = f"the {scheme.location} parameter {scheme.parameter!r}"
    if not keys or not keys[0]:
        return f"no credential was given: send {where}"
    if len(keys) > 1:
        return f"{where} is given more than once"
    if len(keys[0]) > LONGEST:
        return f"the credential is longer than {LONGEST} characters"
    if _VISIBLE.fullmatch(keys[0]) is None:
        return "the credential is not printable ASCII"
    return _unknown(keys[0], good)


def _unknown(credential: str, good: tuple[bytes, ...]) -> str | None:
    if good and not _is_any(credential.encode("utf-8", "surrogatepass"), good):
        return _UNKNOWN
    return None


def _is_any(credential: bytes, good: tuple[bytes, ...]) -> bool:
    # every one is compared, in constant time: neither which nor how much of it leaks
    return bool(sum([hmac.compare_digest(credential, one) for one in good]))


def challenges(
    alternatives: tuple[tuple[SecurityScheme, ...], ...], *, is_sent: bool
) -> Iterator[str]:
    """What a 401 offers instead of what was sent, or where nothing was."""
    for scheme in (scheme for schemes in alternatives for scheme in schemes):
        if scheme.kind == "http" and scheme.scheme == "basic":
            yield 'Basic realm="mock", charset="UTF-8"'
        elif security.http_scheme(scheme) == "bearer":
            # RFC 6750 §3.1: no error code for a request that lacks authentication altogether
            yield 'Bearer realm="mock"' + (', error="invalid_token"' if is_sent else "")
        elif scheme.kind == "http":
            yield f'{scheme.scheme.capitalize()} realm="mock"'
        else:
            # not a registered scheme, yet RFC 9110 §15.5.2 wants a challenge in every 401
            yield f'{scheme.kind or "Credential"} realm="mock"'
