"""What a server says of the methods of a path: the field Allow, and HEAD beside GET."""

from __future__ import annotations

from collections.abc import Iterator

from troth.errors import MethodNotAllowed, NoSuchPath
from troth.http import media_type
from troth.http.exchange import Exchange, Response
from troth.openapi.contract import Contract
from troth.violation import Severity

#: What HTTP has for every path, whatever the document says: RFC 9110 §9.3.2, §9.3.7, §9.3.8.
_OF_HTTP = frozenset({"HEAD", "OPTIONS", "TRACE"})


def declared_methods(contract: Contract, target: str) -> frozenset[str]:
    """The methods that *contract* declares for *target*, whichever template it fits."""
    try:
        contract.match("", target)
    except MethodNotAllowed as fault:
        return frozenset(fault.allowed)
    except NoSuchPath:
        pass
    return frozenset()


def allow_violations(contract: Contract, exchange: Exchange) -> Iterator[tuple[Severity, str]]:
    """How grave it is, and in which words, that the Allow of a 405 is wrong.

    That it names the very method that it refuses nothing can excuse (RFC 9110 §10.2.1).  What it
    has beyond the document is a warning, and so is one that is empty: not everything need be
    published.  One that only leaves out is a hint: the state of a thing may forbid a method, and
    routers often know the methods of one route alone, which RFC 9110 §15.5.6 does not mean and
    nobody can mend who only uses them.  A method of which nothing but a 405 is declared may be
    left out.
    """
    request, response = exchange.request, exchange.response
    text = response.field("Allow") if response is not None else None
    declared = declared_methods(contract, request.target)
    if response is None or response.status != 405 or text is None or not declared:
        return
    named = frozenset(word.strip() for word in text.split(",")) - {""}
    if request.method in named:
        yield "error", f"{request.method} is refused with 405, and Allow names it: {text!r}"
        return
    missing = [
        method
        for method in sorted(declared - named - _OF_HTTP - {request.method})
        if not _is_refused_always(contract, method, request.target)
    ]
    beyond = sorted(named - declared - _OF_HTTP)
    if beyond:  # `/items/search` may be an item, to a router that has POST there
        path = request.target.partition("?")[0]
        fitting = (each for each in contract.operations if each.template.pattern.fullmatch(path))
        beyond = sorted({*beyond} - {each.method for each in fitting})
    if missing:
        has = f"has {text!r}" if named else "is empty"
        severity: Severity = "hint" if named and not beyond else "warning"
        yield severity, f"the document declares {', '.join(missing)} here, and Allow {has}"
    if beyond:
        yield "warning", f"Allow names {', '.join(beyond)}, which the document does not declare"


def _is_refused_always(contract: Contract, method: str, target: str) -> bool:
    """Whether the document has nothing but a 405 for *method* of *target*."""
    return all(
        [answer.status for answer in match.operation.responses] == ["405"]
        for match in contract.matches(method, target)
    )


# -- HEAD -----------------------------------------------------------------------------------------

#: How a server says that it has no HEAD here: some routers know no other word than 404.
_NO_HEAD = frozenset({404, 405, 501})


def head_violations(
    before: Response, head: Response, after: Response
) -> Iterator[tuple[Severity, str]]:
    """How the answer to HEAD is other than those to the same GET *before* and *after* it.

    What two GETs do not agree on may be another each time.  A wrong length is forbidden (RFC 9110
    §8.6); the other fields SHOULD be the same (§9.3.2), and may be left out.
    """
    if before.status != after.status or before.status >= 400 or head.status >= 500:
        return
    if head.status in _NO_HEAD:
        return
    if head.status // 100 != before.status // 100:
        yield "warning", f"HEAD answers {head.status}, and GET {before.status}"
        return
    lengths = {_length(before), _length(after)}
    length = head.field("Content-Length")
    if head.status == before.status and length is not None and len(lengths) == 1:
        own = lengths.pop()
        if own is not None and length.strip() != own:
            yield "error", f"HEAD says Content-Length: {length}, and GET has {own} bytes"
    kinds = [media_type.essence(each.content_type or "") for each in (before, after, head)]
    if kinds[0] == kinds[1] and kinds[2] not in ("", kinds[0]):
        yield "warning", f"HEAD says Content-Type: {kinds[2]}, and GET {kinds[0] or 'none'}"
    tags = [each.field("ETag") for each in (before, after, head)]
    if tags[0] == tags[1] and None not in tags and tags[2] != tags[0]:
        yield "warning", f"HEAD says ETag: {tags[2]}, and GET {tags[0]}"


def _length(response: Response) -> str | None:
    """The length of the content as it was sent; None where it was coded on the way."""
    if response.field("Content-Encoding") not in (None, "identity"):
        return response.field("Content-Length")
    return str(len(response.body))
