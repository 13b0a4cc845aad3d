"""Secrets out of everything that is told: one registry, applied once to each event.

What the user gave (a token, header fields, a password in the URL) is looked for everywhere, as it
is, percent-encoded, in Base64, or escaped.  What is secret by the name of its place (Authorization,
cookies, API keys) is taken out of that place, known or not.  Whatever is shown, kept or reported
comes from redacted events, so nothing later needs to know a secret.
"""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from troth.conformance.events import (
    Event,
    Exchanged,
    Finding,
    Finished,
    Found,
    Started,
    Taken,
)
from troth.conformance.settings import Settings
from troth.http import media_type
from troth.http.exchange import Exchange, Fields, Request, Response
from troth.openapi.operation import Match
from troth.violation import Violation

#: What stands in a secret's place.
MARK = "[Filtered]"

#: What stands for a wrong token that is made of the good one: how it is made, and how bash makes it
#: of a variable.  A finding about such a token is nothing with the good one in its place.
NEAR: Mapping[str, tuple[Callable[[str], str], str]] = {
    "[Filtered without its end]": (lambda token: token[:-1], "%?"),
    "[Filtered in another case]": (str.swapcase, "~~"),
}
#: What stands in the place of the second token, where a request has it as its credential.
SECOND = "[Filtered second token]"
MARKS = (MARK, *NEAR, SECOND)


def may_be_mark(text: str) -> bool:
    """Whether *text*, in lower case, may be found in a redacted text but not in the text itself."""
    return any(bracket in text for bracket in "[]") or any(text in mark.lower() for mark in MARKS)


def with_token(value: str, token: str) -> str:
    """*value* with *token*, or what is made of it, in the place of each mark."""
    for mark, (make, _) in NEAR.items():
        value = value.replace(mark, make(token))
    return value.replace(MARK, token)


# -- the shapes in which a secret travels -----------------------------------------------------

Spans = list[tuple[int, int]]

#: A shorter secret would be in every text: `a`.  It is still taken out of its own place.
_SHORTEST = 4
#: Words that are in every JSON text; nor are they looked for.
_WORDS = frozenset({"true", "false", "null"})
#: So much of the beginning of a long secret gives it away.
_PREFIX = 8


def _shapes(secret: str) -> frozenset[str]:
    """Every text that gives *secret* away."""
    if len(secret) < _SHORTEST or secret in _WORDS:
        # where a credential stands is clear even of a short one; see `_alone`, too
        return frozenset({f"Bearer {secret}", f"Bearer%20{secret}"} if secret else ())
    # a server may repeat the wrong tokens that a run sends, too
    texts = {secret, secret.strip(), *(make(secret) for make, _ in NEAR.values())}
    if not secret.isascii():
        # header fields are read as Latin-1 whatever they were written in (RFC 9110 §5.5)
        texts.add(_bytes(secret).decode("latin-1"))
    shapes = {shape for text in texts for shape in _escaped(text)}
    shapes |= {encode(_bytes(secret)).decode() for encode in (b64encode, urlsafe_b64encode)}
    shapes |= {shape.rstrip("=") for shape in shapes}
    return frozenset(shape for shape in shapes if len(shape) >= _SHORTEST)


def _escaped(text: str) -> Iterator[str]:
    yield text
    data = _bytes(text)
    for safe in ("", "/", "/:@", "!'()*~"):  # the last: JavaScript's encodeURIComponent
        yield quote(data, safe=safe)
    yield quote_plus(data)
    yield re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), quote(data, safe=""))
    for in_json in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
        yield in_json
        yield in_json.replace("/", "\\/")
        # JSON inside a JSON string, as servers log what they were sent
        yield json.dumps(in_json)[1:-1]
    yield html.escape(text)
    yield repr(text)[1:-1]


def _alone(secret: str) -> re.Pattern[bytes]:
    """Where a short *secret* is a text by itself, or a value of a form."""
    each = re.escape(_bytes(secret))
    return re.compile(
        # in JSON, and in JSON in a text of JSON, but no name; in a message; in a form
        rb'(?<=")%b(?=\\?"(?!\s*:))|(?<=\')%b(?=\')|(?<==)%b(?=[&#\s]|$)' % (each, each, each)
    )


