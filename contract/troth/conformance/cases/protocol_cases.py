"""The phase `protocol`: credentials, methods, paths, content types, broken JSON, Accept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from troth.conformance.cases.case import Case, Intent, Subject, slug
from troth.errors import MethodNotAllowed, NoSuchPath
from troth.generation.request_writer import CREDENTIAL, credentials, without_credential
from troth.http import content_coding, json_text, media_type
from troth.http.exchange import Request, without
from troth.openapi.operation import Operation
from troth.validation.security import http_scheme

_DEEP = 100_000
_FORM = "application/x-www-form-urlencoded"
_METHODS = ("GET", "PUT", "DELETE", "PATCH", "POST", "HEAD", "TRACE")


def protocol_cases(subject: Subject) -> Iterator[Case]:
    """The cases of one operation; the credential is tried again at the end."""
    valid = smallest_case(subject)
    yield valid
    yield from without_credentials(subject)
    yield from _credentials(subject, valid)
    yield from _methods(subject, valid)
    if valid.request.body:
        yield from _content_types(valid)
        is_coded = content_coding.coding(valid.request.fields) != ""
        if media_type.is_json(valid.request.content_type or "") and not is_coded:
            body = subject.operation.request_body
            yield from _texts(valid, is_optional=body is not None and not body.required)
    yield from _accepts(subject, valid)
    if any(scheme for alternative in subject.operation.security for scheme in alternative):
        about = "no credential, after a success"
        bare = without_credential(valid.request)
        yield valid.changed("no-credential-again", bare, "invalid", about)


def smallest_case(subject: Subject) -> Case:
    """The smallest valid request, of which the others are made."""
    return subject.case("protocol", "valid", subject.minimal, about="the smallest valid request")


def without_credentials(subject: Subject) -> Iterator[Case]:
    """The requests without any credential, where one is asked for."""
    if not asks_for_credentials(subject.operation):
        return
    valid = smallest_case(subject)
    bare = without_credential(valid.request)
    yield valid.changed("no-credential", bare, "invalid", "no credential")
    if subject.streamed is not None:
        # a stream often goes a way of its own through a server
        request = subject.request(subject.streamed)
        streamed = replace(valid, value=subject.streamed, request=request)
        bare, about = without_credential(request), "no credential, for a stream"
        yield streamed.changed("no-credential-streamed", bare, "invalid", about)


def asks_for_credentials(operation: Operation) -> bool:
    """Whether an anonymous request is none that *operation* takes."""
    alternatives = operation.security
    return bool(alternatives) and all(alternatives)


def unknown_paths(subject: Subject) -> Iterator[Case]:
    """Requests to paths that the document does not have."""
    base = subject.request(subject.minimal)
    path = base.target.partition("?")[0].rstrip("/")
    for name, target in (
        ("unknown-path", f"{path}/no-such-thing"),
        ("unknown-root", "/no/such/path"),
    ):
        try:
            subject.contract.match(base.method, target)
        except NoSuchPath:
            yield Case(
                id=f"protocol/{name}",
                phase="protocol",
                operation="",
                request=replace(base, target=target),
                intent="invalid",
                published_intent="invalid",
                about=f"a path that the document does not have: {target}",
            )
        except MethodNotAllowed:
            continue


def _with(request: Request, name: str, value: str | None) -> Request:
    """*request* with the field *name* replaced, or taken away."""
    if value is not None:
        return request.having((name, value))
    return replace(request, fields=without(request.fields, {name.lower()}))


def _credentials(subject: Subject, valid: Case) -> Iterator[Case]:
    if not asks_for_credentials(subject.operation):
        return  # anonymous requests are fine
    scheme = credentials(subject.operation)[0]
    if http_scheme(scheme) == "bearer":
        yield from _bearer(valid)
    elif scheme.kind == "apiKey":
        yield from _api_key(valid)


def _bearer(valid: Case) -> Iterator[Case]:
    entries: tuple[tuple[str, str, Intent, str], ...] = (
        ("empty-token", "Bearer ", "invalid", "an empty token"),
        ("scheme-alone", "Bearer", "invalid", "the scheme without a token"),
        ("wrong-scheme", "Basic dHJvdGg6dHJvdGg=", "invalid", "another scheme"),
        ("unknown-scheme", f"Troth {CREDENTIAL}", "invalid", "a scheme that nobody knows"),
        ("token-without-scheme", CREDENTIAL, "invalid", "the token without its scheme"),
        ("scheme-run-together", f"Bearer{CREDENTIAL}", "invalid", "no space after the scheme"),
        # RFC 6750 §2.1: a token is token68; a comma or a space inside it is malformed.
        ("malformed-token", "Bearer a b,c", "invalid", "a malformed token"),
        ("wrong-token", "Bearer not-the-token-0000", "either", "a wrong token"),
        # RFC 9110 §11.1: the scheme is case-insensitive.
        ("scheme-in-lower-case", f"bearer {CREDENTIAL}", "valid", "the scheme in lower case"),
        ("scheme-in-upper-case", f"BEARER {CREDENTIAL}", "valid", "the scheme in upper case"),
        ("long-token", "Bearer " + "a" * 4096, "either", "a token of 4096 characters"),
    )
    for name, value, intent, about in entries:
        yield valid.changed(name, _with(valid.request, "Authorization", value), intent, about)


def _api_key(valid: Case) -> Iterator[Case]:
    entries: tuple[tuple[str, str, Intent, str], ...] = (
        ("empty-key", "", "invalid", "an empty key"),
        ("wrong-key", "not-the-key-0000", "either", "a wrong key"),
    )
    for name, value, intent, about in entries:
        fields = tuple((key, item.replace(CREDENTIAL, value)) for key, item in valid.request.fields)
        target = valid.request.target.replace(CREDENTIAL, value)
        request = replace(valid.request, fields=fields, target=target)
        yield valid.changed(name, request, intent, about)


#: Methods that are sent with the body of the one that is declared: some routers take one for it.
_SENDING = frozenset({"POST", "PUT", "PATCH"})


def _methods(subject: Subject, valid: Case) -> Iterator[Case]:
    for method in _METHODS:
        try:
            subject.contract.match(method, valid.request.target)
        except MethodNotAllowed:
            request = replace(valid.request, method=method)
            if method not in _SENDING:
                request = replace(_with(request, "Content-Type", None), body=b"")
            if method == "TRACE":  # RFC 9110 §9.3.8: it sends back whatever it is sent
                request = without_credential(request)
            about = f"{method}, which the document does not declare here"
            yield valid.changed(f"method-{method.lower()}", request, "invalid", about)
        except NoSuchPath:
            return


def _content_types(valid: Case) -> Iterator[Case]:
    entries: list[tuple[str, str | None, Intent, str]] = [
        ("content-type-missing", None, "either", "no Content-Type"),
        ("content-type-empty", "", "either", "an empty Content-Type"),
        ("content-type-malformed", "json", "invalid", "a Content-Type that is none"),
        ("content-type-text", "text/plain", "invalid", "text/plain"),
        ("content-type-xml", "application/xml", "invalid", "application/xml"),
        ("content-type-form", _FORM, "invalid", _FORM),
    ]
    own = valid.request.content_type or ""
    if media_type.is_json(own):
        # RFC 9110 §8.3.1: type and subtype are case-insensitive.  RFC 8259 §11: charset says
        # nothing.
        plain = media_type.essence(own)
        entries += [
            ("content-type-charset", f"{plain}; charset=utf-8", "valid", "with charset=utf-8"),
            ("content-type-quoted-charset", f'{plain};charset="UTF-8"', "valid", "quoted charset"),
            ("content-type-upper-case", plain.title(), "valid", "in another case"),
            ("content-type-bad-charset", f"{plain}; charset=zzz", "either", "charset=zzz"),
            ("content-type-parameter", f"{plain}; v=1", "either", "with a parameter"),
        ]
    for name, value, intent, about in entries:
        if intent == "invalid" and value and media_type.essence(value) == media_type.essence(own):
            intent = "valid"  # the very type that is sent
        request = _with(valid.request, "Content-Type", value)
        yield valid.changed(name, request, intent, f"Content-Type: {about}")
    request = _with(valid.request, "Content-Encoding", "zzz")
    about = "Content-Encoding: a coding that nobody knows"
    yield valid.changed("content-encoding-unknown", request, "either", about)


def _texts(valid: Case, *, is_optional: bool) -> Iterator[Case]:
    """JSON texts: what RFC 8259 refuses, and what it allows though it looks odd."""
    text, minimal = valid.request.body, valid.value
    more = text[:-1] + b"," * bool(minimal)  # a comma before the first member is a defect too
    refused: tuple[tuple[str, bytes, str], ...] = (
        ("json-empty", b"", "an empty body"),
        ("json-white-space", b" \n", "white space only"),
        ("json-open", b"{", "an object that is never closed"),
        ("json-truncated", text[: len(text) // 2], "half of a valid body"),
        ("json-last-byte-missing", text[:-1], "a valid body without its last byte"),
        ("json-trailing", text + b"x", "garbage after a valid body"),
        ("json-two", text + text, "two valid bodies"),
        ("json-trailing-comma", text[:-1] + b",}", "a trailing comma"),
        ("json-single-quotes", text.replace(b'"', b"'"), "single quotes"),
        ("json-comment", b"/* */" + text, "a comment"),
        ("json-nan", more + b'"x_extra":NaN}', "NaN"),
        ("json-infinity", more + b'"x_extra":-Infinity}', "-Infinity"),
        ("json-control", more + b'"x_extra":"a\nb"}', "a bare line feed in a string"),
        ("json-leading-zero", more + b'"x_extra":01}', "a number with a leading zero"),
        ("json-not-utf-8", more + b'"x_extra":"\xff\xfe"}', "bytes that are no UTF-8"),
        ("json-utf-16", text.decode().encode("utf-16"), "UTF-16"),
        ("json-deep", b"[" * _DEEP + b"]" * _DEEP, f"{_DEEP} levels of arrays"),
        ("json-not-json", b"model=x&messages=y", "a form"),
    )
    for name, body, about in refused:
        if body == text:
            continue  # there was nothing to spoil
        if isinstance(minimal, dict) or not body.startswith(text[:-1]):
            # OpenAPI 3.1 §4.8.13: without `required` there need not be a body, and an empty JSON
            # text is none (RFC 8259 §2): a server may read no content in either way
            either = is_optional and not body.strip()
            yield _raw(valid, name, body, "either" if either else "invalid", about)
    yield _raw(valid, "json-spaced", b" \r\n\t" + text + b"\n ", "valid", "white space around")
    marked = b"\xef\xbb\xbf" + text
    yield _raw(valid, "json-byte-order-mark", marked, "either", "a BOM (RFC 8259 §8.1)")
    if isinstance(minimal, dict) and minimal:
        yield from _odd_texts(valid, minimal)


def _odd_texts(valid: Case, minimal: dict[str, Any]) -> Iterator[Case]:
    turned = json_text.encode(dict(reversed(list(minimal.items()))))
    yield _raw(valid, "json-other-order", turned, "valid", "the members in another order")
    body = valid.request.body
    for name in minimal:
        if all(ord(char) < 0x10000 for char in name):
            plain = json_text.encode(name) + b":"
            escaped = b'"' + b"".join(b"\\u%04x" % ord(char) for char in name) + b'":'
            body = body.replace(plain, escaped, 1)
    if body != valid.request.body:
        yield _raw(valid, "json-escaped-name", body, "valid", "the members' names in \\u escapes")
    digits = valid.request.body[:-1] + b',"x_extra":' + b"9" * 5000 + b"}"
    yield _raw(valid, "json-long-number", digits, "either", "a number of 5000 digits")


def _raw(valid: Case, name: str, body: bytes, intent: Intent, about: str) -> Case:
    case = valid.changed(name, replace(valid.request, body=body), intent, f"body: {about}")
    return case if intent == "valid" else replace(case, value=None)


def _answers(operation: Operation, value: Any) -> list[str]:
    """The media types in which the document lets a request with the body *value* succeed."""
    return [
        media_type.essence(entry.content_type)
        for response in operation.responses
        if response.status.startswith("2")
        for entry in response.content
        if "*" not in entry.content_type
        and (entry.when is None or entry.when.holds({"request": value}) is True)
    ]


def _accepts(subject: Subject, valid: Case) -> Iterator[Case]:
    entries: list[tuple[str, str | None, Intent]] = [
        ("accept-missing", None, "valid"),
        ("accept-anything", "*/*", "valid"),
        # RFC 9110 §12.5.1: a server may answer 406, or disregard the field.
        ("accept-nothing-offered", "text/csv", "either"),
        ("accept-malformed", ";;q=x", "either"),
    ]
    answers = _answers(subject.operation, valid.value)
    for word in dict.fromkeys(answers):
        entries.append((f"accept-{slug(word)}", word, "valid"))
        entries.append((f"accept-{slug(word)}-weighted", f"{word};q=0.5, */*;q=0.1", "valid"))
    offered = (valid.request.field("Accept") or "*/*").split(", ")
    entries += [
        (f"accept-{slug(word)}", word, "either")
        for word in offered
        if word not in (*answers, "*/*")
    ]
    for name, value, intent in entries:
        request = _with(valid.request, "Accept", value)
        yield valid.changed(name, request, intent, f"Accept: {value or 'none'}")
