"""The words of the document that a finding is about."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import troth
from run_summaries import finding
from troth.conformance.citations import Citations
from troth.conformance.events import Citation, Finding, Found
from troth.conformance.journal import of_json, to_json
from troth.conformance.redaction import Redactor
from troth.conformance.settings import Settings
from troth.openapi.contract import Contract

YAML = """\
openapi: 3.1.0
info: {title: a, version: '1'}
paths:
  /a:
    get:
      responses:
        '200':
          description: ok
          content:
            application/json:
              schema:
                type: object
                required: [id]
"""
POINTER = "/paths/~1a/get/responses/200/content/application~1json/schema/required"


def about(contract: Contract, pointer: str = POINTER) -> Finding:
    one = finding()
    place = contract.document.place(pointer)
    return replace(one, violation=replace(one.violation, schema_pointer=pointer, place=place))


def test_the_lines_around_the_rule_are_cited(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(YAML)
    contract = troth.load(file)
    cited = Citations(contract).cited(about(contract)).citation
    lines = ("application/json:", "  schema:", "    type: object", "    required: [id]")
    assert cited == Citation(lines, 10, 13)
    event = Found(replace(about(contract), citation=cited))
    assert of_json(json.loads(json.dumps(to_json(event)))) == event


def test_a_document_on_one_line_is_laid_out(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(YAML)
    root = troth.load(tmp_path / "a.yaml").document.root
    file = tmp_path / "a.json"
    file.write_text(json.dumps({**root, "x-more": "x" * 200}))
    contract = troth.load(file)
    cited = Citations(contract).cited(about(contract)).citation
    assert cited == Citation(('"required": [', '  "id"', "]"))


def test_a_file_that_is_gone_leaves_what_was_read(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(YAML)
    contract = troth.load(file)
    file.unlink()
    cited = Citations(contract).cited(about(contract)).citation
    assert cited == Citation(('"required": [', '  "id"', "]"))


def test_the_bundled_document_is_cited_wherever_it_is() -> None:
    contract = troth.load()
    pointer = "/components/schemas/ChatCompletionMessage"
    cited = Citations(contract).cited(about(contract, pointer)).citation
    assert cited is not None
    assert any("ChatCompletionMessage:" in line for line in cited.lines)


def test_a_secret_in_the_document_is_taken_out() -> None:
    redactor = Redactor.of(Settings(url="http://127.0.0.1:1", token="very-secret-token"))
    told = redactor.finding(
        replace(finding(), citation=Citation(("example: very-secret-token",), 1, 1))
    )
    assert told.citation == Citation(("example: [Filtered]",), 1, 1)
