"""Schemas: compiled once, from the document alone, and those that arrive by themselves."""

import base64
import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth import pointer as pointers
from troth.document import document, overlay
from troth.errors import SpecError
from troth.generation.values import synthesize
from troth.schema.applicators import walk
from troth.schema.schema import Mismatch, Schemas
from troth.schema.untrusted_schema import Budget, UnusableSchema, embedded
from troth.seed import Seed

BUNDLED = Path(__file__).parents[2] / "spec" / "atoma.yaml"
REQUEST = "/components/schemas/CreateChatCompletionRequest"
COMPONENTS = "/components/schemas/"


def schemas_of(**components):
    root = {"openapi": "3.1.0", "components": {"schemas": components}}
    return Schemas(document.read(json.dumps(root).encode(), name="it.json"))


def as_written(**components):
    """The schemas of a document from which nothing was taken out that cannot stand there."""
    root = {"openapi": "3.1.0", "components": {"schemas": components}}
    return Schemas(replace(document.read(json.dumps(root).encode(), name="it.json"), root=root))


@pytest.fixture(scope="module")
def bundled():
    return Schemas(document.read(BUNDLED))


def test_a_schema_knows_where_it_was_written(bundled):
    schema = bundled.at(REQUEST)

    assert (
        schema.source
        is bundled.document.root["components"]["schemas"]["CreateChatCompletionRequest"]
    )
    assert (schema.place.file, schema.place.line) == (str(BUNDLED), 246)
    assert schema.pointer == REQUEST


