"""Secrets out of everything that is told: one registry, applied once to each event.

What the user gave (a token, header fields, a password in the URL) is looked for everywhere, in
every shape that a server could give it back in.  What is secret by the name of its place
(Authorization, cookies, API keys) is taken out of that place, known or not.  Whatever is shown,
kept or reported comes from redacted events, so nothing later needs to know a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from troth.conformance.events import Event, Exchanged, Finding, Finished, Found, Started
from troth.conformance.secret_places import (
    IN_JSON,
    LEARNED,
    MADE_UP,
    MARK,
    MARKS,
    NAME,
    NEAR,
    PLAIN,
    SCHEMES,
    USERINFO,
    Kind,
    cookies,
    is_made_up,
    kind_of,
    of_field,
    of_url,
    query,
)
from troth.conformance.secrets import (
    SHORTEST,
    Spans,
    found,
    found_cut,
    found_in_pieces,
    merged,
    needles,
)
from troth.conformance.settings import Settings
from troth.http.exchange import Exchange, Fields, Request, Response
from troth.violation import Violation

__all__ = ["MADE_UP", "MARK", "Redactor"]

_MARK = MARK.encode()


class Redactor:
    """Knows the secrets of a run, and takes them out of what is told.

    *fields* are names of header fields whose whole value is secret.
    """

    def __init__(self, secrets: Iterable[str] = (), *, fields: Iterable[str] = ()) -> None:
        self._secrets = tuple(dict.fromkeys(secret for secret in secrets if secret))
        self._fields = frozenset(name.lower() for name in fields)
        forms = {form for secret in self._secrets for form in needles(secret)}
        self._needles = tuple(sorted(map(_bytes, forms), key=lambda form: (-len(form), form)))
        # a part of a secret is looked for as well; parts of characters are not
        self._whole = tuple(_bytes(secret) for secret in self._secrets if secret.isascii())

    @classmethod
    def of(cls, settings: Settings) -> Redactor:
        """The registry of everything secret that a user said in *settings*."""
        secrets = [settings.token] if settings.token else []
        secrets += [word for word in of_url(settings.url)]
        hidden = []
        for name, value in settings.fields:
            if name.lower() in PLAIN:
                continue
            hidden.append(name)
            secrets += of_field(name, value)
        return cls(secrets, fields=hidden)

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
            return replace(event, reason=self.text(event.reason))
        if isinstance(event, Started):
            return replace(
                event,
                target=self.text(event.target),
                document=self.text(event.document),
                settings=self._value(event.settings),
                document_faults=tuple(map(self.text, event.document_faults)),
            )
        return event

    def finding(self, finding: Finding) -> Finding:
        """*finding* without secrets."""
        return replace(
            finding,
            about=self.text(finding.about),
            violation=self._violation(finding.violation),
            example=self.exchange(finding.example),
        )

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

    def _value(self, value: Any, name: str = "") -> Any:
        if isinstance(value, str):
            return MARK if value and NAME.fullmatch(name) else self.text(value)
        if isinstance(value, Mapping):
            return {
                self.text(key): self._value(item, key.rpartition("/")[2])
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return type(value)(self._value(item, name) for item in value)
        return value

    # -- texts --------------------------------------------------------------------------------

    def text(self, value: str) -> str:
        """*value* without secrets, and without the passwords and keys of URLs."""
        if not value:
            return value
        if self._needles:
            value = _text(self.data(_bytes(value)))
        if "://" in value and "@" in value:
            value = USERINFO.sub(rf"\g<1>{MARK}@", value)
        return query(value)

    def data(self, value: bytes) -> bytes:
        """*value* without secrets."""
        spans = self._spans(value)
        return _filtered(value, spans) if spans else value

    def _spans(self, value: bytes) -> Spans:
        return found(value, self._needles) + found_cut(value, self._whole)

    # -- the parts of an exchange ---------------------------------------------------------------

    def _request(self, request: Request, learned: list[str]) -> Request:
        return replace(
            request,
            target=self.text(request.target),
            fields=self._headers(request.fields, learned),
            body=self.data(request.body),
        )

    def _headers(self, fields: Fields, learned: list[str]) -> Fields:
        return tuple((name, self._field(name, value, learned)) for name, value in fields)

    def _field(self, name: str, value: str, learned: list[str]) -> str:
        kind: Kind = "secret" if name.lower() in self._fields else kind_of(name)
        if kind == "credential" or (kind == "secret" and kind_of(name) == "credential"):
            return self._credential(value, learned)
        if kind == "cookie":
            return cookies(value)
        if kind == "set-cookie":
            pair, mark, rest = value.partition(";")
            cookie = pair.partition("=")[2].strip()
            learned += [cookie] if len(cookie) >= LEARNED else []
            return cookies(pair) + mark + self.text(rest)
        if kind == "secret":
            if not value or value in MARKS:
                return value
            if value not in self._secrets and is_made_up(value):
                return value
            if near := self._near(value):
                return near
            learned += [value] if len(value) >= LEARNED else []
            return MARK
        return self.text(value)

    def _credential(self, value: str, learned: list[str]) -> str:
        for secret in self._secrets:
            scheme = value.removesuffix(secret)
            # a short secret is only taken for one where a credential stands, not inside a word
            if scheme != value and (
                not scheme or scheme.endswith(" ") or SCHEMES.fullmatch(scheme)
            ):
                return scheme + MARK
        before, space, last = value.rpartition(" ")
        if near := self._near(last):
            return before + space + near
        if value.endswith(tuple(NEAR)):
            return value
        known = _text(self.data(_bytes(value)))
        if MARK in known or value in MADE_UP:
            return known
        scheme, space, credential = known.partition(" ")
        if not space:
            return known if not known or SCHEMES.fullmatch(known) else MARK
        if not credential.strip() or is_made_up(credential):
            return known
        learned += [credential] if len(credential) >= LEARNED else []
        return f"{scheme} {MARK}"

    def _near(self, credential: str) -> str | None:
        """The mark of a wrong *credential* that is made of a secret: what is wrong with it."""
        for secret in self._secrets:
            for mark, (made, _) in NEAR.items():
                if len(secret) >= SHORTEST and credential == made(secret) != secret:
                    return mark
        return None

    def _response(self, response: Response, learned: list[str]) -> Response:
        body = response.body
        spans = self._spans(body) + found(body, map(_bytes, learned))
        spans += [match.span(1) for match in IN_JSON.finditer(body)]
        if self._needles and (response.content_type or "").startswith("text/event-stream"):
            spans += found_in_pieces(body, self._needles)
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
    for low, high in merged(spans):
        if high <= start or low >= end:
            continue
        parts.append(value[at : max(low, at)])
        if low >= start:
            parts.append(_MARK)
        at = min(max(high, at), end)
    parts.append(value[at:end])
    return b"".join(parts)


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogatepass")