def _found(value: bytes, needles: Iterable[bytes]) -> Spans:
    """Where any of *needles* stands in *value*."""
    spans: Spans = []
    for needle in needles:
        at = value.find(needle)
        while at >= 0:
            spans.append((at, at + len(needle)))
            at = value.find(needle, at + 1)
    return spans


def _cut_short(value: bytes, secrets: Iterable[bytes]) -> Spans:
    """Where half of a secret or more stands, without its end: in a message that was cut."""
    spans: Spans = []
    for secret in secrets:
        half = len(secret) // 2
        at = value.find(secret[:half]) if half >= _PREFIX else -1
        while at >= 0:
            end = at + half
            while end < len(value) and end - at < len(secret) and value[end] == secret[end - at]:
                end += 1
            spans.append((at, end))
            at = value.find(secret[:half], end)
    return spans


#: An event that is longer is not the piece of a text.
_LONGEST_EVENT = 1024
#: A member of an object in JSON and its value, a text.
_MEMBER_TEXT = re.compile(rb'"((?:[^"\\]|\\.)*)"\s*:\s*"((?:[^"\\]|\\.)*)"')


def _scattered(value: bytes, needles: Sequence[bytes]) -> Spans:
    """Where the parts of a needle stand in the events of a stream, whose texts are its pieces."""
    texts: dict[tuple[bytes, ...], Spans] = {}
    at = 0
    for line in value.splitlines(keepends=True):
        for match in _MEMBER_TEXT.finditer(line) if b'"' in line else ():
            low, high = match.span(2)
            texts.setdefault((match[1],), []).append((at + low, at + high))
            if len(line) <= _LONGEST_EVENT:
                # two that come in turns, as the choices of a chat do, are told apart by the rest
                around = (line[:low] + line[high:]).rstrip()
                texts.setdefault((match[1], around), []).append((at + low, at + high))
        at += len(line)
    return [span for parts in texts.values() for span in _in_parts(value, parts, needles)]


