"""What the declared members of objects leave open: constants, payloads, siblings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from troth.errors import SpecError
from troth.lint.english import only_value
from troth.lint.findings import Finding, Fix
from troth.lint.members import conditional, in_place, says, types
from troth.lint.survey import Survey, text_of
from troth.lint.walk import Node

# Names by which objects say what kind of object they are.
_TAGS = frozenset(
    (
        "type",
        "kind",
        "object",
        "mode",
        "method",
        "strategy",
        "resource_type",
        "resourceType",
        "@type",
    )
)
_CLOSED = ("enum", "const", "pattern", "format")
_ADVERBS = frozenset(
    ("top", "best", "other", "alternative", "similar", "nearest", "related", "candidate")
)


def constants(survey: Survey) -> Iterator[Finding]:
    """Find a required tag whose example spells the name of its own object, with no const.

    `object: chat.completion` in a ChatCompletionResponse is what tells it from its look-alikes
    (its stream's chunks, to begin with); as a free string it tells nothing.
    """
    for owner in survey.of("schema"):
        for name in _required(owner):
            node = survey.child(owner, "properties", name)
            if node is None or name not in _TAGS or types(survey, node) != {"string"}:
                continue
            value = _spelt_name(owner, node)
            if value is None or says(survey, node, *_CLOSED) or only_value(node.description):
                continue
            yield survey.finding(
                "constant-missing",
                node,
                f"`{name}` is {text_of(value)} by its example and its description, and any string "
                f"passes: another kind of object is taken for this one; `const` would tell them "
                "apart.",
                Fix("merge", node.pointer, survey.exactly(value)),
            )


def _spelt_name(owner: Node, node: Node) -> str | None:
    example = node["example"]
    if example is None and isinstance(node["examples"], list) and len(node["examples"]) == 1:
        example = node["examples"][0]
    if not isinstance(example, str):
        return None
    words = [word.lower() for word in re.split(r"[._/-]", example)]
    named = _words(owner.name)
    if len(words) < 2 or not all(words) or named[: len(words)] != words:
        return None
    described = f"{node.description} {owner.description}".lower()
    return example if " ".join(words) in described else None


def payloads(survey: Survey) -> Iterator[Finding]:
    """Find tags one of whose values is the name of an optional member beside it."""
    for owner in survey.of("schema"):
        declared = owner["properties"]
        if not isinstance(declared, dict):
            continue
        for name in sorted(_TAGS & declared.keys()):
            tag = survey.child(owner, "properties", name)
            values = [
                value
                for value in (_allowed(survey, tag) if tag else ())
                if _announces(survey, owner, name, value) and _lacks(survey, owner, name, value)
            ]
            if values:
                fixes: list[Fix] = []
                if not survey.is_3_0:  # `if` came with OpenAPI 3.1
                    conditions = {"allOf": [_when(name, value) for value in values]}
                    fixes.append(Fix("merge", owner.pointer, conditions))
                more = f" (and {len(values) - 1} more like it)" if len(values) > 1 else ""
                yield survey.finding(
                    "enum-needs-member",
                    owner,
                    f"`{name}: {values[0]}` passes without `{values[0]}`, the member that it "
                    f"announces{more}.",
                    *fixes,
                )


def _announces(survey: Survey, owner: Node, name: str, value: str) -> bool:
    payload = survey.child(owner, "properties", value)
    return payload is not None and value != name and "object" in types(survey, payload)


def _allowed(survey: Survey, tag: Node) -> list[str]:
    values = [value for part in in_place(survey, tag) for value in part["enum"] or ()]
    return sorted({value for value in values if isinstance(value, str)})


def _lacks(survey: Survey, owner: Node, name: str, value: str) -> bool:
    """Whether an object with the tag *value* is valid without its member."""
    if any(value in _required(relative) for relative in survey.family(owner)):
        return False
    if conditional(survey, owner, name, value):
        return False
    others = set(_required(owner)) - {name}
    if others:
        return True
    try:
        return survey.schemas.at(owner.pointer).is_valid({name: value})
    except SpecError:
        return False


def _when(name: str, value: str) -> dict[str, Any]:
    return {
        "if": {"required": [name], "properties": {name: {"const": value}}},
        "then": {"required": [value], "properties": {value: {"not": {"type": "null"}}}},
    }


def siblings(survey: Survey) -> Iterator[Finding]:
    """Find objects that carry the top few of a kind, are of that kind, and declare none of it.

    An entry of log probabilities lists `top_logprobs`, each a token with its logprob; the entry
    itself is such a token too.
    """
    for owner in survey.of("schema"):
        declared = list(survey.children(owner, "properties"))
        if len(declared) != 1:
            continue
        (node,) = declared
        items = survey.child(node, "items")
        kind = survey.resolve(items) if items else None
        if kind is None or kind.pointer == owner.pointer or not kind["properties"]:
            continue
        adverb, _, noun = node.name.partition("_")
        if adverb not in _ADVERBS or not noun:
            continue
        squashed = _squash(_words(kind.name))
        if not squashed.endswith(_squash([noun])) or squashed not in _squash(_words(owner.name)):
            continue
        members = {name: value for name, value in kind["properties"].items() if name != node.name}
        yield survey.finding(
            "sibling-lacks-members",
            owner,
            f"It declares `{node.name}` only; its sibling {kind.name} declares "
            f"{', '.join(members)}, and this is one of that kind.",
            Fix("merge", owner.pointer, {"properties": members}),
        )


def open_objects(survey: Survey) -> Iterator[Finding]:
    """Count the objects that accept members that they do not declare."""
    declaring = [node for node in survey.of("schema") if node["properties"]]
    closed = [
        node
        for node in declaring
        if any(
            part["additionalProperties"] is not None or part["unevaluatedProperties"] is not None
            for part in survey.family(node)
        )
    ]
    if declaring and len(closed) < len(declaring):
        yield survey.finding(
            "open-objects",
            "",
            f"{len(declaring) - len(closed)} of {len(declaring)} objects with declared members are "
            "open: a misspelt member is accepted (troth gives a hint at validation).",
        )


def formats(survey: Survey) -> Iterator[Finding]:
    """Count the numeric formats, which are annotations unless a validator asserts them."""
    counted = dict.fromkeys(("int32", "int64", "float", "double"), 0)
    for node in survey.of("schema"):
        if isinstance(node["format"], str) and node["format"] in counted:
            counted[node["format"]] += 1
    integers, floats = counted["int32"] + counted["int64"], counted["float"] + counted["double"]
    if integers or floats:
        parts = [
            f"{number} {words}"
            for number, words in ((integers, "int32/int64"), (floats, "float/double"))
            if number
        ]
        yield survey.finding(
            "format-annotation",
            "",
            f"Numeric formats are annotations by default ({', '.join(parts)}): to most validators "
            "2^40 is an int32; troth asserts int32 and int64.",
        )


def _required(node: Node) -> list[str]:
    required = node["required"]
    return (
        [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
    )


def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def _squash(words: list[str]) -> str:
    return "".join(word.rstrip("s") for word in words)
