"""XML by the XML Objects of schemas (OpenAPI 3.1 §4.8.26, 3.2 §4.26), read and written.

Both ways go by `_Form`: what stands for the value of a schema, an element, an attribute or a text.
Reading gives texts in the structure that the schema declares; which values they stand for is
`coercion`'s to say, as for forms.  Documents come through defusedxml: entities are refused, never
expanded, and nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from troth import pointer as pointers
from troth.errors import TrothError
from troth.schema.applicators import follow, resolve
from troth.schema.schema import Schema
from troth.validation import coercion
from troth.validation.coercion import is_array, types_of
from troth.validation.styles import Malformed, text_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

#: Each level takes a few of the frames that Python allows.
_DEEPEST = 128
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NIL = f"{{{_XSI}}}nil"
_TRUE = ("true", "1")
# XML 1.0 §2.2 and §2.3; a colon belongs to namespaces
#: What no text of XML can have (XML 1.0, §2.2).
NOT_CHARACTERS = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_OF_NAMES = re.compile(r"[^\w.\-·]")
_NOT_FIRST = re.compile(r"[\d.\-·]")
_ZEROS = re.compile(r"^(?:\+|(-))?0*(?=[0-9])")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_ATTRIBUTE_ESCAPES = {**_ESCAPES, '"': "&quot;", "\t": "&#9;", "\n": "&#10;"}

_Kind = Literal["element", "attribute", "text", "cdata", "none"]
_KINDS: tuple[_Kind, ...] = ("element", "attribute", "text", "cdata", "none")


class Unwritable(TrothError):
    """A value has no form in a media type; the argument says why."""


@dataclass(frozen=True, slots=True)
class _Form:
    """What stands for a value: *name* is a name of XML; *is_named* where the document says it."""

    kind: _Kind
    name: str
    namespace: str = ""
    prefix: str = ""
    is_named: bool = False

    def is_of(self, tag: str) -> bool:
        """Whether *tag*, as the parser writes it, is its; without a namespace any will do."""
        if self.namespace:
            return tag == f"{{{self.namespace}}}{self.name}"
        return tag.rpartition("}")[2] == self.name


def read(schema: Schema | None, data: bytes | str) -> Any:
    """The value that the XML document *data* holds for *schema*.  Raises Malformed."""
    root = _parsed(data)
    if schema is None:
        return None
    form = _root(schema)
    if form.is_named and not form.is_of(root.tag):
        shown = root.tag.replace("{", "").replace("}", ":")
        within = f" of the namespace {form.namespace!r}" if form.namespace else ""
        raise Malformed(f"its root is the element {shown!r}, not {form.name!r}{within}")
    return coercion.read(schema, _texts(schema, root, 0))


def write(schema: Schema | None, value: Any) -> str:
    """*value* of *schema* as an XML document, without its declaration.  Raises Unwritable."""
    return "".join(_element(_root(schema), schema, value))


def _parsed(data: bytes | str) -> Element:
    # imported when first needed: no JSON takes it
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException, EntitiesForbidden
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(data)
    except EntitiesForbidden as fault:
        what = f"it declares the entity {fault.name[:60]!r}"
        raise Malformed(f"{what}, and entities are never expanded") from None
    except DefusedXmlException:
        raise Malformed("it refers to what stands elsewhere, which is never fetched") from None
    except (ParseError, ValueError, LookupError) as fault:
        raise Malformed(f"it is not well-formed XML: {fault}") from None
    return root


# What the document says of a value's form.


def _root(schema: Schema | None, name: str = "root") -> _Form:
    """The form of a value that is no member, which its own schema names or else *name* does."""
    if schema is None:
        return _Form("element", name)
    at, _ = follow(schema.schemas.prepared.root, schema.pointer)
    tokens = pointers.split(at)
    # OpenAPI 3.1.1 §4.8.26: a component's root goes by the name of the component
    is_component = tokens[:2] == ("components", "schemas") and len(tokens) == 3
    return replace(_form(schema, tokens[-1] if is_component else name), kind="element")


def _form(schema: Schema | None, name: str) -> _Form:
    """The form of a value of *schema* whose member is called *name*."""
    said = _said(schema) if schema is not None else {}
    kind: _Kind = "element"
    if is_array(schema):
        kind = "element" if said.get("wrapped") is True else "none"
    if said.get("attribute") is True:
        kind = "attribute"
    kind = next((one for one in _KINDS if one == said.get("nodeType")), kind)
    names = {word: said[word] for word in ("name", "namespace", "prefix") if _is_text(said, word)}
    return _Form(
        kind,
        _name(names.get("name", name)),
        names.get("namespace", ""),
        names.get("prefix", ""),
        "name" in names,
    )


def _item_form(array: _Form, items: Schema | None) -> _Form:
    """The form of the items of an array: by default they are called as it is."""
    form = _form(items, array.name)
    return replace(form, kind="element")


def _said(schema: Schema) -> Mapping[str, Any]:
    """The XML Object of *schema*, or of what it refers to."""
    root, at = schema.schemas.prepared.root, schema.pointer
    seen: set[str] = set()
    while at not in seen:
        seen.add(at)
        node = pointers.find(root, at)
        if isinstance(node, Mapping) and isinstance(node.get("xml"), Mapping):
            said: Mapping[str, Any] = node["xml"]
            return said
        target = resolve(root, node)
        if target is None:
            break
        at = target[0]
    return {}


def _is_text(said: Mapping[str, Any], word: str) -> bool:
    return isinstance(said.get(word), str) and bool(said[word])


def _name(name: str) -> str:
    """*name* as a name of XML: what may not stand in one is an underscore."""
    name = _NOT_OF_NAMES.sub("_", name)
    return f"_{name}" if not name or _NOT_FIRST.match(name) else name


# Reading.


def _texts(schema: Schema | None, element: Element, depth: int) -> Any:
    """What *element* holds, in the structure of *schema*."""
    if depth > _DEEPEST:
        raise Malformed(f"it is nested more than {_DEEPEST} levels deep")
    if element.get(_NIL) in _TRUE:
        return None
    if schema is None:
        return _untyped(element, depth)
    if is_array(schema):
        # the items of an array that is no member go by any name where the document gives none
        items = coercion.items(schema)
        form = _root(items)
        own = [child for child in element if not form.is_named or form.is_of(child.tag)]
        return [_texts(items, child, depth + 1) for child in own]
    types = types_of(schema)
    is_structured = len(element) > 0 or any("{" not in name for name in element.attrib)
    if "object" in types and (is_structured or not types & {"string", "number", "boolean"}):
        return _object(schema, element, depth)
    if len(element):
        return _untyped(element, depth)
    return _literal(schema, element.text or "")


def _literal(schema: Schema | None, text: str) -> str:
    """*text* as JSON writes it, of what XML writes otherwise (XML Schema 1.1 §3.3.2, §3.4.13)."""
    types = types_of(schema)
    if "string" in types:
        return text
    text = text.strip()
    if types & {"integer", "number"}:
        return _ZEROS.sub(r"\1", text)
    return {"1": "true", "0": "false"}.get(text, text) if "boolean" in types else text


def _object(schema: Schema, element: Element, depth: int) -> dict[str, Any]:
    by_name = _by_name(element)
    members: dict[str, Any] = {}
    taken: set[str] = set()
    for name in coercion.declared(schema):
        inner = coercion.member(schema, name)
        form = _form(inner, name)
        if form.kind == "attribute":
            texts = (text for tag, text in element.attrib.items() if form.is_of(tag))
            values = [_literal(inner, text) for text in texts]
        elif form.kind in ("text", "cdata"):
            values = [_literal(inner, element.text or "")]
        else:
            if inner is not None and form.kind == "none":
                form = _item_form(form, coercion.items(inner))
            taken.add(form.name)
            own = [child for child in by_name.get(form.name, ()) if form.is_of(child.tag)]
            is_required = any(name in names for names in coercion.says(schema, "required"))
            values = list(_declared(inner, name, own, depth, is_required=is_required))
        members.update((name, value) for value in values[:1])
    for name, children in by_name.items():
        # what stands in another namespace, or beside its attribute, is not the member of that name
        if name not in taken and not coercion.declares(schema, name):
            members.update(
                (name, value)
                for value in _declared(coercion.member(schema, name), name, children, depth)
            )
    return members


def _declared(
    schema: Schema | None, name: str, own: list[Element], depth: int, *, is_required: bool = False
) -> Iterator[Any]:
    """The value of the member *name*, whose elements are *own*, if it is there."""
    if not is_array(schema):
        if own:
            texts = [_texts(schema, child, depth + 1) for child in own]
            yield texts[0] if len(texts) == 1 else texts
        return
    form = _form(schema, name)
    items = coercion.items(schema)
    if form.kind == "none":
        # an array without items is nothing at all, and is there if it has to be
        if own or is_required:
            yield [_texts(items, child, depth + 1) for child in own]
    elif own:
        item = _item_form(form, items)
        wrapped = [child for child in own[0] if item.is_of(child.tag)]
        is_nil = own[0].get(_NIL) in _TRUE
        yield None if is_nil else [_texts(items, child, depth + 1) for child in wrapped]


def _by_name(element: Element) -> dict[str, list[Element]]:
    """The children of *element* by their names without namespace."""
    by_name: dict[str, list[Element]] = {}
    for child in element:
        by_name.setdefault(child.tag.rpartition("}")[2], []).append(child)
    return by_name


def _untyped(element: Element, depth: int) -> Any:
    """What *element* holds where no schema says: an object of its children, or a text."""
    if not len(element):
        return element.text or ""
    return {
        name: value
        for name, children in _by_name(element).items()
        for value in _declared(None, name, children, depth)
    }


# Writing.


def _element(
    form: _Form, schema: Schema | None, value: Any, *, item: _Form | None = None
) -> Iterator[str]:
    """The element that *form* makes of *value*, whose items, if it is an array, are *item*."""
    tag = f"{form.prefix}:{form.name}" if form.prefix else form.name
    attributes = _namespace(form)
    content: list[str] = []
    if value is None:
        attributes.append(f' xmlns:xsi="{_XSI}" xsi:nil="true"')
    elif isinstance(value, dict):
        for name, held in value.items():
            inner = coercion.member(schema, name)
            _write_member(_form(inner, name), inner, held, attributes, content)
    elif isinstance(value, list):
        items = coercion.items(schema)
        item = item or _root(items, "item")
        content += (piece for held in value for piece in _element(item, items, held))
    else:
        content.append(_escaped(text_of(value), _ESCAPES))
    yield f"<{tag}{''.join(dict.fromkeys(attributes))}"
    yield from (">", *content, f"</{tag}>") if content else ("/>",)


def _write_member(
    form: _Form, schema: Schema | None, value: Any, attributes: list[str], content: list[str]
) -> None:
    """Add the member *value* of an object to its element's *attributes* or *content*."""
    items = coercion.items(schema)
    if form.kind == "attribute":
        if isinstance(value, dict | list) or value is None:
            raise Unwritable(f"the attribute {form.name!r} cannot hold {text_of(value)[:60]}")
        tag = f"{form.prefix}:{form.name}" if form.prefix else form.name
        attributes += _namespace(form) if form.prefix else []
        attributes.append(f' {tag}="{_escaped(text_of(value), _ATTRIBUTE_ESCAPES)}"')
    elif form.kind == "text":
        content.append(_escaped(text_of(value), _ESCAPES))
    elif form.kind == "cdata":
        text = _escaped(text_of(value), {}).replace("]]>", "]]]]><![CDATA[>")
        content.append(f"<![CDATA[{text}]]>")
    elif isinstance(value, list) and (schema is None or form.kind == "none"):
        item = _item_form(form, items)
        content += (piece for held in value for piece in _element(item, items, held))
    elif form.kind != "none" or value is not None:
        content += _element(form, schema, value, item=_item_form(form, items))


def _namespace(form: _Form) -> list[str]:
    if not form.namespace:
        return []
    prefix = f":{form.prefix}" if form.prefix else ""
    return [f' xmlns{prefix}="{_escaped(form.namespace, _ATTRIBUTE_ESCAPES)}"']


def _escaped(text: str, escapes: Mapping[str, str]) -> str:
    if bad := NOT_CHARACTERS.search(text):
        raise Unwritable(f"XML has no character {bad[0]!r}")
    return "".join(escapes.get(char, char) for char in text) if escapes else text