def _in_parts(value: bytes, parts: Spans, needles: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Where needles stand in what *parts* of *value* are together, part by part."""
    found = _found(b"".join(value[low:high] for low, high in parts), needles)
    if not found:
        return
    ends = list(accumulate(high - low for low, high in parts))
    for start, end in found:
        index = bisect_right(ends, start)
        while index < len(parts):
            low, high = parts[index]
            first = ends[index] - (high - low)
            if first >= end:
                break
            if low < high:
                yield low + max(start - first, 0), low + min(end, ends[index]) - first
            index += 1


def _merged(spans: Spans) -> Spans:
    """*spans* in order, those that overlap as one."""
    whole: Spans = []
    for start, end in sorted(spans):
        if whole and start < whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((start, end))
    return whole


# -- the places that hold secrets, by their names ---------------------------------------------

#: Credentials that troth makes up to be refused, or where nobody gave one: they open nothing,
#: and a finding about them must show them.
_MADE_UP = frozenset(
    {
        "TROTH_TOKEN",
        "troth-placeholder-token",
        "not-the-token-0000",
        "not-the-key-0000",
        "dHJvdGg6dHJvdGg=",
        "a b,c",
        "a" * 4096,
    }
)


def _is_made_up(credential: str) -> bool:
    """Whether *credential* is one that troth makes up to be refused."""
    return credential in _MADE_UP or (bool(credential) and not credential.strip("x"))


_SECRET_NAME = (
    r"(?:[\w.-]*[-_.])?(?:api[-_]?key|access[-_]?key|auth[-_]?key|subscription[-_]?key|"
    r"private[-_]?key|secret[-_]?key|secret|client[-_]?secret|password|passwd|"
    r"(?:access|auth|api|id|refresh|session|security|csrf|xsrf|bearer)[-_]?token|"
    r"signature)|[\w.-]*(?:password|passphrase)|token|x[-_]auth"
)
_SECRET = re.compile(_SECRET_NAME, re.IGNORECASE)
_IN_QUERY = re.compile(rf"([?&](?:{_SECRET_NAME})=)([^&#\s\"'<>]+)", re.IGNORECASE)
# bounded, since a long text may begin anew after each of its dots
_USERINFO = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]{0,40}://)[^/?#\s@\"'<>]+@")
# a member that can only be a credential; `token` alone may be a word of a language model, and is
# one that can be guessed unless it is long and has a digit
_JSON_MEMBER = re.compile(
    rb'"(?:(?:[\w-]*[-_])?(?:api_?key|client_?secret|passwd|authorization|secret_?key|private_?key|'
    rb"(?:access|auth|id|refresh|session|security|csrf|xsrf|bearer)[-_]?token)|"
    rb'[\w-]*(?:password|passphrase))"\s*:\s*\[?\s*'
    rb'"((?:[^"\\]|\\.)+)"|"token"\s*:\s*"((?=[^"]*[0-9])[\w.~+/=-]{16,})"',
    re.IGNORECASE,
)
_IN_FORM = re.compile(rf"(?:^|&)(?:{_SECRET_NAME})=([^&\s\"'<>]+)".encode(), re.IGNORECASE)
_PART = re.compile(
    rf'\bname="?(?:{_SECRET_NAME})"?\r\n(?:[^\r\n]+\r\n){{0,5}}\r\n([^\r\n]+)'.encode(),
    re.IGNORECASE,
)
_USERINFO_SENT = re.compile(rb"://([^/?#\s@\"'<>]+)@")
_SCHEMES = re.compile(
    r"(?:bearer|basic|digest|negotiate|ntlm|hoba|mutual|vapid|dpop|scram-[\w-]+|apikey|token|key)",
    re.IGNORECASE,
)
#: Header fields that a user may give and that hold nothing to hide.
_HARMLESS = re.compile(
    r"accept(-charset|-encoding|-language)?|cache-control|connection|content-(type|encoding)|"
    r"expect|from|host|if-match|if-none-match|origin|pragma|prefer|range|te|user-agent|via",
    re.IGNORECASE,
)
#: What an answer's own cookie or key must have to be looked for in the rest of that answer.
_LEARNED = 8

_Kind = Literal["credential", "cookie", "set-cookie", "secret", "plain"]


@lru_cache(maxsize=1024)
def _kind_of(name: str) -> _Kind:
    """What the header field *name* holds."""
    lower = name.lower()
    if lower in ("authorization", "proxy-authorization"):
        return "credential"
    if lower in ("cookie", "set-cookie"):
        return "cookie" if lower == "cookie" else "set-cookie"
    return "secret" if _SECRET.fullmatch(lower) else "plain"


def _cookies(value: str) -> str:
    """A Cookie field's value with the names of its cookies only (RFC 6265 §4.2.1)."""
    parts = []
    for part in value.split(";"):
        name, equals, content = part.partition("=")
        parts.append(name + equals + (MARK if content.strip() else content) if equals else MARK)
    return ";".join(parts)


def _query(value: str) -> str:
    """*value* without what stands in the query parameters of a URL that are secret by name."""
    if "=" not in value or ("?" not in value and "&" not in value):
        return value
    return _IN_QUERY.sub(
        lambda match: match[0] if unquote(match[2]) in _MADE_UP else match[1] + MARK, value
    )


def _url_secrets(url: str) -> Iterator[str]:
    """The secrets in a URL that the user gave: its password, and keys in its query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return  # whoever opens it will say so
    userinfo = parts.netloc.rpartition("@")[0]
    if userinfo:
        user, _, password = userinfo.partition(":")
        yield from (unquote(password), unquote(userinfo)) if password else (unquote(user),)
    for name, value in parse_qsl(parts.query):
        if _SECRET.fullmatch(name) or name.lower() in ("key", "sig", "code"):
            yield value


def _field_secrets(name: str, value: str) -> Iterator[str]:
    """The secrets in a header field that the user gave."""
    kind = _kind_of(name)
    if kind == "credential":
        yield value
        yield value.partition(" ")[2].strip()
    elif kind in ("cookie", "set-cookie"):
        for part in value.split(";"):
            yield part.partition("=")[2].strip()
    elif kind == "secret" or len(value) >= _LEARNED:
        # a short value of a field like any other (`X-Debug: true`) is in every answer
        yield value


def request_secrets(request: Request) -> Iterator[str]:
    """The secrets in those header fields of *request* that are secret by their names."""
    for name, value in request.fields:
        if _kind_of(name) != "plain":
            yield from _field_secrets(name, value)


def key_secrets(match: Match, request: Request) -> Iterator[str]:
    """The keys that *request* has where the operation of *match* declares that keys are."""
    query = dict(parse_qsl(match.query, keep_blank_values=True))
    for scheme in (scheme for schemes in match.operation.security for scheme in schemes):
        if scheme.location == "header":
            yield request.field(scheme.parameter) or ""
        elif scheme.location == "query":
            yield query.get(scheme.parameter, "")


def _credentials(body: bytes) -> Spans:
    """Where *body* has credentials, by the names of members, form fields or parts."""
    return [
        match.span(match.lastindex or 0)
        for each in (_JSON_MEMBER, _IN_FORM, _PART, _USERINFO_SENT)
        for match in each.finditer(body)
    ]


def sent_secrets(request: Request) -> Iterator[str]:
    """The secrets that a client sent in *request*, by the names of the places in which they stand.

    Not the short ones of a body: they are in every text.
    """
    yield from request_secrets(request)
    for match in _IN_QUERY.finditer(request.target):
        yield unquote(match[2])
    for start, end in _credentials(request.body):
        value = request.body[start:end].decode("utf-8", "replace")
        if len(value) >= _LEARNED and not _SECRET.fullmatch(value):
            yield value
        else:
            # as messages write it
            yield f"'{value}'"


# -- the registry -----------------------------------------------------------------------------


class Redactor:
    """Knows the secrets of a run, and takes them out of what is told.

    *fields* are names of header fields whose whole value is secret, *own* those of them that are
    parameters, with the user's value: any other that stands there troth made up.  *second* is the
    one of the *secrets* that is another user's credential.  Where requests are *of_clients*, not
    troth's own, credentials are taken out of their bodies, too, and out of texts.
    """

    def __init__(
        self,
        secrets: Iterable[str] = (),
        *,
        fields: Iterable[str] = (),
        second: str | None = None,
        own: Mapping[str, str] | None = None,
        of_clients: bool = False,
    ) -> None:
        self._of_clients = of_clients
        self._secrets: tuple[str, ...] = ()
        self._own = own or {}
        self._fields = frozenset(name.lower() for name in fields)
        self._second = second
        self._needles: tuple[bytes, ...] = ()
        self._whole: tuple[bytes, ...] = ()
        self._short: tuple[re.Pattern[bytes], ...] = ()
        self._learn(secrets)

    def learn(self, secret: str) -> None:
        """Take *secret* out of everything that is told from now on."""
        self._learn((secret,))

    def _learn(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(dict.fromkeys((*self._secrets, *filter(None, secrets))))
        shapes = {shape for each in self._secrets for shape in _shapes(each)}
        self._needles = tuple(map(_bytes, shapes))
        # half of a secret is looked for as well; parts of characters are not
        self._whole = tuple(_bytes(each) for each in self._secrets if each.isascii())
        self._short = tuple(_alone(each) for each in self._secrets if len(each) < _SHORTEST)

    @classmethod
    def of(cls, settings: Settings) -> Redactor:
        """The registry of everything secret that a user gave in *settings*."""
        secrets = [each for each in (settings.token, settings.second_token) if each]
        secrets += [settings.oauth.client_secret] if settings.oauth else []
        for given in settings.values.values():
            for (location, name), value in given.parameters.items():
                if location == "header" or _SECRET.fullmatch(name):
                    secrets += _field_secrets(name, str(value))
        secrets += _url_secrets(settings.url)
        hidden = []
        for name, value in settings.fields:
            if _HARMLESS.fullmatch(name):
                continue
            hidden.append(name)
            secrets += _field_secrets(name, value)
        declared = {
            name.lower()
            for given in settings.values.values()
            for location, name in given.parameters
            if location == "header"
        }
        own = {name.lower(): value for name, value in settings.fields if name.lower() in declared}
        return cls(secrets, fields=hidden, second=settings.second_token, own=own)

    # -- events -------------------------------------------------------------------------------

    def event(self, event: Event) -> Event:
        """*event* without secrets."""
        if isinstance(event, Exchanged):
            return replace(
                event,
                about=self.text(event.about),
                exchange=self.exchange(event.exchange),
                violations=tuple(map(self._violation, event.violations)),
            )
        if isinstance(event, Found):
            return Found(self.finding(event.finding))
        if isinstance(event, Finished):
            impossible = self.value(event.impossible)
            return replace(event, reason=self.text(event.reason), impossible=impossible)
        if isinstance(event, Started):
            return replace(
                event,
                target=self.text(event.target),
                document=self.text(event.document),
                settings=self.value(event.settings),
                document_faults=tuple(map(self.text, event.document_faults)),
                excluded=self.value(event.excluded),
            )
        return event

    def finding(self, finding: Finding) -> Finding:
        """*finding* without secrets."""
        return replace(
            finding,
            about=self.text(finding.about),
            violation=self._violation(finding.violation),
            example=self.exchange(finding.example),
            steps=tuple(
                replace(one, exchange=self.exchange(one.exchange), taken=self._taken(one.taken))
                for one in finding.steps
            ),
            taken=self._taken(finding.taken),
            citation=finding.citation
            and replace(finding.citation, lines=tuple(map(self.text, finding.citation.lines))),
        )

    def _taken(self, taken: tuple[Taken, ...]) -> tuple[Taken, ...]:
        return tuple(replace(one, text=self.text(one.text)) for one in taken)

    def exchange(self, exchange: Exchange) -> Exchange:
        """*exchange* without secrets; bodies keep their bytes but for those."""
        learned: list[str] = []
        request = self._request(exchange.request, learned)
        response = exchange.response
        if response is not None:
            fields = self._headers(response.fields, learned)
            response = self._response(replace(response, fields=fields), learned)
        detail = self.text(exchange.fault_detail)
        return replace(exchange, request=request, response=response, fault_detail=detail)

    def _violation(self, violation: Violation) -> Violation:
        return replace(
            violation,
            message=self.text(violation.message),
            instance_pointer=self.text(violation.instance_pointer),
            content_type=violation.content_type and self.text(violation.content_type),
        )

    def value(self, value: Any, name: str = "") -> Any:
        """*value*, JSON that stands in a member called *name*, without secrets."""
        if isinstance(value, str):
            return MARK if value and _SECRET.fullmatch(name) else self.text(value)
        if isinstance(value, Mapping):
            return {
                self.text(key): self.value(item, key.rpartition("/")[2])
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return type(value)(self.value(item, name) for item in value)
        return value

    # -- texts --------------------------------------------------------------------------------

    def text(self, value: str) -> str:
        """*value* without secrets, and without the passwords and keys of URLs."""
        if not value:
            return value
        if self._needles or self._of_clients:
            value = _text(self._sent(_bytes(value)))
        if "://" in value and "@" in value:
            value = _USERINFO.sub(rf"\g<1>{MARK}@", value)
        return _query(value)

    def events(self, values: Sequence[str]) -> list[str]:
        """*values*, the events of a stream, without secrets, though one be spread over several."""
        data = [_bytes(value) for value in values]
        whole = b"\n\n".join(data)
        spans = _scattered(whole, self._needles)
        told, start = [], 0
        for value in data:
            end = start + len(value)
            told.append(self.text(_text(_filtered(whole, spans, start=start, end=end))))
            start = end + len(b"\n\n")
        return told

    def data(self, value: bytes) -> bytes:
        """*value* without secrets."""
        spans = self._spans(value)
        return _filtered(value, spans) if spans else value

    def _sent(self, value: bytes) -> bytes:
        """*value*, of a request or about one, without secrets."""
        spans = self._spans(value)
        if self._of_clients:
            spans += _credentials(value)
        return _filtered(value, spans) if spans else value

    def _spans(self, value: bytes) -> Spans:
        alone = (match.span() for each in self._short for match in each.finditer(value))
        return [*_found(value, self._needles), *_cut_short(value, self._whole), *alone]

    # -- the parts of an exchange ---------------------------------------------------------------

    def _request(self, request: Request, learned: list[str]) -> Request:
        return replace(
            request,
            target=self.text(request.target),
            fields=self._headers(request.fields, learned),
            body=self._sent(request.body),
        )

    def _headers(self, fields: Fields, learned: list[str]) -> Fields:
        return tuple((name, self._field(name, value, learned)) for name, value in fields)

    def _field(self, name: str, value: str, learned: list[str]) -> str:
        kind = _kind_of(name)
        if kind == "credential":
            return self._credential(value, learned)
        if name.lower() in self._fields:
            kind = "secret"
        if value != self._own.get(name.lower(), value) and not _SECRET.fullmatch(name):
            return self.text(value)
        if kind == "cookie":
            return _cookies(value)
        if kind == "set-cookie":
            pair, mark, rest = value.partition(";")
            cookie = pair.partition("=")[2].strip()
            learned += [cookie] if len(cookie) >= _LEARNED else []
            return _cookies(pair) + mark + self.text(rest)
        if kind == "secret":
            if not value or value in MARKS:
                return value
            if value not in self._secrets and _is_made_up(value):
                return value
            if near := self._near(value):
                return near
            if value == self._second:
                return SECOND
            learned += [value] if len(value) >= _LEARNED else []
            return MARK
        return self.text(value)

    def _credential(self, value: str, learned: list[str]) -> str:
        for secret in self._secrets:
            scheme = value.removesuffix(secret)
            # a short secret is only taken for one where a credential stands, not inside a word
            if scheme != value and (
                not scheme or scheme.endswith(" ") or _SCHEMES.fullmatch(scheme)
            ):
                said, space, _ = value.partition(" ")
                if self._of_clients and not scheme and space and _SCHEMES.fullmatch(said):
                    # the whole field is known, and only a part of it is secret
                    scheme = said + space
                return scheme + (SECOND if secret == self._second else MARK)
        before, space, last = value.rpartition(" ")
        if near := self._near(last):
            return before + space + near
        if value.endswith((*NEAR, SECOND)):
            return value
        known = _text(self.data(_bytes(value)))
        if MARK in known or value in _MADE_UP:
            return known
        scheme, space, credential = known.partition(" ")
        if not space:
            return known if not known or _SCHEMES.fullmatch(known) else MARK
        if not credential.strip() or _is_made_up(credential):
            return known
        learned += [credential] if len(credential) >= _LEARNED else []
        return f"{scheme} {MARK}"

    def _near(self, credential: str) -> str | None:
        """The mark of a wrong *credential* that is made of a secret: what is wrong with it."""
        for secret in self._secrets:
            for mark, (make, _) in NEAR.items():
                if len(secret) >= _SHORTEST and credential == make(secret) != secret:
                    return mark
        return None

    def _response(self, response: Response, learned: list[str]) -> Response:
        body = response.body
        spans = self._spans(body) + _found(body, map(_bytes, learned))
        if self._of_clients:
            spans += _credentials(body)
        spans += [match.span(match.lastindex or 0) for match in _JSON_MEMBER.finditer(body)]
        kind = response.field("Content-Type") or ""
        if self._needles and b"\n" in body and not media_type.is_json(kind):
            spans += _scattered(body, self._needles)
        if not spans:
            return response
        return replace(
            response,
            body=_filtered(body, spans),
            arrivals=tuple(_arrivals(response.arrivals, body, spans)),
        )


def _arrivals(
    arrivals: tuple[tuple[float, bytes], ...], body: bytes, spans: Spans
) -> Iterator[tuple[float, bytes]]:
    """The pieces of a body without the secrets in it, which may lie across several of them."""
    if b"".join(piece for _, piece in arrivals) != body:
        return
    offset = 0
    for seconds, piece in arrivals:
        end = offset + len(piece)
        yield seconds, _filtered(body, spans, start=offset, end=end)
        offset = end


def _filtered(value: bytes, spans: Spans, *, start: int = 0, end: int | None = None) -> bytes:
    """The part of *value* from *start* to *end* with a mark where each span begins."""
    end = len(value) if end is None else end
    parts: list[bytes] = []
    at = start
    for low, high in _merged(spans):
        if high <= start or low >= end:
            continue
        parts.append(value[at : max(low, at)])
        if low >= start:
            parts.append(MARK.encode())
        at = min(max(high, at), end)
    parts.append(value[at:end])
    return b"".join(parts)


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogatepass")
