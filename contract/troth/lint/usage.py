"""What is declared and never used, and what is used and never declared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from troth import pointer as pointers
from troth.lint.findings import Finding, Fix
from troth.lint.survey import Survey
from troth.lint.walk import Node


def tags(survey: Survey) -> Iterator[Finding]:
    """Find tags that no operation has, and tags of operations that are not declared."""
    used: dict[str, Node] = {}
    for operation in survey.of("operation"):
        for tag in operation["tags"] or ():
            used.setdefault(tag, operation)
    written = survey.document.root.get("tags")
    objects = [tag for tag in written if isinstance(tag, dict)] if isinstance(written, list) else []
    declared = [tag["name"] for tag in objects if isinstance(tag.get("name"), str)]
    # OpenAPI 3.2 §4.22: tags nest
    parents = {tag["parent"] for tag in objects if isinstance(tag.get("parent"), str)}
    unused = [name for name in declared if name not in used and name not in parents]
    if unused:
        yield survey.finding(
            "unused-tag",
            "/tags",
            f"{len(unused)} of {len(declared)} tags are used by no operation: {', '.join(unused)}.",
        )
    if declared:
        for name, operation in used.items():
            if name not in declared:
                yield survey.finding(
                    "undeclared-tag",
                    operation,
                    f"The tag {name!r} is not among the document's tags.",
                )


def components(survey: Survey) -> Iterator[Finding]:
    """Find components that nothing reaches from a path or a webhook."""
    root = survey.by_pointer[""]
    reached = _reached(survey.document.root)
    if root["paths"] is None and root["webhooks"] is None:
        return  # a library of components is there to be used by others
    for node in survey.nodes:
        if node.parent is None or node.parent.role != "components":
            continue
        if node.role != "security-scheme" and node.pointer not in reached:
            yield survey.finding(
                "unused-component",
                node,
                f"Nothing refers to this component ({node.edge[0]}).",
                Fix("remove", node.pointer),
            )


def _reached(root: dict[str, Any]) -> set[str]:
    """The pointers that references name, starting from everything outside the components."""
    pending: list[Any] = [value for name, value in root.items() if name != "components"]
    reached: set[str] = set()
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, dict):
            pending.extend(value.values())
            for target in _references(value):
                if target not in reached:
                    reached.update(_with_parents(target))
                    try:
                        pending.append(pointers.resolve(root, target))
                    except (KeyError, ValueError):
                        continue
    return reached


def _references(value: dict[str, Any]) -> Iterator[str]:
    for word in ("$ref", "$dynamicRef", "operationRef"):
        if isinstance(value.get(word), str) and value[word].startswith("#/"):
            yield pointers.from_fragment(value[word][1:])
    discriminator = value.get("discriminator")
    mapping = discriminator.get("mapping") if isinstance(discriminator, dict) else None
    for target in mapping.values() if isinstance(mapping, dict) else ():
        # OpenAPI 3.1 §4.8.25: a mapping names a schema, or is a reference to one
        if isinstance(target, str):
            bare = pointers.join("/components/schemas", target)
            yield pointers.from_fragment(target[1:]) if target.startswith("#/") else bare


def _with_parents(target: str) -> Iterator[str]:
    yield target
    tokens = pointers.split(target)
    if len(tokens) > 3:  # a reference into a component uses the component
        yield pointers.of(tokens[:3])


def security(survey: Survey) -> Iterator[Finding]:
    """Find security requirements that name no scheme."""
    schemes = {node.name for node in survey.of("security-scheme")}
    for node in (survey.by_pointer[""], *survey.of("operation")):
        requirements = node["security"]
        for index, requirement in enumerate(requirements or ()):
            for name in requirement if isinstance(requirement, dict) else ():
                if name not in schemes and not name.startswith(("#/", "http:", "https:", "./")):
                    known = ", ".join(sorted(schemes)) or "none"
                    yield survey.finding(
                        "unknown-security-scheme",
                        pointers.join(node.pointer, "security", index),
                        f"The security scheme {name!r} is not declared (there is {known}).",
                    )


def duplicate_samples(survey: Survey) -> Iterator[Finding]:
    """Find code samples that repeat an earlier one of the same operation."""
    for operation in survey.of("operation"):
        first: dict[str, int] = {}
        for index, sample in enumerate(operation["x-codeSamples"] or ()):
            text = json.dumps(sample, sort_keys=True)
            if text in first:
                pointer = pointers.join(operation.pointer, "x-codeSamples", index)
                yield survey.finding(
                    "duplicate-sample",
                    pointer,
                    f"The code sample is an exact copy of sample {first[text]}.",
                    Fix("remove", pointer),
                )
            else:
                first[text] = index