def test_a_schema_is_compiled_once_whoever_asks(bundled):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(bundled.at(COMPONENTS + "ToolCall")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({id(schema) for schema in found}) == 1


def test_every_schema_of_the_bundled_document_compiles(bundled):
    assert len(list(bundled)) == 163
    for pointer in bundled:
        assert bundled.at(pointer).is_valid is not None
    assert list(bundled.faults()) == []


def test_a_pointer_without_a_schema_is_a_fault_of_the_document(bundled):
    with pytest.raises(SpecError) as caught:
        bundled.at("/components/schemas/Nothing")
    assert caught.value.pointer == "/components/schemas/Nothing"


@pytest.mark.parametrize("name", ["/a/{id}", 'é "#%25 ~\\', "a?b&c", "\U0001f600", "%", ""])
def test_a_pointer_may_hold_any_character(name):
    root = {
        "openapi": "3.1.0",
        "x-any": {name: {"$ref": "#/components/schemas/It"}},
        "components": {"schemas": {"It": {"type": "integer"}}},
    }
    schemas = Schemas(document.read(json.dumps(root).encode(), name="it.json"))

    schema = schemas.at(pointers.of(["x-any", name]))

    assert [schema.is_valid(1), schema.is_valid("x")] == [True, False]


@pytest.mark.parametrize(
    ("schema", "at", "says"),
    [
        (
            {"properties": {"a": {"minimum": "1"}}},
            "/properties/a/minimum",
            "not a JSON Schema: '1' is not of type number; it is a string",
        ),
        ({"type": "strnig"}, "/type", "not a JSON Schema: Unexpected type"),
    ],
)
def test_an_unusable_schema_is_a_fault_of_those_that_use_it(schema, at, says):
    schemas = as_written(
        Bad=schema, User={"items": {"$ref": "#/components/schemas/Bad"}}, Other={"type": "string"}
    )

    assert schemas.at(COMPONENTS + "Other").is_valid("x")
    for user in ("Bad", "User"):
        with pytest.raises(SpecError) as caught:
            schemas.at(COMPONENTS + user)
        assert caught.value.fault == says
        assert caught.value.pointer == COMPONENTS + "Bad" + at
        assert caught.value.place.file == "it.json"


@pytest.mark.parametrize(
    ("schema", "at", "says"),
    [
        (
            {"properties": {"a": {"pattern": "[", "maxLength": 2}}},
            "/properties/a/pattern",
            "the pattern '[' is no regular expression that can be matched: '[', it is not closed",
        ),
        (
            {"properties": {"a": {"pattern": "(a{1,9999}){1,999}", "maxLength": 2}}},
            "/properties/a/pattern",
            "the pattern '(a{1,9999}){1,999}' is too large to run, or has a script that is none",
        ),
        (
            {
                "patternProperties": {"(?P<n>a)": {"type": "null"}, "^b": {"type": "null"}},
                "properties": {"a": {"maxLength": 2}},
                "additionalProperties": False,
            },
            "/patternProperties/(?P<n>a)",
            "the pattern '(?P<n>a)' has '(?P<', which ECMA-262 does not have",
        ),
        (
            {"properties": {"a": {"pattern": r"^\p{IsGreek}$", "maxLength": 2}}},
            "/properties/a/pattern",
            r"the pattern '^\\p{IsGreek}$' is no regular expression that can be matched:"
            r" '\\p{IsGreek}', there is no such property",
        ),
    ],
)
def test_a_pattern_that_is_none_asks_for_nothing_and_is_told(schema, at, says):
    schemas = schemas_of(
        Bad=schema, User={"items": {"$ref": "#/components/schemas/Bad"}}, Other={"type": "string"}
    )

    bad, user = (schemas.at(COMPONENTS + name).is_valid for name in ("Bad", "User"))
    for text, is_valid in (("xy", True), ("xyz", False)):
        assert bad({"a": text}) == user([{"a": text}]) == is_valid
    assert schemas.at(COMPONENTS + "Bad").is_valid(
        {"other": 1} if "additional" in str(schema) else {}
    )
    (told,) = schemas.told()
    assert (told.fault, told.pointer, told.place.file) == (says, COMPONENTS + "Bad" + at, "it.json")
    assert [fault.fault for fault in schemas.faults()] == [says]


ENCODED = {
    "type": "string",
    "contentEncoding": "base64",
    "contentMediaType": "application/json",
    "contentSchema": {"type": "integer"},
}


def test_content_is_read_as_it_is_encoded():
    it = schemas_of(It=ENCODED).at(COMPONENTS + "It", content=True)
    told = {
        text: [each.message for each in it.errors(text)] for text in ("MQ==", "Ingi", "1", "!!")
    }
    assert told == {
        "MQ==": [],
        "Ingi": ["'x' is not of type integer; it is a string"],
        "1": ["'1' is not base64"],
        "!!": ["'!!' is not base64"],
    }
    for number in range(5):
        assert it.is_valid(synthesize(it, seed=Seed.of(number)))
    image = {"type": "string", "contentEncoding": "base64url", "contentMediaType": "image/png"}
    drawn = synthesize(schemas_of(It=image).at(COMPONENTS + "It"), seed=Seed.of(1))
    assert base64.urlsafe_b64decode(drawn)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("int8", -128, 127),
        ("uint8", 0, 255),
        ("int16", -(2**15), 2**15 - 1),
        ("uint32", 0, 2**32 - 1),
        ("uint64", 0, 2**64 - 1),
    ],
)
def test_integer_formats_are_ranges(name, low, high):
    it = schemas_of(It={"type": "integer", "format": name}).at(COMPONENTS + "It")
    fits = [it.is_valid(value) for value in (low, high, low - 1, high + 1)]
    assert fits == [True, True, False, False]
    (mismatch,) = it.errors(high + 1)
    assert mismatch.keyword == "format"


def test_what_is_a_pattern_without_the_u_flag_only_is_read_so_and_told():
    schemas = schemas_of(It={"pattern": r"^[\w-.]+\-a\"]$"}, Other={"pattern": r"^\-$"})
    it = schemas.at(COMPONENTS + "It")
    assert [it.is_valid(text) for text in ('a.b-a"]', "a.b-a]")] == [True, False]
    told = {fault.pointer: fault.fault for fault in schemas.told()}
    assert told == {
        COMPONENTS + "It/pattern": "the pattern is ECMA-262 only without the u flag"
        r" ('[\\w-.', and is read so".replace("',", "'),"),
        COMPONENTS + "Other/pattern": "the pattern is ECMA-262 only without the u flag"
        r" ('\\-'), and is read so",
    }
    assert list(schemas.faults()) == []


def test_lint_can_list_every_fault_of_every_schema():
    schemas = as_written(
        A={"pattern": "[", "properties": {"b": {"required": ["x", "x"]}}},
        B={"items": {"pattern": r"\Z", "minimum": 0, "exclusiveMinimum": True}},
        C={"type": "string"},
    )

    assert {(fault.pointer, fault.fault) for fault in schemas.faults()} == {
        (
            COMPONENTS + "A/pattern",
            "the pattern '[' is no regular expression that can be matched: '[', it is not closed",
        ),
        (
            COMPONENTS + "A/properties/b/required",
            'not a JSON Schema: ["x","x"] has non-unique elements',
        ),
        (
            COMPONENTS + "B/items/pattern",
            r"the pattern '\\Z' has '\\Z', which ECMA-262 does not have",
        ),
        (
            COMPONENTS + "B/items/exclusiveMinimum",
            "'exclusiveMinimum' is a number since OpenAPI 3.1, not a boolean",
        ),
    }


