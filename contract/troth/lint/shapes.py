"""What the declared members of objects leave open: constants, payloads, siblings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from troth.errors import SpecError
from troth.lint.diagnostics import Diagnostic, inline_json
from troth.lint.english import only_value
from troth.lint.survey import CLOSED, Node, Survey

# Names by which objects say what kind of object they are.
_TAGS = frozenset(
    "type kind object mode method strategy resource_type resourceType @type".split()  # noqa: SIM905 - a list of words
)
_ADVERBS = frozenset(
    ("top", "best", "other", "alternative", "similar", "nearest", "related", "candidate")
)


def constants(survey: Survey) -> Iterator[Diagnostic]:
    """Find a required tag whose example spells the name of its own object, with no const.

    `object: chat.completion` in a ChatCompletionResponse is what tells it from its look-alikes
    (its stream's chunks, to begin with); as a free string it tells nothing.
    """
    for owner in survey.of("schema"):
        for name in _TAGS.intersection(owner["required"] or ()):
            node = survey.child(owner, "properties", name)
            if node is None or survey.types(node) != {"string"}:
                continue
            value = _spelt_name(owner, node)
            if value is None or survey.says(node, *CLOSED) or only_value(node.description):
                continue
            message = (
                f"`{name}` is {inline_json(value)} by its example and its description, and any "
                "string passes: another kind of object is taken for this one; `const` would tell "
                "them apart."
            )
            yield survey.diagnose("constant-missing", node, message, merge=survey.exactly(value))


def _spelt_name(owner: Node, node: Node) -> str | None:
    example, listed = node["example"], node["examples"]
    if example is None and isinstance(listed, list) and len(listed) == 1:
        example = listed[0]
    if not isinstance(example, str):
        return None
    words = [word.lower() for word in re.split(r"[._/-]", example)]
    if len(words) < 2 or not all(words) or _words(owner.name)[: len(words)] != words:
        return None
    described = f"{node.description} {owner.description}".lower()
    return example if " ".join(words) in described else None


def payloads(survey: Survey) -> Iterator[Diagnostic]:
    """Find tags one of whose values is the name of an optional member beside it."""
    for owner in survey.of("schema"):
        for name in sorted(_TAGS.intersection(owner["properties"] or ())):
            values = [
                value
                for value in _allowed(survey, survey.child(owner, "properties", name))
                if _announces(survey, owner, name, value) and _lacks(survey, owner, name, value)
            ]
            if values:
                # `if` came with OpenAPI 3.1
                merge = None if survey.is_3_0 else {"allOf": [_when(name, each) for each in values]}
                more = f" (and {len(values) - 1} more like it)" if len(values) > 1 else ""
                message = (
                    f"`{name}: {values[0]}` passes without `{values[0]}`, the member that it "
                    f"announces{more}."
                )
                yield survey.diagnose("enum-needs-member", owner, message, merge=merge)


def _allowed(survey: Survey, tag: Node | None) -> list[str]:
    values = [value for part in survey.in_place(tag) for value in part["enum"] or ()]
    return sorted({value for value in values if isinstance(value, str)})


def _announces(survey: Survey, owner: Node, name: str, value: str) -> bool:
    payload = survey.child(owner, "properties", value)
    return payload is not None and value != name and "object" in survey.types(payload)


def _lacks(survey: Survey, owner: Node, name: str, value: str) -> bool:
    """Whether an object with the tag *value* is valid without its member."""
    if any(value in (relative["required"] or ()) for relative in survey.family(owner)):
        return False
    if survey.is_conditional(owner, name, value):
        return False
    if set(owner["required"] or ()) - {name}:
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


def siblings(survey: Survey) -> Iterator[Diagnostic]:
    """Find objects that carry the top few of a kind, are of that kind, and declare none of it.

    An entry of log probabilities lists `top_logprobs`, each a token with its logprob; the entry
    itself is such a token too.
    """
    for owner in survey.of("schema"):
        declared = list(survey.children(owner, "properties"))
        if len(declared) != 1:
            continue
        (node,) = declared
        kind = survey.resolve(survey.child(node, "items"))
        adverb, _, noun = node.name.partition("_")
        if kind is None or kind is owner or not kind["properties"] or adverb not in _ADVERBS:
            continue
        squashed = _squash(_words(kind.name))
        if not noun or not squashed.endswith(_squash([noun])):
            continue
        if squashed not in _squash(_words(owner.name)):
            continue
        members = {name: value for name, value in kind["properties"].items() if name != node.name}
        message = (
            f"It declares `{node.name}` only; its sibling {kind.name} declares "
            f"{', '.join(members)}, and this is one of that kind."
        )
        merge = {"properties": members}
        yield survey.diagnose("sibling-lacks-members", owner, message, merge=merge)


def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def _squash(words: list[str]) -> str:
    return "".join(word.rstrip("s") for word in words)


def open_objects(survey: Survey) -> Iterator[Diagnostic]:
    """Count the objects that accept members that they do not declare."""
    declaring = [node for node in survey.of("schema") if node["properties"]]
    are_open = sum(
        all(
            part["additionalProperties"] is None and part["unevaluatedProperties"] is None
            for part in survey.family(node)
        )
        for node in declaring
    )
    if are_open:
        message = (
            f"{are_open} of {len(declaring)} objects with declared members are "
            "open: a misspelt member is accepted (troth gives a hint at validation)."
        )
        yield survey.diagnose("open-objects", "", message)


def formats(survey: Survey) -> Iterator[Diagnostic]:
    """Count the numeric formats, which are annotations unless a validator asserts them."""
    used = [node["format"] for node in survey.of("schema")]
    parts = [
        f"{number} {'/'.join(names)}"
        for names in (("int32", "int64"), ("float", "double"))
        if (number := sum(map(used.count, names)))
    ]
    if parts:
        message = (
            f"Numeric formats are annotations by default ({', '.join(parts)}): to most validators "
            "2^40 is an int32; troth asserts int32 and int64."
        )
        yield survey.diagnose("format-annotation", "", message)
