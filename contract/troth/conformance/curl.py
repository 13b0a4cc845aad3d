"""A request as a curl line that sends the same bytes when it is pasted into bash.

Secrets are `$TROTH_TOKEN` and, for a header field that the user gave, `$TROTH_` and its name.
Nothing of a request is left to the shell: what is not plain is quoted, and what would hide or
reorder the line on a screen is written as escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from troth.conformance.events import Finding
from troth.conformance.files import write
from troth.conformance.redaction import MARK, MARKS, NEAR
from troth.conformance.reports.text import visible
from troth.http import media_type
from troth.http.exchange import Request

#: A longer body is no longer something to read in a line.
INLINE = 8 * 1024
#: Linux takes no argument of 128 KiB or more (MAX_ARG_STRLEN); bash's own printf does.
_ARGUMENT = 100 * 1024
_EXPECTS = 1024 * 1024
_BARE = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
# nothing that bash reads in double quotes, nor in its history: `!`
_DOUBLE = re.compile(r"[ A-Za-z0-9_@%+=:,./?&;~#^*()<>{}|'\[\]-]*")
_WITH_BODY = ("POST", "PUT", "PATCH")


def line(
    request: Request,
    url: str,
    *,
    own_fields: Sequence[str] = (),
    stream: bool = False,
    body_file: str | None = None,
) -> str:
    """The curl line that sends *request* to the server at *url*.

    *own_fields* are the names of the header fields that the user gave; *stream* shows an answer as
    it comes; *body_file* is where the body lies, for one that is too long for a line.
    """
    words = ["curl", "-isSN" if stream else "-isS"]
    target = url.rstrip("/") + request.target
    if "/." in target.partition("?")[0]:
        words.append("--path-as-is")
    if re.search(r"[\[\]{}]", target.replace(MARK, "")):
        words.append("--globoff")
    words += _method(request)
    words.append(_quoted(target, "TROTH_USERINFO" if f"{MARK}@" in url else "TROTH_TOKEN"))
    words += _headers(request, {name.lower() for name in own_fields})
    command = " ".join(words)
    if body_file is not None and request.body:
        return f"{command} --data-binary {_quoted('@' + body_file)}"
    return _with_body(command, request)


def _method(request: Request) -> list[str]:
    if request.method == "HEAD":
        return ["--head"]
    implied = "POST" if request.body or request.method in _WITH_BODY else "GET"
    return [] if request.method == implied else ["-X", _quoted(request.method)]


def _headers(request: Request, own_fields: set[str]) -> Iterator[str]:
    names = {name.lower() for name, _ in request.fields}
    sends = bool(request.body) or request.method in _WITH_BODY
    for name, value in request.fields:
        # curl sends an empty field for `name;`, and takes one away for `name:`
        text = f"{name}: {value}" if value.strip() else f"{name};"
        own = f"TROTH_{re.sub('[^A-Z0-9]', '_', name.upper())}"
        if text.lower().startswith("authorization: basic ") and MARK in text:
            yield f"-H {_quoted(text[: text.index(MARK)])}{_BASIC}"
        else:
            yield f"-H {_quoted(text, own if name.lower() in own_fields else 'TROTH_TOKEN')}"
    for name, added in (
        ("User-Agent", True),
        ("Accept", True),
        ("Content-Type", sends),
        ("Expect", len(request.body) >= _EXPECTS),
    ):
        if added and name.lower() not in names:
            yield f"-H {name}:"


# RFC 7617 §2: user and password in Base64; a token without a colon is taken as encoded already
_BASIC = (
    '"$(case $TROTH_TOKEN in *:*) printf %s "$TROTH_TOKEN" | base64 | tr -d \'\\n\';; '
    '*) printf %s "$TROTH_TOKEN";; esac)"'
)


def _with_body(command: str, request: Request) -> str:
    body = request.body
    if not body:
        return f"{command} --data-raw ''" if request.method in _WITH_BODY else command
    if b"\0" not in body:
        text = body.decode("utf-8", "surrogateescape")
        argument = _quoted(text, "TROTH_TOKEN")
        if len(argument) < _ARGUMENT:
            # unlike --data and --data-binary it does not take a leading @ for a file
            return f"{command} --data-raw {argument}"
    # an argument holds no NUL and has an end; the output of printf does not
    literals = body.split(MARK.encode())
    printed = f"printf '{'%s'.join(map(_format, literals))}'"
    printed += ' "$TROTH_TOKEN"' * (len(literals) - 1)
    return f"{printed} | {command} --data-binary @-"


def _quoted(text: str, variable: str = "TROTH_TOKEN") -> str:
    """*text* as one word of bash, the variable in the place of each secret."""
    split = _MARKED.split(text)
    literals, marks = split[::2], split[1::2]
    if not marks:
        return _literal(text)
    if all(_DOUBLE.fullmatch(literal) for literal in literals):
        joined = literals[0]
        for mark, literal in zip(marks, literals[1:], strict=True):
            joined += _variable(mark, variable, before=literal) + literal
        return f'"{joined}"'
    words = [_literal(literal) if literal else "" for literal in literals]
    named = [f'"{_variable(mark, variable)}"' for mark in marks]
    return words[0] + "".join(one for pair in zip(named, words[1:], strict=True) for one in pair)


_MARKED = re.compile(f"({'|'.join(re.escape(mark) for mark in MARKS)})")


def _variable(mark: str, name: str, *, before: str = "") -> str:
    """What bash takes for the secret that *mark* stands for, *before* the text that follows."""
    if mark in NEAR:
        return f"${{{name}{NEAR[mark][1]}}}"
    return f"${{{name}}}" if re.match(r"[A-Za-z0-9_\[]", before) else f"${name}"


def _literal(text: str) -> str:
    if _BARE.fullmatch(text):
        return text
    if visible(text) == text and "##[" not in text:
        return "'" + text.replace("'", "'\\''") + "'"
    return "$'" + "".join(map(_escaped, text.encode("utf-8", "surrogateescape"))) + "'"


_NAMED = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r", 0x5C: "\\\\"}
#: Quotes, and what means something to bash's history or to a build server's log.
_SPECIAL = frozenset(b"'!#")


def _escaped(byte: int) -> str:
    if byte in _NAMED:
        return _NAMED[byte]
    if byte in _SPECIAL or not 0x20 <= byte < 0x7F:
        return f"\\{byte:03o}"
    return chr(byte)


def _format(literal: bytes) -> str:
    return "".join("%%" if byte == 0x25 else _escaped(byte) for byte in literal)


def body_file(finding: Finding, folder: Path | None) -> Path | None:
    """Where the body of *finding*'s request lies beside the journal, if it needs to."""
    body = finding.example.request.body
    if folder is None or len(body) <= INLINE or MARK.encode() in body:
        return None
    return folder / f"{finding.id}.body"


def of(
    finding: Finding, url: str, *, own_fields: Sequence[str] = (), folder: Path | None = None
) -> str:
    """The curl line that sends the example of *finding* again."""
    response = finding.example.response
    stream = response is not None and media_type.is_event_stream(response.content_type or "")
    file = body_file(finding, folder)
    return line(
        finding.example.request,
        url,
        own_fields=own_fields,
        stream=stream or finding.violation.location == "stream",
        body_file=str(file) if file else None,
    )


def bodies_beside(journal: str | Path) -> Path:
    """The folder for bodies that are too long for a curl line: beside the journal."""
    return Path(journal).with_suffix(".bodies")


def write_bodies(findings: Sequence[Finding], folder: Path) -> None:
    """Write the bodies that the curl lines of *findings* read from files in *folder*."""
    for finding in findings:
        file = body_file(finding, folder)
        if file is not None:
            write(file, finding.example.request.body)