@pytest.mark.parametrize(
    ("pattern", "fits", "fails"),
    [
        ("^a$", ["a"], ["a\n", "ab"]),
        (r"^\d$", ["1"], ["\u0663"]),
        (r"^\w$", ["a"], ["é"]),
        ("^(a+)+$", ["a" * 40], ["a" * 40 + "!"]),
        (r"^(?=a)(a+)\1$", ["aa"], ["a"]),
        (r"^\p{L}$", ["é"], ["1"]),
        ("a", ["bab"], ["b"]),
    ],
)
def test_patterns_are_those_of_ecma_262(pattern, fits, fails):
    is_valid = schemas_of(It={"pattern": pattern}).at(COMPONENTS + "It").is_valid

    assert [is_valid(text) for text in fits] == [True] * len(fits)
    assert [is_valid(text) for text in fails] == [False] * len(fails)


ITEM = {
    "type": "object",
    "required": ["data"],
    "properties": {"data": {"$ref": "#/components/schemas/Text"}, "event": {"type": "string"}},
}
TEXT = {
    "type": "string",
    "contentMediaType": "application/json; charset=utf-8",
    "contentSchema": {"$ref": "#/components/schemas/Chunk"},
}
CHUNK = {
    "type": "object",
    "required": ["choices"],
    "properties": {
        "choices": {"items": {"properties": {"index": {"type": "integer", "format": "int32"}}}}
    },
}


def test_the_json_in_a_string_is_held_to_its_content_schema():
    either = {"oneOf": [{"type": "null"}, {"allOf": [{"$ref": "#/components/schemas/Item"}]}]}
    schemas = schemas_of(Item=ITEM, Text=TEXT, Chunk=CHUNK, Either=either)
    schema = schemas.at(COMPONENTS + "Either", content=True)
    place = schemas.document.place

    assert schema.is_valid({"data": '{"choices": [{"index": 1}]}'})
    assert schema.is_valid(None)
    assert schemas.at(COMPONENTS + "Either").is_valid({"data": "{"})
    by = COMPONENTS + "Chunk/properties/choices/items/properties/index/type"
    assert schema.errors({"data": '{"choices": [{}, {"index": "x"}]}'}) == (
        Mismatch(
            "type",
            "/data/choices/1/index",
            by,
            "'x' is not of type integer; it is a string",
            place(by),
        ),
    )
    (mismatch,) = schema.errors({"data": '{"choices": [1,]}'})
    assert mismatch.keyword == "contentMediaType"
    assert mismatch.instance_pointer == "/data"
    assert mismatch.schema_pointer == COMPONENTS + "Text/contentMediaType"
    assert mismatch.message.startswith("the string does not hold JSON: ")
    assert not schema.is_valid({"data": '{"choices": [1,]}'})


def test_strings_of_other_content_are_left_alone():
    for said in (
        {"contentMediaType": "text/html"},
        {},
        {"contentMediaType": "application/json", "contentEncoding": "quoted-printable"},
    ):
        schemas = schemas_of(It={**said, "contentSchema": False})
        assert schemas.at(COMPONENTS + "It", content=True).is_valid("1")


def test_the_schema_of_an_items_data_is_found_where_it_alone_holds():
    extended = {"allOf": [{"$ref": "#/components/schemas/Item"}, {"required": ["event"]}]}
    branching = {"allOf": [{"$ref": "#/components/schemas/Item"}], "if": {}, "then": {}}
    schemas = schemas_of(
        Item=ITEM, Text=TEXT, Chunk=CHUNK, Extended=extended, Branching=branching, Bare={}
    )

    for name in ("Item", "Extended"):
        schema = schemas.content_schema(COMPONENTS + name)
        assert schema.pointer == COMPONENTS + "Text/contentSchema"
        assert schema.is_valid({"choices": []})
        assert not schema.is_valid({})
    for name, member in (("Branching", "data"), ("Bare", "data"), ("Item", "event")):
        assert schemas.content_schema(COMPONENTS + name, member=member) is None


