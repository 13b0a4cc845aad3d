"""Overlays: where what they insert was written, and what the result must be."""

from __future__ import annotations

from pathlib import Path
from time import process_time
from timeit import repeat

from overlays import HEAD, ITEMS, document, refused, written
from troth.document import overlay
from troth.document.document import Document, read
from troth.document.overlay import Action
from troth.document.spec_errors import (
    BadAction,
    DanglingReference,
    UnproductiveCycle,
    UnsupportedVersion,
)
from troth.document.yaml_writer import dump_yaml
from troth.errors import Place

ROOT = Path(__file__).parents[2]


def test_what_an_action_inserts_cites_the_overlay(tmp_path: Path) -> None:
    first, second = tmp_path / "1.yaml", tmp_path / "2.yaml"
    first.write_bytes(
        written(
            "  - target: $.paths['/items'].get\n    update:\n      summary: new\n"
            "      responses:\n        200: {description: changed}\n"
            "        404: {description: no}\n"
            "  - target: $.paths['/some-items']\n    copy: $.paths['/items']\n"
        )
    )
    second.write_bytes(
        written(
            "  - target: $.paths['/items'].get.summary\n    update: newer\n"
            "  - target: $\n    update: {tags: [{name: a}]}\n"
            "  - target: $.tags\n    update: {name: b}\n"
            "  - target: $.tags[0]\n    remove: true\n"
        )
    )
    result = overlay.apply(document(ITEMS), [first, str(second)])
    assert result.root["paths"]["/items"]["get"]["summary"] == "newer"
    get = "/paths/~1items/get"
    places = {
        get: Place("api.yaml", 7, 5),
        get + "/summary": Place(str(second), 6, 5),
        get + "/responses": Place("api.yaml", 8, 7),
        get + "/responses/200": Place("api.yaml", 9, 9),
        get + "/responses/200/description": Place(str(first), 9, 15),
        get + "/responses/404": Place(str(first), 10, 9),
        "/paths/~1some-items/get": Place("api.yaml", 7, 5),
        "/paths/~1some-items/get/responses/404": Place(str(first), 10, 9),
        "/paths/~1some-items/delete": Place("api.yaml", 12, 5),
        "/tags": Place(str(second), 8, 14),
        "/tags/0": Place(str(second), 10, 5),
        "/tags/0/name": Place(str(second), 10, 14),
        "": Place("api.yaml", 1, 1),
    }
    assert {pointer: result.place(pointer) for pointer in places} == places


def test_the_result_is_checked_and_its_faults_cite_the_overlay() -> None:
    actions = "  - target: $\n    update:\n      components: {schemas: {A: {$ref: '#/none'}}}\n"
    error = refused("", actions, DanglingReference)
    assert error.place == Place("<bytes>", 7, 34)
    itself = "{A: {$ref: '#/components/schemas/A'}}"
    actions = f"  - target: $\n    update: {{components: {{schemas: {itself}}}}}\n"
    refused("", actions, UnproductiveCycle)
    refused("", "  - {target: $.openapi, update: 4.0.0}\n", UnsupportedVersion)
    base = "components: {schemas: {A: {$ref: '#/components/schemas/B'}, B: {}}}\n"
    refused(base, "  - {target: $.components.schemas.B, remove: true}\n", DanglingReference)


def test_copies_of_copies_are_bounded() -> None:
    action = "  - {target: \"$['x-b']\", copy: \"$['x-b']\", description: '%d'}\n"
    error = refused("x-b: [1, 2]\n", "".join(action % n for n in range(60)), BadAction)
    assert error.fault == "actions[13] makes the document more than 10 times larger"
    assert error.index == 13
    inner = "['x']" * 149
    base = "x-a: " + "{x: " * 149 + "{}" + "}" * 149 + "\n"
    action = f"  - {{target: \"$['x-a']{inner}\", copy: \"$['x-a']\"}}\n"
    error = refused(base, action, BadAction)
    assert error.fault == "actions[0] nests deeper than 200 levels"


def test_a_new_path_without_a_slash_is_refused() -> None:
    actions = (
        "  - {target: $.paths, update: {/new: {}, x-ok: 1}}\n"
        "  - {target: $.paths, update: {pets: {}}}\n"
    )
    error = refused(ITEMS, actions, BadAction)
    assert error.fault == "actions[1] adds the path 'pets', which does not start with '/'"
    assert error.index == 1


def test_an_overlay_reaches_bundled_files_and_adds_others(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("A: {$ref: '#/B'}\nB: {type: string}\n")
    (tmp_path / "b.yaml").write_text("type: integer\n")
    main = tmp_path / "main.yaml"
    main.write_text(HEAD + "components: {schemas: {A: {$ref: 'a.yaml#/A'}}}\n")
    actions = (
        "  - target: $['x-troth-bundled']['a.yaml'].B\n    update: {minLength: 1}\n"
        "  - target: $.components.schemas\n"
        "    update: {B: {$ref: b.yaml}, C: {$ref: 'a.yaml#/A'}}\n"
    )
    result = overlay.apply(read(main), [written(actions)])
    assert result.root["components"]["schemas"] == {
        "A": {"$ref": "#/x-troth-bundled/a.yaml/A"},
        "B": {"$ref": "#/x-troth-bundled/b.yaml"},
        "C": {"$ref": "#/x-troth-bundled/a.yaml/A"},
    }
    assert result.root["x-troth-bundled"] == {
        "a.yaml": {
            "A": {"$ref": "#/x-troth-bundled/a.yaml/B"},
            "B": {"type": "string", "minLength": 1},
        },
        "b.yaml": {"type": "integer"},
    }
    assert result.place("/x-troth-bundled/b.yaml/type") == Place(str(tmp_path / "b.yaml"), 1, 1)
    assert result.place("/x-troth-bundled/a.yaml/B/minLength") == Place("<bytes>", 6, 14)


def test_reading_the_bundled_document_and_sixty_actions_is_fast() -> None:
    target = "$.components.schemas.ChatCompletionRequest.properties"
    actions = [
        Action(target, description="a reason " * 20, update={f"new{n}": {"type": "string"}})
        for n in range(60)
    ]
    data = overlay.write(actions).encode()

    def applied() -> Document:
        return overlay.apply(read(ROOT / "spec" / "atoma.yaml"), [data])

    # the least of a few: other processes want the caches, too
    assert min(repeat(applied, timer=process_time, number=1)) < 0.12
    assert "new59" in dump_yaml(applied().root)
