"""A request as a curl line that sends the same bytes when it is pasted into bash.

Secrets are `$TROTH_TOKEN` and, for a header field that the user gave, `$TROTH_` and its name.
Nothing of a request is left to the shell: what is not plain is quoted, and what would hide or
reorder the line on a screen is written as escapes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from troth import pointer as pointers
from troth.conformance.events import Finding, Step, Taken
from troth.conformance.files import write
from troth.conformance.redaction import MARK, MARKS, NEAR, SECOND
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


#: Stand around the name of a variable that an earlier answer fills; no request has them.
_FILLED, _END = "\ue000", "\ue001"
_MARKED = re.compile(f"({'|'.join(map(re.escape, MARKS))}|{_FILLED}[a-z0-9_]+{_END})")


def _variable(mark: str, name: str, *, before: str = "") -> str:
    """What bash takes for the text that *mark* stands for, *before* the one that follows."""
    if mark.startswith(_FILLED):
        return f"${{{mark.strip(_FILLED + _END)}}}"
    if mark == SECOND:
        return "${TROTH_SECOND_TOKEN}"
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
    """The curl line that sends the example of *finding* again, after one for each of its steps.

    What a step's answer gave to a later request is read out of the new answer.
    """
    exchanges = [Step(finding.example, finding.taken)]
    exchanges[:0] = finding.steps
    names = _names(exchanges)
    lines: list[str] = []
    for number, step in enumerate(exchanges):
        is_last = number == len(exchanges) - 1
        request, response = step.exchange.request, step.exchange.response
        stream = response is not None and media_type.is_event_stream(response.content_type or "")
        file = body_file(finding, folder) if is_last else None
        command = line(
            _with_variables(request, step.taken, names),
            url,
            own_fields=own_fields,
            stream=stream or (is_last and finding.violation.location == "stream"),
            body_file=str(file) if file else None,
        )
        wanted = {name: expression for (at, expression), name in names.items() if at == number}
        if wanted:
            lines += [f"answer=$({command})", 'echo "$answer"']
            lines += [_reading(name, expression) for name, expression in wanted.items()]
        else:
            lines.append(command)
    return "\n".join(lines)


def _names(steps: Sequence[Step]) -> dict[tuple[int, str], str]:
    """The variable for each value that an answer of *steps* gave to a later request."""
    names: dict[tuple[int, str], str] = {}
    for taken in (taken for step in steps for taken in step.taken):
        word = re.sub("[^a-z0-9]+", "_", re.split("[#/.]", taken.expression)[-1].lower())
        names.setdefault((taken.step, taken.expression), f"{word or 'value'}_{taken.step + 1}")
    return names


def _with_variables(
    request: Request, taken: Sequence[Taken], names: Mapping[tuple[int, str], str]
) -> Request:
    """*request* with the variables of *names* where what was *taken* stands."""
    target, fields = request.target, request.fields
    for one in taken:
        if not one.text:
            continue
        mark = f"{_FILLED}{names[one.step, one.expression]}{_END}"
        whole = re.compile(rf"(?<=[/=,]){re.escape(one.text)}(?=[/?&,;]|$)")
        target = whole.sub(lambda _, mark=mark: mark, target)  # type: ignore[misc]  # bound at once
        fields = tuple((name, mark if value == one.text else value) for name, value in fields)
    return replace(request, target=target, fields=fields)


def _reading(name: str, expression: str) -> str:
    """The line that reads the value of a runtime *expression* from an answer with its head."""
    where, _, pointer = expression.removeprefix("$response.").partition("#")
    if where.startswith("header."):
        field = re.sub("[^A-Za-z0-9-]", "", where.removeprefix("header."))
        reading = f"sed -n 's/^{field}: *//Ip' | tr -d '\\r'"
        whole = f'{name}=$(printf %s "$answer" | {reading})'
        # of a Location the last segment is what names a new item
        return f"{whole}; {name}=${{{name}##*/}}" if field.lower() == "location" else whole
    steps = "".join(f"[{_key(token)}]" for token in pointers.split(pointer))
    program = (
        "import json,sys;"
        f'print(json.loads(sys.stdin.read().replace("\\r","").partition("\\n\\n")[2]){steps})'
    )
    return f'{name}=$(printf %s "$answer" | python3 -c {_literal(program)})'


def _key(token: str) -> str:
    return token if token.isdecimal() else json.dumps(token)


def bodies_beside(journal: str | Path) -> Path:
    """The folder for bodies that are too long for a curl line: beside the journal."""
    return Path(journal).with_suffix(".bodies")


def write_bodies(findings: Sequence[Finding], folder: Path) -> None:
    """Write the bodies that the curl lines of *findings* read from files in *folder*."""
    for finding in findings:
        file = body_file(finding, folder)
        if file is not None:
            write(file, finding.example.request.body)
