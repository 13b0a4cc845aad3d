"""The first request that is shown is one that the mock answers."""

from __future__ import annotations

from pathlib import Path

import pytest

import troth
from troth.http.exchange import Request
from troth_mock.responding.responder import Responder
from troth_mock.server.announcement import curl, first_request

DOCUMENT = """
openapi: 3.1.0
info: {title: pets, version: '1'}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key}
    basic: {type: http, scheme: basic}
    bearer: {type: http, scheme: bearer}
security: [{SCHEME: []}]
paths:
  /pets/{name}:
    get:
      parameters:
        - {name: name, in: path, required: true, schema: {const: a b}}
        - name: ids
          in: query
          required: true
          schema: {type: array, prefixItems: [{const: 1}, {const: 2}], minItems: 2, maxItems: 2}
        - {name: X-Page, in: header, required: true, example: 3, schema: {type: integer}}
        - {name: later, in: query, schema: {type: integer}}
      responses: {'200': {description: pets}}
"""


@pytest.mark.parametrize(
    ("scheme", "field"),
    [
        ("key", "X-Key: one"),
        ("basic", "Authorization: Basic dHJvdGg6dHJvdGg="),
        ("bearer", "Authorization: Bearer one"),
    ],
)
def test_its_parameters_are_written_in_their_styles(
    scheme: str, field: str, tmp_path: Path
) -> None:
    document = tmp_path / "pets.yaml"
    document.write_text(DOCUMENT.replace("SCHEME", scheme))
    contract = troth.load(document)
    request = first_request(contract, Responder(contract), token="one")
    assert request is not None
    assert curl(request, "http://mock") == (
        f"curl 'http://mock/pets/a%20b?ids=1&ids=2' -H '{field}' -H 'X-Page: 3'"
    )


NOTES = """
openapi: 3.1.0
info: {title: notes, version: '1'}
paths:
  /notes:
    post:
      requestBody:
        content: &note {application/json: {schema: {$ref: '#/components/schemas/Note'}}}
      responses: {'201': {description: made, content: *note}}
  /notes/{id}:
    get:
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      responses: {'200': {description: it, content: *note}}
components:
  schemas:
    Note:
      required: [text]
      properties: {id: {type: integer, readOnly: true}, text: {type: string}}
"""


def test_what_is_tried_for_it_is_not_kept(tmp_path: Path) -> None:
    document = tmp_path / "notes.yaml"
    document.write_text(NOTES)
    contract = troth.load(document)
    asked = Request("POST", "/notes", (("Content-Type", "application/json"),), b'{"text": "x"}')
    silent, announced = Responder(contract), Responder(contract)
    request = first_request(contract, announced, token="any")
    assert request is not None
    assert request.method == "POST"
    assert announced.respond(asked, now=0) == silent.respond(asked, now=0)
