"""Every extension field (`x-…`) that troth reads: where it may stand, and what its value is.

spec/README.md documents the same for authors, with examples.  `check` is used by lint and when a
document is compiled, so that a misspelt field is seen and never silently without effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

from troth import pointer as pointers
from troth.document import grammar
from troth.errors import nearest

_WORD = {"type": "string", "minLength": 1}
_KEBAB = {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"}
_POINTER = {"type": "string", "pattern": "^(/([^~/]|~[01])*)*$"}
_CONDITION = {"type": "string", "pattern": "\\S"}

_RULE = {
    "if": {"type": "string"},
    "then": {"enum": ["last", "first", "concatenate", "append", "drop"]},
    "else": {
        "type": "object",
        "properties": {
            "as": _WORD,
            "rule": {"enum": ["last", "first", "concatenate", "append", "drop"]},
            "const": True,
            "by": _WORD,
            "drop-key": {"type": "boolean"},
            "members": {"$ref": "#/$defs/members"},
        },
        "additionalProperties": False,
        "dependentRequired": {"drop-key": ["by"]},
    },
}

_ASSEMBLY = {
    "type": "object",
    "required": ["body", "members"],
    "properties": {
        "body": {"type": "string", "pattern": "^[^/\\s]+/[^/\\s]+"},
        "members": {"$ref": "#/$defs/members"},
    },
    "additionalProperties": False,
    "$defs": {
        "members": {"type": "object", "additionalProperties": {"$ref": "#/$defs/rule"}},
        "rule": _RULE,
    },
}

_LAWS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["id", "says", "message", "holds"],
        "properties": {
            "id": _KEBAB,
            "says": _WORD,
            "message": _WORD,
            "severity": {"enum": ["error", "warning"]},
            "group": _KEBAB,
            "when": _CONDITION,
            "holds": _CONDITION,
            "requests": {"type": "array", "items": {"type": "object"}},
            "repeats": {"type": ["boolean", "object"]},
            "before": _WORD,
            "after": _WORD,
        },
        "dependentRequired": {"before": ["after"], "after": ["before"]},
        "additionalProperties": False,
    },
}


#: Codes of lint; their names, or each with the reason why it is ignored.
_IGNORED = {
    "anyOf": [
        _KEBAB,
        {"type": "array", "items": _KEBAB},
        {"type": "object", "propertyNames": _KEBAB, "additionalProperties": {"type": "string"}},
    ]
}


#: The parts of a chat completion that `x-troth-completion` can point to, by what holds them.
RequestPart = Literal[
    "model", "messages", "choices", "stop", "tools", "tool-choice", "parallel-tool-calls",
    "response-format", "logprobs", "top-logprobs", "service-tier", "include-usage", "reasoning",
    "search",
]  # fmt: skip
ResponsePart = Literal[
    "id", "created", "model", "choices", "usage", "system-fingerprint", "service-tier"
]
ChoicePart = Literal[
    "index", "message", "role", "content", "reasoning", "refusal", "annotations", "tool-calls",
    "finish-reason", "logprobs",
]  # fmt: skip
UsagePart = Literal["prompt", "completion", "total"]


#: The parts of a text's embedding that `x-troth-embedding` can point to, by what holds them.
EmbeddingRequestPart = Literal["input", "model", "dimensions", "encoding"]
EmbeddingResponsePart = Literal["vectors", "model", "usage"]
VectorPart = Literal["index", "embedding"]


def _members(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


def _places(parts: Any) -> dict[str, Any]:
    return dict.fromkeys(get_args(parts), _POINTER)


_COMPLETION = _members(
    {
        "dialect": {"const": "chat"},
        "id-prefix": {"type": "string"},
        "base-path": {"type": "string", "pattern": "^(/[^/?#]+)*/?$"},
        "models": _members(
            {"operation": _WORD, "ids": {"type": "string", "pattern": "^(/[^/]*)*$"}},
            *("operation", "ids"),
        ),
        "instructions": {"type": "array", "items": _WORD},
        "annotation": {"type": "object"},
        "request": _members(
            _places(RequestPart) | {"token-limits": {"type": "array", "items": _POINTER}}
        ),
        "response": _members(_places(ResponsePart), "choices"),
        "choice": _members(_places(ChoicePart), "content"),
        "usage": _members(_places(UsagePart)),
    },
    *("dialect", "response", "choice"),
)


_EMBEDDING = _members(
    {
        "size": {"type": "integer", "minimum": 1, "maximum": 65536},
        "request": _members(_places(EmbeddingRequestPart), "input"),
        "response": _members(_places(EmbeddingResponsePart), "vectors"),
        "vector": _members(_places(VectorPart), "embedding"),
        "usage": _members(_places(UsagePart)),
    },
    *("size", "request", "response", "vector"),
)


#: What an operation does with a resource.
ResourceRole = Literal["create", "read", "list", "update", "replace", "delete", "search", "action"]
_PATH = {"type": "string", "pattern": "^/"}
_NAME_OR_NULL = {"type": ["string", "null"], "minLength": 1}
_POINTERS = {"type": "object", "additionalProperties": _POINTER}
_POINTER_OR_NULL = {**_POINTER, "type": ["string", "null"]}

#: What of a list a parameter in query may say.
LISTING = ("limit", "offset", "page", "cursor", "sort", "order", "search")
_RESOURCE = {
    "type": ["boolean", "object"],
    "not": {"const": True},
    "properties": {
        "name": _WORD,
        "collection": {**_PATH, "type": ["string", "null"]},
        "identifier": _POINTER_OR_NULL,
        "client-named": {"type": "boolean"},
        "path": _PATH,
        "role": {"enum": list(get_args(ResourceRole))},
        "item": _POINTER,
        "items": _POINTER,
        "sent": _POINTER,
        "listing": {
            "type": "object",
            "properties": {
                **{name: _NAME_OR_NULL for name in LISTING},
                "next": _POINTER_OR_NULL,
                "total": _POINTER_OR_NULL,
                "pages": _POINTER_OR_NULL,
                "more": _POINTER_OR_NULL,
                **dict.fromkeys(("filters", "least", "most"), _POINTERS),
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Extension:
    """A field: the kinds of object (`grammar`'s words) that it may stand in, and its value."""

    name: str
    kinds: tuple[str, ...]
    schema: Mapping[str, Any]


EXTENSIONS: Mapping[str, Extension] = {
    extension.name: extension
    for extension in (
        Extension("x-speakeasy-sse-sentinel", ("media-type",), _WORD),
        Extension("x-troth-when", ("media-type",), _CONDITION),
        Extension("x-troth-assembly", ("media-type",), _ASSEMBLY),
        Extension("x-troth-laws", ("openapi", "path-item", "operation"), _LAWS),
        Extension("x-troth-completion", ("operation",), _COMPLETION),
        Extension("x-troth-embedding", ("operation",), _EMBEDDING),
        Extension("x-troth-resource", ("path-item", "operation"), _RESOURCE),
        Extension("x-troth-costs", ("schema",), {"type": "number"}),
        Extension("x-troth-ignore", (*grammar.MEMBERS, ""), _IGNORED),
        # written by `document` itself: the parts of other files that the document refers to
        Extension("x-troth-bundled", ("openapi",), {}),
    )
}

_OURS = "x-troth-"
# Members of the document's root that hold objects beside those that `grammar` walks.
_SIDES = ("info", "tags", "externalDocs")


def check(document: Any) -> list[tuple[str, str]]:
    """Every misused or misspelt field of *document* (its JSON value): pointer and sentence."""
    if not isinstance(document, dict):
        return []
    faults: list[tuple[str, str]] = []
    # a stack: the root comes off first
    waiting: list[tuple[Any, str, str]] = []
    for side in _SIDES:
        entries = document.get(side)
        listed = entries if isinstance(entries, list) else [entries]
        base = f"/{side}"
        waiting.extend(
            (entry, pointers.join(base, index) if isinstance(entries, list) else base, "")
            for index, entry in enumerate(listed)
        )
    waiting.append((document, "", "openapi"))
    while waiting:
        node, at, kind = waiting.pop()
        if isinstance(node, dict):
            faults.extend(_check_object(node, at, kind))
            if kind:
                inner = [child[:3] for child in grammar.children(node, at, kind)]
                waiting.extend(reversed(inner))
    return faults


def misfits(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """How *value* departs from what the field *name* holds: pointer into it, and sentence."""
    for error in _validator(name).iter_errors(value):
        at = pointers.of(error.instance_path)
        if error.kind.name == "additionalProperties":
            known = _known(name, error.schema_path)
            for member in error.kind.unexpected:
                close = nearest(member, known)
                advice = f" (did you mean {close!r}?)" if close else ""
                yield pointers.join(at, member), f"{member!r} means nothing in {name}{advice}"
        else:
            yield at, f"{error.message} (in {name})"


def _check_object(node: dict[str, Any], at: str, kind: str) -> Iterator[tuple[str, str]]:
    for name, value in node.items():
        if name not in EXTENSIONS and not name.startswith(_OURS):
            continue
        where = pointers.join(at, name)
        extension = EXTENSIONS.get(name)
        if extension is None:
            close = nearest(name, EXTENSIONS)
            known = f"did you mean {close!r}?" if close else f"known are {', '.join(EXTENSIONS)}"
            yield where, f"troth knows no field {name!r}; {known}"
        elif kind not in extension.kinds:
            kinds = " or ".join(_TITLES[kind] for kind in extension.kinds)
            yield where, f"{name!r} has no effect here: it stands in {kinds}"
        else:
            yield from ((where + inner, sentence) for inner, sentence in misfits(name, value))


def _known(name: str, schema_path: list[str | int]) -> list[str]:
    """The members that the `additionalProperties` at *schema_path* leaves legal."""
    schema: Any = EXTENSIONS[name].schema
    for step in schema_path[:-1]:
        schema = (
            pointers.resolve(EXTENSIONS[name].schema, "/$defs/members")
            if (step == "$ref")
            else schema[step]
        )
    return list(schema.get("properties", ()))


@cache
def _validator(name: str) -> Any:
    # compiled for documents that have such a field, which few do
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator(dict(EXTENSIONS[name].schema))


_TITLES = {
    "openapi": "the document's root",
    "media-type": "a Media Type Object",
    "path-item": "a Path Item Object",
    "operation": "an Operation Object",
    "schema": "a Schema Object",
}
