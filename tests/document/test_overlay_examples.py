"""Overlays: the examples of the Overlay specification."""

from __future__ import annotations

import pytest

from overlays import ITEMS, applied, document, written
from troth.document import overlay

OK = {"responses": {"200": {"description": "OK"}}}


def test_structured_example() -> None:
    base = (
        "paths: {'/': {get: {operationId: root}}, '/pets': {}}\ntags: [{name: a}]\ncomponents: {}\n"
    )
    actions = """
  - target: '$' # Root of document
    update:
      info:
        x-overlay-applied: structured-overlay
      paths:
        '/':
          summary: 'The root resource'
          get:
            summary: 'Retrieve the root resource'
            x-rate-limit: 100
        '/pets':
          get:
            summary: 'Retrieve a list of pets'
            x-rate-limit: 100
      components:
      tags:
"""
    result = overlay.apply(document(base), [written(actions, "1.0.0")]).root
    assert result["info"]["x-overlay-applied"] == "structured-overlay"
    assert result["paths"] == {
        "/": {
            "get": {
                "operationId": "root",
                "summary": "Retrieve the root resource",
                "x-rate-limit": 100,
            },
            "summary": "The root resource",
        },
        "/pets": {"get": {"summary": "Retrieve a list of pets", "x-rate-limit": 100}},
    }
    assert (result["tags"], result["components"]) == ([{"name": "a"}], {})


def test_targeted_example() -> None:
    base = "paths: {/foo: {get: {description: a}}, /bar: {get: {description: b}}}\n"
    actions = """
  - target: $.paths['/foo'].get.description
    update: This is the new description
  - target: $.paths['/bar'].get.description
    update: This is the updated description
  - target: $.paths['/bar']
    update:
      post:
        description: This is an updated description of a child object
        x-safe: false
"""
    assert applied(base, actions)["paths"] == {
        "/foo": {"get": {"description": "This is the new description"}},
        "/bar": {
            "get": {"description": "This is the updated description"},
            "post": {
                "description": "This is an updated description of a child object",
                "x-safe": False,
            },
        },
    }


def test_wildcard_example() -> None:
    base = """paths:
  /a: {get: {parameters: [{name: filter, in: query}, {name: filter, in: header}]}}
  /b: {get: {parameters: [{name: other, in: query}]}, put: {}}
components: {schemas: {filterSchema: {}}}
"""
    actions = """
  - target: $.paths.*.get
    update:
      x-safe: true
  - target: $.paths.*.get.parameters[?@.name=='filter' && @.in=='query']
    update:
      schema:
        $ref: '#/components/schemas/filterSchema'
"""
    schema = {"$ref": "#/components/schemas/filterSchema"}
    assert applied(base, actions, "1.0.0")["paths"] == {
        "/a": {
            "get": {
                "parameters": [
                    {"name": "filter", "in": "query", "schema": schema},
                    {"name": "filter", "in": "header"},
                ],
                "x-safe": True,
            }
        },
        "/b": {
            "get": {"parameters": [{"name": "other", "in": "query"}], "x-safe": True},
            "put": {},
        },
    }


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_array_examples(version: str) -> None:
    base = "paths: {/a: {get: {parameters: [{name: dummy}, {name: b}, {name: dummy}]}}}\n"
    actions = """
  - target: $.paths.*.get.parameters
    update:
      name: newParam
      in: query
  - target: $.paths.*.get.parameters[?@.name == 'dummy']
    remove: true
"""
    assert applied(base, actions, version)["paths"]["/a"]["get"]["parameters"] == [
        {"name": "b"},
        {"name": "newParam", "in": "query"},
    ]


def test_primitive_item_example() -> None:
    base = "paths: {/a: {get: {tags: [a, dummy, b, dummy]}}}\n"
    actions = "  - target: $.paths.*.get.tags[?@ == 'dummy']\n    remove: true\n"
    assert applied(base, actions)["paths"]["/a"]["get"]["tags"] == ["a", "b"]


def test_traits_example() -> None:
    base = """paths:
  /items: {get: {x-oai-traits: ['paged'], responses: {}}}
  /items/{id}/subitems:
    get: {x-oai-traits: ['paged'], parameters: [{name: id}], responses: {}}
  /other: {get: {responses: {}}}
"""
    actions = """
  - target: $.paths[?(@.get['x-oai-traits'][?(@ == 'paged')])].get
    update:
      parameters:
        - name: top
        - name: skip
"""
    paths = applied(base, actions, "1.0.0")["paths"]
    assert paths["/items"]["get"]["parameters"] == [{"name": "top"}, {"name": "skip"}]
    assert [
        parameter["name"] for parameter in paths["/items/{id}/subitems"]["get"]["parameters"]
    ] == [
        "id",
        "top",
        "skip",
    ]
    assert paths["/other"] == {"get": {"responses": {}}}


def test_simple_copy_example() -> None:
    actions = """  - target: '$.paths["/some-items"]'
    copy: '$.paths["/items"]'
    description: copies recursively
"""
    assert applied(ITEMS, actions)["paths"] == {
        "/items": {"get": OK},
        "/some-items": {"delete": OK, "get": OK},
    }


def test_move_example() -> None:
    actions = """
  - target: '$.paths'
    update: { "/new-items": {} }
  - target: '$.paths["/new-items"]'
    copy: '$.paths["/items"]'
  - target: '$.paths["/items"]'
    remove: true
    description: 'moves (renames) the "items" path item to "new-items"'
"""
    assert applied(ITEMS, actions)["paths"] == {
        "/some-items": {"delete": OK},
        "/new-items": {"get": OK},
    }
