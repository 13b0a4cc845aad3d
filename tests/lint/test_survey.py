"""What a survey says of large documents, and that it says it in few steps."""

import json
from collections import defaultdict

import pytest

from troth.document import document
from troth.lint import survey as surveys
from troth.lint.survey import Use, closure, survey_of

REF = "#/components/schemas/S"


def api(edges, **more):
    """An operation for each schema, which refers to those that *edges* says."""
    paths = {
        f"/{index}": {
            "parameters": [{"name": "q", "in": "query", "schema": {"$ref": f"{REF}{index}"}}],
            "post": {
                "requestBody": {"content": {"a/b": {"schema": {"$ref": f"{REF}{index}"}}}},
                "responses": {"200": {"description": "", "content": {"a/b": {"schema": {}}}}},
                "callbacks": {"c": {"/x": {"get": {"responses": {}}}}},
            },
            "get": {"responses": {"200": {"$ref": f"#/components/responses/R{index % 3}"}}},
        }
        for index in range(len(edges))
    }
    answers = {
        f"R{index}": {"description": "", "content": {"a/b": {"schema": {"$ref": f"{REF}{index}"}}}}
        for index in range(3)
    }
    schemas = {
        f"S{index}": {"properties": {f"p{to}": {"$ref": f"{REF}{to}"} for to in ahead}}
        for index, ahead in enumerate(edges)
    }
    root = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": paths}
    root["components"] = {"schemas": schemas, "responses": answers}
    return document.read(json.dumps(root).encode(), name="it.json")


@pytest.mark.parametrize(
    "edges",
    [
        [[1], [2], [0], [1], []],
        [[], [0], [0, 1], [3], [4, 5], [4]],
        [[(index + 1) % 12, index * 5 % 12] for index in range(12)],
        [[index - 1] if index else [] for index in range(12)],
    ],
)
def test_the_uses_of_a_node_are_the_operations_that_lead_to_it(edges):
    survey = survey_of(api(edges))
    below = defaultdict(list)
    for node in survey.nodes:
        below[node.parent] += [node]
        below[node] += survey.referred(node)
    expected = defaultdict(set)
    for operation in survey.of("operation"):
        inherited = [each for each in below[operation.parent] if each.edge[0] == "parameters"]
        for start in [*below[operation], *inherited]:
            way = "response" if start.edge[0] == "responses" else "request"
            for node in closure([start] * (start.edge[0] != "callbacks"), below.__getitem__):
                expected[node].add(Use(operation.pointer, way))

    assert {node: survey.uses(node) for node in survey.nodes if survey.uses(node)} == expected


def test_schemas_that_lead_too_far_or_too_deep_are_left_to_people(monkeypatch):
    chain = [[index + 1] for index in range(5)] + [[]]
    monkeypatch.setattr(surveys, "_MOST_WALKED", 10)
    few = survey_of(api(chain)).provable
    monkeypatch.setattr(surveys, "_MOST_DEPTH", 6)
    shallow = survey_of(api(chain)).provable

    # the answer leads to seven with itself, and S3 to three
    answer = "/components/responses/R0/content/a~1b/schema"
    assert few == {answer, "/components/schemas/S3"}
    assert "/components/schemas/S3" in shallow
    assert "/components/schemas/S2" not in shallow


def test_the_depth_of_what_stands_in_other_files_counts(tmp_path):
    for index in range(400):
        following = {"properties": {"a": {"$ref": f"f{index + 1}.json"}}}
        (tmp_path / f"f{index}.json").write_text(json.dumps(following))
    (tmp_path / "f400.json").write_text("{}")
    root = {"openapi": "3.1.0", "components": {"schemas": {"It": {"$ref": "f0.json"}}}}
    (tmp_path / "api.json").write_text(json.dumps(root))

    assert not survey_of(document.read(tmp_path / "api.json")).is_provable(
        next(survey_of(document.read(tmp_path / "api.json")).of("schema"))
    )