def test_hints_name_the_member_that_was_meant(bundled):
    body = {
        "model": "m",
        "temprature": 1,
        "maxTokens": 5,
        "top_k": 3,
        "user_id": "u",
        "messages": [{"role": "user", "content": [{"type": "text", "txet": "x"}], "nmae": "n"}],
        "tools": [{"type": "function", "function": {"name": "f", "paramters": {}}}],
        "logit_bias": {"temprature": 1},
        "metadata": {"modle": "x"},
    }

    found = {hint.instance_pointer: hint.message for hint in bundled.at(REQUEST).hints(body)}

    assert found == {
        "/temprature": "'temprature' is not declared; did you mean 'temperature'?",
        "/maxTokens": "'maxTokens' is not declared; did you mean 'max_tokens'?",
        "/messages/0/content/0/txet": "'txet' is not declared; did you mean 'text'?",
        "/messages/0/nmae": "'nmae' is not declared; did you mean 'name'?",
        "/tools/0/function/paramters": "'paramters' is not declared; did you mean 'parameters'?",
    }


def test_a_hint_cites_the_member_that_was_meant(bundled):
    (hint,) = bundled.at(REQUEST).hints({"model": "m", "messages": [], "temprature": 1})

    pointer = COMPONENTS + "ChatCompletionRequest/properties/temperature"
    assert (hint.keyword, hint.schema_pointer) == ("properties", pointer)
    assert hint.place == bundled.document.place(pointer)


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"value": {}}, "additionalProperties": {"type": "string"}},
        {"properties": {"value": {}}, "additionalProperties": False},
        {"properties": {"value": {}}, "patternProperties": {"^x": {}}},
        {"properties": {"value": {}, "valeu": {}}},
        {"properties": {"value": {}}, "anyOf": [{"properties": {"valeu": {}}}]},
        {"additionalProperties": True},
    ],
)
def test_members_that_may_be_meant_are_not_suspected(schema):
    assert schemas_of(It=schema).at(COMPONENTS + "It").hints({"valeu": "x"}) == ()


def test_hints_follow_a_recursive_schema_as_deep_as_the_instance_goes():
    tree = {"properties": {"value": {}, "next": {"$ref": "#/components/schemas/It"}}}
    schema = schemas_of(It=tree).at(COMPONENTS + "It")

    hints = schema.hints({"next": {"next": {"next": {"valeu": 1}}}})

    assert [hint.instance_pointer for hint in hints] == ["/next/next/next/valeu"]


def test_a_schema_that_arrives_alone_is_compiled_whatever_its_draft():
    definitions = {"definitions": {"n": {"type": "integer"}}, "$ref": "#/definitions/n"}

    for draft in (
        "http://json-schema.org/draft-07/schema#",
        "http://json-schema.org/draft-06/schema#",
    ):
        schema = embedded({"$schema": draft, **definitions})
        assert [schema.is_valid(1), schema.is_valid("1")] == [True, False]
    draft_4 = embedded(
        {
            "$schema": "http://json-schema.org/draft-04/schema#",
            "minimum": 3,
            "exclusiveMinimum": True,
        }
    )
    assert [each.message for each in draft_4.errors(3)] == ["3 is not above 3"]
    assert embedded(True).is_valid(None)
    assert not embedded(False).is_valid(None)


def test_the_order_of_members_makes_no_other_schema():
    one = embedded({"type": "object", "properties": {"b": {}, "a": {"const": 1.0}}})
    other = embedded({"properties": {"a": {"const": 1}, "b": {}}, "type": "object"})

    assert one is other
    assert list(one.source["properties"]) == ["a", "b"]


def bomb(levels):
    """Definitions that each refer twice to the next: few lines, 2**levels schemas."""
    twice = {
        f"a{i}": {"oneOf": [{"$ref": f"#/$defs/a{i + 1}"}, {"$ref": f"#/$defs/a{i + 1}"}]}
        for i in range(levels)
    }
    return {"$ref": "#/$defs/a0", "$defs": {**twice, f"a{levels}": {"type": "integer"}}}


def deep(levels):
    schema = {}
    for _ in range(levels):
        schema = {"not": schema}
    return schema


