"""Errors that were asked for: in the document's form, with the fields that belong to them."""

from __future__ import annotations

from html import escape

from troth.http.exchange import Fields
from troth.openapi.operation import Operation, Parameter
from troth_mock.faults.fault import Effect
from troth_mock.faults.switches import Chosen
from troth_mock.reply import PHRASES, Reply
from troth_mock.responding.credentials import challenges
from troth_mock.responding.problems import Problem

#: The statuses with which a server says when to come again (RFC 9110 §10.2.3, RFC 6585 §4).
_COME_AGAIN = frozenset({429, 503})
_PATIENCE = 1
_WITHIN = 60
#: What tells of a limit where the document does not say which fields do.
_RATE_FIELDS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
#: Fields that RFC 9110 requires with a status (§15.5).
_REQUIRED: dict[int, Fields] = {
    405: (("Allow", ""),),
    407: (("Proxy-Authenticate", 'Basic realm="mock"'),),
    426: (("Upgrade", "HTTP/2.0"),),
}


def reply_of(chosen: Chosen, operation: Operation | None, *, accept: str | None = None) -> Reply:
    """What is answered before anything is done, by what was *chosen*."""
    effect = next((one for one in chosen.effects if one.kind == "status"), None)
    if effect is None:
        # nothing of it will be sent: the connection is refused
        return Reply(503, (), None)
    return refusal(effect, operation, text=chosen.fault.text, accept=accept)


def refusal(
    effect: Effect, operation: Operation | None, *, text: str, accept: str | None = None
) -> Reply:
    """The error that *effect* answers with instead of *operation*; *text* is what asked for it."""
    status = effect.status
    phrase = PHRASES.get(status, "Error")
    fields = _fields(effect, operation)
    if effect.form == "html":
        title = escape(f"{status} {phrase}")
        page = f"<head><title>{title}</title></head>\n<body><h1>{title}</h1></body>"
        body = f"<html>\n{page}\n</html>\n".encode()
        return Reply(status, (("Content-Type", "text/html"), *fields), body)
    if effect.form == "text":
        return Reply(
            status,
            (("Content-Type", "text/plain; charset=utf-8"), *fields),
            f"{status} {phrase}\n".encode(),
        )
    if effect.form == "nothing":
        return Reply(status, fields, None)
    problem = Problem(status, f"{phrase}: asked for by the fault {text!r}", fields=fields)
    return problem.reply(operation, accept=accept)


def error_text(status: int, operation: Operation | None) -> bytes:
    """The JSON that tells of an error in a stream that has begun, in one line."""
    problem = Problem(status, f"{PHRASES.get(status, 'Error')}: the stream ends here")
    reply = problem.reply(operation, accept="application/json")
    is_json = any(name == "Content-Type" and "json" in value for name, value in reply.fields)
    body = reply.body if is_json and reply.body else problem.reply().body or b""
    return b" ".join(body.splitlines())


def _fields(effect: Effect, operation: Operation | None) -> Fields:
    status, seconds = effect.status, effect.seconds
    fields: list[tuple[str, str]] = list(_REQUIRED.get(status, ()))
    if status == 401:
        security = operation.security if operation is not None else ()
        found = dict.fromkeys(challenges(security, is_sent=True)) or {'Bearer realm="mock"': None}
        fields += [("WWW-Authenticate", each) for each in found]
    wait = _PATIENCE if seconds is None else int(seconds)
    if (seconds is not None and seconds >= 0) or (seconds is None and status in _COME_AGAIN):
        fields.append(("Retry-After", str(wait)))
    if status == 429:
        fields += _rate_fields(operation, max(0, wait))
    return tuple(fields)


def _rate_fields(operation: Operation | None, wait: int) -> Fields:
    """The fields that tell of a limit that is used up: the document's, or those of the draft."""
    declared: dict[str, Parameter] = {}
    if operation is not None:
        own = operation.response(429)
        responses = operation.responses if own is None else (own, *operation.responses)
        declared = {
            header.name.lower(): header
            for response in reversed(responses)
            for header in response.headers
            if "ratelimit" in _folded(header.name)
        }
    if not declared:
        return tuple((name, _rate_texts(name, wait)[0]) for name in _RATE_FIELDS)
    return tuple((header.name, _rate_text(header, wait)) for header in declared.values())


def _rate_text(header: Parameter, wait: int) -> str:
    from troth.validation.parameters import is_field  # slow to load, and few answers have fields

    texts = _rate_texts(header.name, wait)
    return next((text for text in texts if is_field(header, text)), texts[0])


def _rate_texts(name: str, wait: int) -> tuple[str, ...]:
    """What a field called *name* may say of a limit that is used up, best first."""
    folded = _folded(name)
    if "remaining" in folded:
        return ("0",)
    if "reset" in folded:
        return (str(wait), f"{wait}s")
    if "policy" in folded:
        return (f'"default";q={_WITHIN};w={_WITHIN}', str(_WITHIN))
    if folded.endswith("ratelimit"):
        return (f'"default";r=0;t={wait}', str(_WITHIN))
    return (str(_WITHIN), f"{_WITHIN}s")


def _folded(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
