"""No secret that a user gives reaches a terminal or a file, whatever the server does with it."""

from __future__ import annotations

import html
import json
from base64 import b64decode, b64encode
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from servers.wire import Answer, Asked, Server
from troth.cli import main
from troth.conformance.redaction import MARK
from troth.conformance.reports import FORMS

#: Every character that some form of a report writes in its own way.
SECRET = "sk-Zq/8+\"'<&>=%~Ab19"
PASSWORD_IN_URL = "open-Sesame-0123"
PASSWORD = "open/Sesame+\"<&>'%41"

DOCUMENT = """
openapi: 3.1.0
info: {title: Echo, version: '1'}
security: [{scheme: []}]
components:
  securitySchemes:
    scheme: %s
paths:
  /echo:
    post:
      operationId: echo
      parameters: [{name: X-Count, in: header, required: true, schema: {type: integer}}]
      requestBody:
        required: true
        content:
          application/json:
            schema: {type: object, required: [a], properties: {a: {type: string}}}
      responses:
        '200':
          description: What came.
          headers: {X-Echo: {schema: {type: integer}}}
          content:
            application/json:
              schema: {type: object, additionalProperties: {type: integer, enum: [1]}}
            text/event-stream:
              schema: {type: object, additionalProperties: {type: integer}}
        '400': {description: Refused.}
        '401': {description: Who are you?}
"""


class Echo:
    """Answers with everything that it was sent, in every form that it knows."""

    def __call__(self, asked: Asked) -> Answer:
        texts = self.shapes(asked)
        data = json.dumps({text: [text] for text in texts}).encode()
        fields = {
            "X-Echo": "; ".join(text for text in texts if text.isprintable() and text.isascii()),
            "Content-Type": "application/json",
        }
        if asked.fields.get("accept", "").startswith("text/event-stream") or asked.number % 3 == 0:
            fields["Content-Type"] = "text/event-stream"
            data = b"".join(b"data: %s\n\n" % json.dumps({one: one}).encode() for one in texts)
        status = 500 if asked.number % 5 == 0 else 200
        pieces = [data[at : at + 11] for at in range(0, len(data), 11)]
        return Answer(status, fields, pieces, chunked=True)

    def shapes(self, asked: Asked) -> list[str]:
        given = [asked.target, unquote(asked.target), *asked.fields.values()]
        for value in asked.fields.values():
            given.append(value.partition(" ")[2] or value)
            given.append(value.partition("=")[2] or value)
            if value.lower().startswith("basic "):
                try:
                    pair = b64decode(value[6:]).decode()
                except ValueError:
                    continue
                given += [pair, pair.rstrip(":"), pair.partition(":")[2]]
        texts = []
        for text in given:
            texts += [
                text,
                quote(text, safe=""),
                json.dumps(text),
                html.escape(text),
                b64encode(text.encode()).decode(),
                f"{text[: len(text) - 2]}...",
            ]
        return list(dict.fromkeys(texts))


SCHEMES = {
    "bearer": "{type: http, scheme: bearer}",
    "basic": "{type: http, scheme: basic}",
    "header": "{type: apiKey, in: header, name: X-Ticket}",
    "query": "{type: apiKey, in: query, name: ticket}",
    "cookie": "{type: apiKey, in: cookie, name: ticket}",
}


def leaks(secret: str, text: str) -> list[str]:
    shapes = {
        secret,
        quote(secret, safe=""),
        quote(secret),
        json.dumps(secret)[1:-1],
        json.dumps(json.dumps(secret)[1:-1])[1:-1],
        html.escape(secret),
        html.escape(json.dumps(secret)[1:-1]),
        secret[:-2],
        b64encode(secret.encode()).decode().rstrip("="),
        b64encode(f"{secret}:".encode()).decode().rstrip("="),
    }
    return [shape for shape in shapes if shape in text]


def told(options: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """All that a command says, and its exit code is not that of a fault of troth."""
    with pytest.raises(SystemExit) as ended:
        main.main(options)
    assert ended.value.code in (0, 1, 2, 3)
    said = capsys.readouterr()
    assert "fault of troth itself" not in said.err
    return said.out + said.err


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_output_of_a_run_holds_what_was_given(
    scheme: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "echo.yaml"
    document.write_text(DOCUMENT % SCHEMES[scheme], encoding="utf-8")
    out = tmp_path / "out"
    out.mkdir()
    journal = out / "journal.jsonl"
    options = ["--document", str(document), "--token", SECRET, "--max-requests", "30"]
    options += ["--header", f"X-Password: {PASSWORD}", "--database", str(out / "database")]
    options += ["--journal", str(journal)]
    for form in FORMS:
        options += ["--report", f"{form}={out / form}"]
    with Server(Echo()) as server:
        said = told(["test", server.url, *options], capsys)
        ids = [line.split()[2] for line in said.splitlines() if line.startswith("error  ")]
        assert ids, said
        said += told(["replay", str(journal), ids[0], "--token", SECRET], capsys)
    said += told(["report", str(journal)], capsys)
    texts = {"terminal": said}
    for file in sorted(out.rglob("*")):
        if file.is_file():
            texts[str(file.relative_to(out))] = file.read_text(encoding="utf-8", errors="replace")
    assert {name: leaks(SECRET, text) for name, text in texts.items() if leaks(SECRET, text)} == {}
    assert {
        name: leaks(PASSWORD, text) for name, text in texts.items() if leaks(PASSWORD, text)
    } == {}
    # the server did give it back, and the database did remember a request
    assert MARK in texts["json"]
    assert len(texts) > len(FORMS) + 2


def test_no_error_tells_what_was_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = tmp_path / "echo.yaml"
    document.write_text(DOCUMENT % SCHEMES["bearer"], encoding="utf-8")
    given = ["--document", str(document), "--token", SECRET]
    nobody = "http://127.0.0.1:1"
    for options in (
        [nobody, *given],
        [f"http://user:{PASSWORD_IN_URL}@127.0.0.1:1", *given],
        [f"http://127.0.0.1:1/?token={PASSWORD_IN_URL}", *given],
        [nobody, *given, "--header", f"X-Password {PASSWORD}"],
        [nobody, *given, "--header", f"X-Password: {PASSWORD}\n"],
        [nobody, "--document", str(document), "--token", SECRET + "\n"],
    ):
        said = told(["test", *options], capsys)
        assert leaks(SECRET, said) == []
        assert leaks(PASSWORD, said) == []
        assert PASSWORD_IN_URL not in said