@pytest.mark.parametrize(
    ("schema", "reason", "pointer"),
    [
        (5, "not-a-schema", ""),
        ([], "not-a-schema", ""),
        ({"type": "strnig"}, "not-a-schema", "/type"),
        ({"required": ["a", "a"]}, "not-a-schema", "/required"),
        ({"properties": {"a": 5}}, "not-a-schema", "/properties/a"),
        ({"const": "\ud800"}, "not-a-schema", ""),
        ({"properties": []}, "not-a-schema", "/properties"),
        ({"items": {"allOf": {}}}, "not-a-schema", "/items/allOf"),
        ({"$id": "::%%"}, "not-a-schema", ""),
        ({"$ref": 5}, "not-a-schema", "/$ref"),
        ({"$schema": "urn:mine"}, "unknown-draft", "/$schema"),
        ({"$ref": "http://169.254.169.254/x"}, "remote-reference", "/$ref"),
        ({"items": {"$ref": "file:///etc/passwd"}}, "remote-reference", "/items/$ref"),
        ({"items": {"$ref": "other.json"}}, "remote-reference", "/items/$ref"),
        ({"$ref": "#/$defs/x"}, "dangling-reference", "/$ref"),
        ({"$ref": "#"}, "endless-reference", ""),
        (
            {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
            "endless-reference",
            "/$defs/b",
        ),
        ({"$defs": {"a": {"not": {"$ref": "#/$defs/a"}}}}, "endless-reference", "/$defs/a/not"),
        (bomb(30), "too-large", "/$defs/a17"),
        ({"anyOf": [{"pattern": f"a{i}"} for i in range(40)]}, "too-large", ""),
        ({"enum": list(range(30_000))}, "too-large", ""),
        ({"pattern": "a" * 20_000}, "too-large", ""),
        (deep(100), "too-deep", ""),
        (deep(100_000), "too-deep", ""),
        ({"pattern": "["}, "bad-pattern", "/pattern"),
        ({"pattern": "(a{1,9999}){1,999}"}, "bad-pattern", "/pattern"),
        ({"patternProperties": {"(?P<n>a)": {}}}, "bad-pattern", "/patternProperties/(?P<n>a)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "schema",
)
def test_a_strangers_schema_that_cannot_be_used_says_why(schema, reason, pointer):
    with pytest.raises(UnusableSchema) as caught:
        embedded(schema)

    assert (caught.value.reason, caught.value.pointer) == (reason, pointer)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


def test_the_budget_is_the_callers():
    with pytest.raises(UnusableSchema, match="more than 3 nodes"):
        embedded({"properties": {"a": {"type": "string"}}}, budget=Budget(nodes=3))


def test_names_and_references_inside_a_strangers_schema_work():
    recursive = {"properties": {"next": {"$ref": "#"}, "$ref": {"type": "integer"}}}
    schema = embedded(recursive)
    assert [schema.is_valid({"next": {"$ref": 1}}), schema.is_valid({"next": {"$ref": "x"}})] == [
        True,
        False,
    ]
    anchored = embedded({"$defs": {"a": {"$anchor": "n", "type": "integer"}}, "$ref": "#n"})
    assert [anchored.is_valid(1), anchored.is_valid("x")] == [True, False]
    example = embedded({"default": {"$ref": "http://x"}, "enum": [{"$ref": "http://x"}]})
    assert example.is_valid({"$ref": "http://x"})


def test_another_number_is_another_name_and_no_slip():
    schema = schemas_of(It={"properties": {"line1": True, "address2": True}}).at(COMPONENTS + "It")

    assert schema.hints({"line2": "x", "address3": "x"}) == ()
    assert [hint.message for hint in schema.hints({"lien1": "x"})] == [
        "'lien1' is not declared; did you mean 'line1'?"
    ]


def test_an_object_of_many_unknown_members_is_a_map_and_no_slip():
    schema = schemas_of(It={"properties": {"value": True}}).at(COMPONENTS + "It")
    others = {f"key-{index}": 1 for index in range(63)}

    assert [hint.instance_pointer for hint in schema.hints({**others, "valeu": 1})] == ["/valeu"]
    assert schema.hints({**others, "one more": 1, "valeu": 1}) == ()


OVERLAY = b"""overlay: 1.0.0
info: {title: t, version: "1"}
actions:
  - target: $.components.schemas.Inner.properties.a
    update: {maxLength: 3}
"""


@pytest.mark.parametrize("keyword", ["$ref", "$dynamicRef"])
def test_a_schema_that_no_overlay_touched_is_compiled_once_for_both_documents(keyword):
    ref = {"Inner": "#/components/schemas/Inner", "Far": "#/components/schemas/Holder"}
    published = schemas_of(
        Inner={"properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
        Holder={"items": {keyword: ref["Inner"]}},
        Far={"anyOf": [{"$ref": ref["Far"]}, {"type": "null"}]},
        Alone={"items": {"$ref": "#/components/schemas/Inner/properties/b"}},
    )
    overlaid = Schemas(overlay.apply(published.document, [OVERLAY]), published=published)

    def is_shared(name):
        return overlaid.at(COMPONENTS + name) is published.at(COMPONENTS + name)

    names = ("Alone", "Alone/items", "Inner/properties/b", "Far/anyOf/1")
    assert all(map(is_shared, names))
    names = ("Inner", "Inner/properties/a", "Holder", "Holder/items", "Far", "Far/anyOf/0")
    assert not any(map(is_shared, names))
    assert published.at(COMPONENTS + "Far").is_valid([{"a": "long"}])
    assert not overlaid.at(COMPONENTS + "Far").is_valid([{"a": "long"}])


def test_true_and_one_are_a_difference_between_documents():
    published = schemas_of(It={"const": 1})
    update = OVERLAY.replace(b"Inner.properties.a", b"It").replace(b"maxLength: 3", b"const: true")
    overlaid = Schemas(overlay.apply(published.document, [update]), published=published)

    assert overlaid.at(COMPONENTS + "It").is_valid(True)
    assert not overlaid.at(COMPONENTS + "It").is_valid(1)


REMOVAL = b"""overlay: 1.0.0
info: {title: t, version: "1"}
actions:
  - target: $.components.schemas.Inner.anyOf[0]
    remove: true
"""


def test_a_branch_that_moved_up_in_an_overlaid_document_is_not_the_one_that_stood_there():
    inner = "/components/schemas/Inner"
    published = schemas_of(
        Inner={"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "string"}]},
        Holder={"items": {"$ref": f"#{inner}/anyOf/0"}},
    )
    overlaid = Schemas(overlay.apply(published.document, [REMOVAL]), published=published)

    assert [overlaid.at(f"{inner}/anyOf/0").is_valid(value) for value in (1, "a")] == [False, True]
    assert not overlaid.at(COMPONENTS + "Holder").is_valid([1])
    # the same words, and yet those of another line
    assert overlaid.at(f"{inner}/anyOf/1") is not published.at(f"{inner}/anyOf/1")


NAMES = ("A", "B", "C", "D")
REFERENCES = st.sampled_from(
    [f"#/components/schemas/{name}" for name in NAMES]
    + [f"#/components/schemas/{name}/properties/p" for name in NAMES]
)
LEAVES = st.one_of(
    st.booleans(),
    st.builds(lambda n: {"maxLength": n}, st.integers(0, 2)),
    st.builds(lambda ref: {"items": {"$ref": ref}}, REFERENCES),
)
INNER = st.one_of(LEAVES, st.builds(lambda some: {"anyOf": some}, st.lists(LEAVES, min_size=1)))
COMPONENT = st.fixed_dictionaries({"properties": st.fixed_dictionaries({"p": INNER, "q": INNER})})
ROOTS = st.fixed_dictionaries(dict.fromkeys(NAMES, COMPONENT))


def reach(root, pointer):
    """All that the schema at *pointer* consists of: itself, and what it refers to, however far."""
    nodes, waiting = {}, [pointer]
    while waiting:
        at = waiting.pop()
        if at in nodes:
            continue
        nodes[at] = pointers.resolve(root, at)
        for _, inner in walk(root, at):
            if isinstance(inner, dict) and "$ref" in inner:
                waiting.append(inner["$ref"][1:])
    return json.dumps(nodes, sort_keys=True)


@given(ROOTS, ROOTS, st.sets(st.sampled_from([(n, m) for n in NAMES for m in "pq"])))
def test_what_is_shared_with_the_published_document_is_the_same_in_both(before, other, kept):
    after = {
        name: {
            "properties": {
                m: (before if (name, m) in kept else other)[name]["properties"][m] for m in "pq"
            }
        }
        for name in NAMES
    }
    published = schemas_of(**before)
    overlaid = Schemas(schemas_of(**after).document, published=published)

    for pointer in set(published) & set(overlaid):
        if overlaid.at(pointer) is published.at(pointer):
            assert reach(published.document.root, pointer) == reach(overlaid.document.root, pointer)
    alone = {name for name in NAMES if before[name] == after[name]}
    if alone == set(NAMES):
        assert all(overlaid.at(pointer) is published.at(pointer) for pointer in published)
