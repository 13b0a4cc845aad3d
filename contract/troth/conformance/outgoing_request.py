"""From a case to the bytes that are sent, and to what the documents expect of the answer."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

from troth.conformance.cases.case import Case
from troth.conformance.checks.exchange_checks import Expectation
from troth.conformance.settings import Settings
from troth.errors import MethodNotAllowed, NoSuchPath
from troth.generation.request_writer import BASIC_CREDENTIAL, CREDENTIAL
from troth.http.exchange import Request
from troth.openapi.contract import Contract
from troth.validation import validator
from troth.validation.security import check_security

#: What is sent where the user gave no token: many servers take any.
PLACEHOLDER = "troth-placeholder-token"


def addressed(request: Request, settings: Settings) -> Request:
    """*request* as it goes out: with the user's token and header fields in their places."""
    token = settings.token if settings.token is not None else PLACEHOLDER
    fields = [(name, _with_token(value, token)) for name, value in request.fields]
    given = {name.lower() for name, _ in settings.fields}
    kept = [(name, value) for name, value in fields if name.lower() not in given]
    named = {name.lower() for name, _ in kept} | given
    if "user-agent" not in named:
        kept.append(("User-Agent", "troth"))
    return replace(
        request,
        target=request.target.replace(quote(CREDENTIAL, safe=""), quote(token, safe="")).replace(
            CREDENTIAL, quote(token, safe="")
        ),
        fields=tuple(kept) + settings.fields,
    )


def readable(request: Request) -> Request:
    """*request* with an ordinary token in the credential's place: for judging, not for sending."""
    fields = tuple((name, _with_token(value, PLACEHOLDER)) for name, value in request.fields)
    return replace(request, target=request.target.replace(CREDENTIAL, PLACEHOLDER), fields=fields)


def _with_token(value: str, token: str) -> str:
    # RFC 7617 §2: user-pass in base64; a token that is no pair of the two is the user
    pair = token if ":" in token else f"{token}:"
    basic = b64encode(pair.encode()).decode()
    return value.replace(BASIC_CREDENTIAL, basic).replace(CREDENTIAL, token)


def expectation(contract: Contract, case: Case, second: Contract | None = None) -> Expectation:
    """What the server ought to do with *case*, by both documents and by HTTP.

    *second* is the overlaid document where the published one is being tested: what the two do
    not agree on may be taken or refused.
    """
    found = _expectation(contract, case)
    if second is None or found not in ("accepted", "refused"):
        return found
    request = readable(case.request)
    try:
        match = second.match(request.method, request.target)
    except (NoSuchPath, MethodNotAllowed):
        return "either"
    broken = validator.request_violations(match, request, hints=False)
    return found if bool(broken) == (found == "refused") else "either"


def _expectation(contract: Contract, case: Case) -> Expectation:
    try:
        match = contract.match(case.request.method, case.request.target)
    except NoSuchPath:
        return "no-path"
    except MethodNotAllowed:
        return "no-method"
    effective, published = case.intent, case.published_intent
    if effective == "invalid" and published != "either":
        if case.phase == "protocol" and check_security(match.operation, readable(case.request)):
            return "unauthorized"
        # whether the published document rejects it too decides how grave it is to take it
        return "refused"
    return "accepted" if effective == published == "valid" else "either"


def shown(settings: Settings) -> Mapping[str, object]:
    """The settings that a report may show: no token, no header values."""
    return {
        "token": settings.token is not None,
        "header": [name for name, _ in settings.fields],
        "set": dict(settings.overrides),
        "without": sorted(settings.without),
        "only": list(settings.only),
        "phases": list(settings.phases),
        "max_requests": settings.max_requests,
        "max_time": settings.max_seconds,
        "rate": settings.rate,
        "workers": settings.workers,
        "strict": settings.strict,
    }
