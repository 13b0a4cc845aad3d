"""XML by the XML Objects of schemas, both ways; ElementTree is the oracle of good form."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from parameter_documents import compiled, written
from troth.schema.schema import Schema
from troth.validation import xml
from troth.validation.styles import Malformed

ANIMALS = {"type": "array", "items": {"type": "string"}}


def schema_of(schema: Any, *, version: str = "3.1.0", **components: Any) -> Schema:
    root = written(
        method="post",
        version=version,
        requestBody={"content": {"application/xml": {"schema": schema}}},
    )
    root["components"]["schemas"] = {**root["components"]["schemas"], **components}
    body = compiled(root).operations[0].request_body
    assert body is not None
    found = body.content[0].schema
    assert found is not None
    return found


def animals(**more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"animals": {**ANIMALS, **more}}}


NAMED = {"type": "string", "xml": {"name": "animal"}}
PAIR = {"animals": ["a", "b"]}


# OpenAPI 3.0.4 §4.7.27.3: the examples of the specification, whose root has no name
@pytest.mark.parametrize(
    ("schema", "value", "text"),
    [
        (animals(), PAIR, "<animals>a</animals><animals>b</animals>"),
        (animals(items=NAMED), PAIR, "<animal>a</animal><animal>b</animal>"),
        (
            animals(items=NAMED, xml={"name": "aliens"}),
            PAIR,
            "<animal>a</animal><animal>b</animal>",
        ),
        (
            animals(xml={"wrapped": True}),
            PAIR,
            "<animals><animals>a</animals><animals>b</animals></animals>",
        ),
        (
            animals(items=NAMED, xml={"wrapped": True}),
            PAIR,
            "<animals><animal>a</animal><animal>b</animal></animals>",
        ),
        (
            animals(items=NAMED, xml={"name": "aliens", "wrapped": True}),
            PAIR,
            "<aliens><animal>a</animal><animal>b</animal></aliens>",
        ),
        (
            animals(xml={"name": "aliens", "wrapped": True}),
            PAIR,
            "<aliens><aliens>a</aliens><aliens>b</aliens></aliens>",
        ),
        # OpenAPI 3.2 §4.26: the same by nodeType, and what only that can say
        (
            animals(xml={"nodeType": "element"}),
            PAIR,
            "<animals><animals>a</animals><animals>b</animals></animals>",
        ),
        (
            {"properties": {"t": {"type": "string", "xml": {"nodeType": "text"}}}},
            {"t": "a<b"},
            "a&lt;b",
        ),
        (
            {"properties": {"t": {"type": "string", "xml": {"nodeType": "cdata"}}}},
            {"t": "a]]>b"},
            "<![CDATA[a]]]]><![CDATA[>b]]>",
        ),
        (
            {"properties": {"n": {"type": ["integer", "null"]}, "s": {"type": "string"}}},
            {"n": None, "s": ""},
            '<n xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/><s></s>',
        ),
        ({"properties": {"a": {"properties": {"b": {"type": "number"}}}}}, {"a": {"b": 1.5}}, None),
        ({"additionalProperties": {"type": "integer"}}, {"x": 1, "y": 2}, "<x>1</x><y>2</y>"),
        ({"properties": {"a b": {"type": "boolean"}}}, {"a b": True}, "<a_b>true</a_b>"),
    ],
)
def test_a_value_is_written_as_the_specification_shows_and_read_again(
    schema: dict[str, Any], value: Any, text: str | None
) -> None:
    found = schema_of({"type": "object", **schema})
    document = xml.write(found, value)
    if text is not None:
        assert document == f"<root>{text}</root>"
    assert xml.read(found, document) == value


@pytest.mark.parametrize("version", ["3.0.4", "3.1.0", "3.2.0"])
def test_names_attributes_and_namespaces(version: str) -> None:
    properties = {
        "id": {"type": "integer", "xml": {"attribute": True}},
        "name": {"type": "string", "xml": {"namespace": "urn:n", "prefix": "n"}},
        "kind": {"$ref": "#/components/schemas/Kind"},
    }
    pet = {"type": "object", "required": ["id"], "properties": properties}
    kind = {"type": "string", "xml": {"name": "species"}}
    schema = schema_of({"$ref": "#/components/schemas/Pet"}, version=version, Pet=pet, Kind=kind)
    value = {"id": 7, "name": "Tom", "kind": "cat"}
    text = xml.write(schema, value)
    assert text == ('<Pet id="7"><n:name xmlns:n="urn:n">Tom</n:name><species>cat</species></Pet>')
    assert xml.read(schema, text) == value
    # another prefix of the same namespace, or its default, says the same
    other = '<Pet id="7" xmlns:m="urn:n"><m:name>Tom</m:name><species>cat</species></Pet>'
    assert xml.read(schema, other) == value
    # another namespace, or none, does not; nor does an element stand for an attribute
    assert xml.read(schema, "<Pet><name>Tom</name><id>7</id></Pet>") == {}


def test_numbers_and_truths_are_read_as_xml_has_them() -> None:
    properties: dict[str, Any] = {
        "id": {"type": "integer", "xml": {"attribute": True}},
        "zero": {"type": "number"},
        "ok": {"type": "boolean"},
        "code": {"type": "string"},
        "either": {"type": ["string", "boolean"]},
    }
    schema = schema_of({"type": "object", "properties": properties})
    text = '<any id=" +07 "><zero> -00.50 </zero><ok>1</ok><code>007</code><either>1</either></any>'
    assert xml.read(schema, text) == {
        "id": 7, "zero": -0.5, "ok": True, "code": "007", "either": "1",
    }  # fmt: skip


def test_a_root_is_called_as_the_document_says_if_it_says() -> None:
    schema = schema_of({"type": "object", "xml": {"name": "pet", "namespace": "urn:p"}})
    assert xml.write(schema, {}) == '<pet xmlns="urn:p"/>'
    with pytest.raises(Malformed, match="its root is the element 'cat', not 'pet'"):
        xml.read(schema, "<cat/>")
    array = schema_of({"type": "array", "items": {"$ref": "#/components/schemas/Colour"}})
    assert xml.write(array, [{"R": 1}]) == "<root><Colour><R>1</R></Colour></root>"
    assert xml.read(array, "<any><of>\n<R> 1 </R>\n</of><these/></any>") == [{"R": 1}, {}]


BOMB = """<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><a>&y;</a>"""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (BOMB, "declares the entity 'x', and entities are never expanded"),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "never expanded"),
        ("<a>", "it is not well-formed XML"),
        ("<a>&nbsp;</a>", "it is not well-formed XML"),
        ("", "it is not well-formed XML"),
        ("<root>" + "<a>" * 200 + "</a>" * 200 + "</root>", "nested more than"),
        (b'<?xml version="1.0" encoding="nope"?><a/>', "it is not well-formed XML"),
    ],
)
def test_what_is_no_xml_or_a_bomb_is_told(text: str | bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        xml.read(schema_of({"type": "object"}), text)


def test_what_has_no_character_in_xml_cannot_be_written() -> None:
    schema = schema_of({"type": "string"})
    for text in ("\0", "\x1b", "\ud800", "\uffff"):
        with pytest.raises(xml.Unwritable):
            xml.write(schema, text)
    assert xml.read(schema, xml.write(schema, " a\r\n\tb ")) == " a\r\n\tb "


TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\r\n<>&\"']")
)
VALUES = st.fixed_dictionaries(
    {"id": st.integers(), "tags": st.lists(TEXTS, max_size=3)},
    optional={
        "note": TEXTS,
        "inner": st.fixed_dictionaries({"at": TEXTS, "on": st.booleans()}),
        "rows": st.lists(
            st.fixed_dictionaries({"n": st.floats(-1e9, 1e9)}), min_size=1, max_size=3
        ),
    },
)
WHOLE = {
    "type": "object",
    "xml": {"name": "whole"},
    "required": ["id", "tags"],
    "properties": {
        "id": {"type": "integer", "xml": {"attribute": True, "name": "key"}},
        "tags": {"type": "array", "items": {"type": "string"}, "xml": {"name": "tag"}},
        "note": {"type": "string", "xml": {"namespace": "urn:n"}},
        "inner": {
            "type": "object",
            "properties": {
                "at": {"type": "string", "xml": {"attribute": True}},
                "on": {"type": "boolean"},
            },
        },
        "rows": {
            "type": "array",
            "xml": {"wrapped": True, "prefix": "r", "namespace": "urn:r"},
            "items": {"type": "object", "properties": {"n": {"type": "number"}}},
        },
    },
}
SCHEMA = schema_of(WHOLE)


@settings(max_examples=150)
@given(VALUES)
@example({"id": 0, "tags": []})
def test_a_value_that_is_written_is_read_again(value: Any) -> None:
    assert SCHEMA.is_valid(value)
    text = xml.write(SCHEMA, value)
    ElementTree.fromstring(text)
    assert xml.read(SCHEMA, text) == value


@settings(max_examples=100)
@given(st.text("<a>/ b='\"&;![]-?x", max_size=40) | st.binary(max_size=30))
def test_no_text_raises_more_than_malformed(text: str | bytes) -> None:
    with suppress(Malformed):
        xml.read(SCHEMA, text)
