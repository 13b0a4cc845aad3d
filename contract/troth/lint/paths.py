"""Paths and operations: what addresses them, and whether they say what they answer."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from troth.lint.findings import Finding, Fix
from troth.lint.survey import Survey
from troth.lint.walk import Node

_TEMPLATE = re.compile(r"\{([^{}]+)\}")


def paths(survey: Survey) -> Iterator[Finding]:
    """Find paths without a leading slash, and paths that one target could mean both of."""
    alike: dict[str, list[Node]] = defaultdict(list)
    for item in survey.of("path-item"):
        if item.edge[0] != "paths":
            continue
        path = item.name
        if not path.startswith("/"):
            yield survey.finding(
                "path-without-slash",
                item,
                f"The path {path!r} does not begin with a slash, so it can never be addressed.",
            )
        # OpenAPI 3.1 §4.8.8.2: templates that differ in their names only are identical; a query is
        # no part of the path, and a fragment is never sent (RFC 9110 §7.1)
        alike[_TEMPLATE.sub("{}", re.split("[?#]", path)[0])].append(item)
    for items in alike.values():
        for later in items[1:]:
            if not any(_methods(later) & _methods(item) for item in items if item is not later):
                continue
            yield survey.finding(
                "ambiguous-path",
                later,
                f"The path {later.name!r} matches the same targets as {items[0].name!r}.",
            )
    yield from _crossing(survey, [items[0] for items in alike.values()])


def _crossing(survey: Survey, items: list[Node]) -> Iterator[Finding]:
    """Templates of which neither is the more concrete: `/a/{x}` beside `/{y}/b`."""
    met: dict[tuple[int, str], list[tuple[Node, list[str]]]] = defaultdict(list)
    for item in items:
        if "{" not in item.name:
            continue
        segments = [_TEMPLATE.sub("{}", part) for part in item.name.split("/")]
        size, first = len(segments), segments[1] if len(segments) > 1 else ""
        # only what begins alike can cross, and what begins with a variable begins like anything
        open_start = "{}" in first
        heads = {head for length, head in met if length == size} if open_start else {first, "{}"}
        for other, theirs in [each for head in sorted(heads) for each in met[size, head]]:
            if _undecided(segments, theirs) and _methods(item) & _methods(other):
                target = _target(segments, theirs)
                yield survey.finding(
                    "ambiguous-path",
                    item,
                    f"The target {target!r} fits {item.name!r} and {other.name!r}, and neither "
                    "is the more concrete.",
                )
        met[size, "{}" if open_start else first].append((item, segments))


def _undecided(one: list[str], other: list[str]) -> bool:
    """Whether a target fits both, while each is concrete where the other is not."""
    leads = set()
    for ours, theirs in zip(one, other, strict=True):
        if "{}" not in ours and "{}" not in theirs:
            if ours != theirs:
                return False
        elif ours != "{}" and theirs != "{}":
            if ours != theirs:  # a template within a segment: not compared
                return False
        elif ours != theirs:
            leads.add(ours == "{}")
    return len(leads) == 2


def _target(one: list[str], other: list[str]) -> str:
    chosen = (ours if ours != "{}" else theirs for ours, theirs in zip(one, other, strict=True))
    return "/".join(segment.replace("{}", "x") for segment in chosen)


def _methods(item: Node) -> set[str]:
    return set(item.value) - {"parameters", "summary", "description", "servers"}


def operations(survey: Survey) -> Iterator[Finding]:
    """Find duplicate operationIds, and operations that name no success."""
    first: dict[str, Node] = {}
    for operation in survey.of("operation"):
        name = operation["operationId"]
        if isinstance(name, str) and name in first:
            here = first[name].pointer
            line = survey.document.place(f"{here}/operationId")
            yield survey.finding(
                "duplicate-operation-id",
                operation.pointer + "/operationId",
                f"The operationId {name!r} is also that of #{here} ({line}); it has to be unique.",
            )
        elif isinstance(name, str):
            first[name] = operation
        elif not _is_inbound(operation):
            yield survey.finding(
                "operation-without-id",
                operation,
                "The operation has no operationId: tools can call it by method and path only.",
            )
        responses = operation["responses"]
        if not isinstance(responses, dict) or not any(_is_success(key) for key in responses):
            yield survey.finding(
                "operation-without-success",
                operation,
                "The operation declares no response of the 2xx or 3xx class and no default.",
            )


def _is_success(status: str) -> bool:
    return status == "default" or status[:1] in ("1", "2", "3")


def _is_inbound(operation: Node) -> bool:
    """Whether the other side serves it: a webhook or a callback."""
    node: Node | None = operation
    while node is not None:
        if node.role == "callback" or node.edge[:1] == ("webhooks",):
            return True
        node = node.parent
    return False


def path_parameters(survey: Survey) -> Iterator[Finding]:
    """Find template variables without a parameter, and path parameters without a variable."""
    for operation in survey.of("operation"):
        item = operation.parent
        if item is None or item.edge[0] != "paths" or _is_inbound(operation):
            continue
        declared = {**_declared(survey, item), **_declared(survey, operation)}
        wanted = dict.fromkeys(_TEMPLATE.findall(item.name))
        for name in wanted:
            if name not in declared:
                parameter = {
                    "name": name,
                    "in": "path",
                    "required": True,
                    "schema": {"type": "string"},
                }
                yield survey.finding(
                    "path-parameter-undeclared",
                    operation,
                    f"The path has the variable {{{name}}}, and no path parameter declares it.",
                    Fix("merge", operation.pointer, {"parameters": [parameter]}),
                )
        for name, parameter_node in _declared(survey, operation).items():
            if name not in wanted:
                yield survey.finding(
                    "path-parameter-unused",
                    parameter_node,
                    f"The path parameter {name!r} has no variable {{{name}}} in {item.name!r}.",
                )


def _declared(survey: Survey, node: Node) -> dict[str, Node]:
    found = {}
    for written in survey.children(node, "parameters"):
        parameter = survey.resolve(written)
        if parameter is not None and parameter["in"] == "path":
            found[str(parameter["name"])] = written
    return found


def contents(survey: Survey) -> Iterator[Finding]:
    """Find responses without content: a schema is missing, so any body passes."""
    met: set[str] = set()
    errors = _error_content(survey)
    for operation in survey.of("operation"):
        if operation.name == "head" or _is_inbound(operation):
            continue
        for written in survey.children(operation, "responses"):
            answer = survey.resolve(written)
            if answer is None or answer.pointer in met or answer["content"]:
                continue
            met.add(answer.pointer)
            status = written.name
            # RFC 9110 §15.3.6, §15.3.5, §15.4: these have no content, or none worth a schema
            if status in ("204", "205") or status[:1] in ("1", "3"):
                continue
            success = status[:1] == "2"
            fix = (Fix("merge", answer.pointer, {"content": errors}),) if errors else ()
            yield survey.finding(
                "success-without-content" if success else "response-without-content",
                answer,
                f"The response {status} declares no content: any body passes.",
                *(() if success else fix),
            )


def _error_content(survey: Survey) -> Any:
    """What the document's other error responses answer, when they agree."""
    found: list[Any] = []
    for answer in survey.of("response"):
        failure = answer.edge[0] == "responses" and answer.name[:1] in ("4", "5", "d")
        resolved = survey.resolve(answer) if failure else None
        content = resolved["content"] if resolved is not None else None
        if isinstance(content, dict) and content:
            schemas = {
                key: {"schema": value["schema"]}
                for key, value in content.items()
                if isinstance(value, dict)
                and isinstance(value.get("schema"), dict)
                and "$ref" in value["schema"]
            }
            if schemas and schemas not in found:
                found.append(schemas)
    return found[0] if len(found) == 1 else None
