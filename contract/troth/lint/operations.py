"""Paths, operations and servers: what addresses them, what they answer, and what nobody uses."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from troth import pointer as pointers
from troth.errors import SpecError
from troth.lint.diagnostics import Diagnostic, Fix
from troth.lint.survey import Node, Survey, closure
from troth.openapi.paths import TEMPLATED, path_template


def paths(survey: Survey) -> Iterator[Diagnostic]:
    """Find paths without a leading slash, and paths that one target could mean both of."""
    alike: dict[str, list[Node]] = defaultdict(list)
    for item in survey.of("path-item"):
        if item.edge[0] != "paths":
            continue
        path = item.name
        if not path.startswith("/"):
            message = f"The path {path!r} does not begin with a slash. Write '/{path}'."
            yield survey.diagnose("path-without-slash", item, message)
        # OpenAPI 3.1 §4.8.8.2: templates that differ in their names only are identical; a query is
        # no part of the path, and a fragment is never sent (RFC 9110 §7.1)
        alike[path_template(path).shape].append(item)
    for items in alike.values():
        for index, later in enumerate(items):
            for other in items[:index]:
                shared = _methods(later) & _methods(other)
                if shared:
                    yield _same_target(survey, later, other, sorted(shared))
                    break
    yield from _crossing(survey, [items[0] for items in alike.values()])


def _same_target(survey: Survey, later: Node, other: Node, methods: list[str]) -> Diagnostic:
    """Say that two paths are one URL: an error where nothing at all tells them apart."""
    message = f"The path {later.name!r} matches the same targets as {other.name!r}"
    is_face = "?" in later.name + other.name or "#" in later.name + other.name
    told_apart = "query, body, other parameters or Accept" if is_face else "the types of variables"
    if any(
        _signature(survey, later, method, whole=is_face)
        == _signature(survey, other, method, whole=is_face)
        for method in methods
    ):
        why = f": neither {told_apart.replace(' or ', ' nor ')} tells them apart."
        return survey.diagnose("ambiguous-path", later, message + why)
    why = f": only {told_apart} can tell them apart, and most tools do not look at these."
    return survey.diagnose("ambiguous-path", later, message + why, severity="warning")


def _signature(survey: Survey, item: Node, method: str, *, whole: bool) -> str:
    """What a request to the operation is known by: what its path holds, or the *whole* of it."""
    operation = survey.child(item, method)
    template = path_template(item.name)
    parameters = _parameters(survey, item, operation)
    held: list[Any] = [
        parameters[key].value.get("schema") if key in parameters else None
        for key in (("path", name) for name in template.names)
    ]
    if whole:
        body = survey.resolve(survey.child(operation, "requestBody")) if operation else None
        answers = survey.successes(operation) if operation else ()
        held += [item.name.partition("#")[0].partition("?")[2]]
        held += [
            {word: value for word, value in node.value.items() if word not in _DESCRIBING}
            for (place, _), node in sorted(parameters.items(), key=lambda each: each[0])
            if place != "path"
        ]
        held += [body["content"] if body else None]
        held += sorted({name for answer in answers for name in answer["content"] or ()})
    return json.dumps(held, sort_keys=True)


_DESCRIBING = ("description", "example", "examples", "deprecated")


def _parameters(survey: Survey, item: Node, operation: Node | None) -> dict[tuple[str, str], Node]:
    """The parameters of *operation*, with those of its path, by place and name."""
    return {
        (str(parameter["in"]), str(parameter["name"])): parameter
        for owner in (item, operation)
        for written in survey.children(owner, "parameters")
        if (parameter := survey.resolve(written)) is not None
    }


def _crossing(survey: Survey, items: list[Node]) -> Iterator[Diagnostic]:
    """Templates of which neither is the more concrete: `/a/{x}` beside `/{y}/b`.

    A variable whose type excludes the literal segment beside it leaves no doubt.
    """
    seen: dict[tuple[int, str], list[tuple[Node, list[str]]]] = defaultdict(list)
    for item in items:
        if "{" not in item.name:
            continue
        segments = [TEMPLATED.sub("{}", part) for part in item.name.split("/")]
        size, first = len(segments), segments[1] if len(segments) > 1 else ""
        # only what begins alike can cross, and what begins with a variable begins like anything
        open_start = "{}" in first
        heads = {head for length, head in seen if length == size} if open_start else {first, "{}"}
        for other, theirs in [each for head in sorted(heads) for each in seen[size, head]]:
            if not _is_undecided(segments, theirs):
                continue
            target = _target(segments, theirs)
            if any(
                _admits(survey, item, method, target) and _admits(survey, other, method, target)
                for method in sorted(_methods(item) & _methods(other))
            ):
                message = (
                    f"The target {target!r} fits {item.name!r} and {other.name!r}, and neither "
                    "is the more concrete."
                )
                yield survey.diagnose("ambiguous-path", item, message, severity="warning")
        seen[size, "{}" if open_start else first].append((item, segments))


def _admits(survey: Survey, item: Node, method: str, target: str) -> bool:
    """Whether the types of the variables of *item* leave *target* open."""
    parameters = _parameters(survey, item, survey.child(item, method))
    for part, text in zip(item.name.split("/"), target.split("/"), strict=True):
        variable = TEMPLATED.fullmatch(part)
        parameter = parameters.get(("path", variable[1])) if variable else None
        schema = survey.child(parameter, "schema") if parameter else None
        # where both have a variable, any value will do
        if schema is not None and text != _ANY and not _fits(survey, schema, text):
            return False
    return True


def _fits(survey: Survey, schema: Node, text: str) -> bool:
    values = [text]
    with suppress(ValueError):
        values.append(json.loads(text))
    try:
        return any(map(survey.schemas.at(schema.pointer).is_valid, values))
    except (SpecError, ValueError):
        return True  # what cannot be compiled is a diagnostic of its own


# What stands for a variable in a target that is shown.
_ANY = "x"


def _is_undecided(one: list[str], other: list[str]) -> bool:
    """Whether a target fits both, while each is concrete where the other is not."""
    leads = set()
    for ours, theirs in zip(one, other, strict=True):
        if ours == theirs:
            continue
        concrete = "{}" not in ours, "{}" not in theirs
        # a template within a segment is not compared
        if all(concrete) or "{}" not in (ours, theirs):
            return False
        leads.add(ours == "{}")
    return len(leads) == 2


def _target(one: list[str], other: list[str]) -> str:
    chosen = (ours if ours != "{}" else theirs for ours, theirs in zip(one, other, strict=True))
    return "/".join(segment.replace("{}", _ANY) for segment in chosen)


def _methods(item: Node) -> set[str]:
    return set(item.value) - {"parameters", "summary", "description", "servers"}


def operations(survey: Survey) -> Iterator[Diagnostic]:
    """Find duplicate operationIds, and operations that name no success."""
    first: dict[str, Node] = {}
    for operation in survey.of("operation"):
        name = operation["operationId"]
        if name in first:
            here = first[name].pointer
            line = survey.document.place(f"{here}/operationId")
            yield survey.diagnose(
                "duplicate-operation-id",
                operation.pointer + "/operationId",
                f"The operationId {name!r} is also that of #{here} ({line}); it has to be unique.",
            )
        elif name is not None:
            first[name] = operation
        elif not _is_inbound(operation):
            message = "The operation has no operationId: tools can call it by method and path only."
            yield survey.diagnose("operation-without-id", operation, message)
        statuses = operation["responses"] or ()
        if not any(each == "default" or each[:1] in ("1", "2", "3") for each in statuses):
            message = "The operation declares no response of the 2xx or 3xx class and no default."
            yield survey.diagnose("operation-without-success", operation, message)


def _is_inbound(operation: Node) -> bool:
    """Whether the other side serves it: a webhook or a callback."""
    return any(
        node.role == "callback" or node.edge[:1] == ("webhooks",) for node in operation.ancestors
    )


def path_parameters(survey: Survey) -> Iterator[Diagnostic]:
    """Find template variables without a parameter, and path parameters without a variable."""
    for operation in survey.of("operation"):
        item = operation.parent
        if item is None or item.edge[0] != "paths" or _is_inbound(operation):
            continue
        every = _parameters(survey, item, operation)
        declared = frozenset(name for place, name in every if place == "path")
        written = dict.fromkeys(TEMPLATED.findall(item.name))
        template = path_template(item.name, declared)
        read = {*template.names, *(name for _, value in template.query for name in value.names)}
        for name in written:
            if name not in declared:
                yield _undeclared(survey, operation, name, declared)
        for node in survey.children(operation, "parameters"):
            parameter = survey.resolve(node)
            if parameter is None or parameter["in"] != "path":
                continue
            name = str(parameter["name"])
            if name not in written and name not in read:
                message = (
                    f"The path parameter {name!r} has no variable {{{name}}} in {item.name!r}."
                )
                yield survey.diagnose("path-parameter-unused", node, message)


def _undeclared(survey: Survey, operation: Node, name: str, declared: frozenset[str]) -> Diagnostic:
    """Say that no parameter declares the variable, or that it is written as OpenAPI has no word."""
    (meant,) = path_template(f"{{{name}}}", declared).names or ("",)
    if meant != name:
        message = (
            f"{{{name}}} is an expression of RFC 6570, and OpenAPI has plain names only: "
            f"{f'it is read as {{{meant}}}' if meant else 'it is no part of the path'} here, and "
            "other tools may not do so."
        )
        return survey.diagnose("path-parameter-undeclared", operation, message, severity="warning")
    message = f"The path has the variable {{{name}}}, and no path parameter declares it."
    parameter = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    merge = {"parameters": [parameter]}
    return survey.diagnose("path-parameter-undeclared", operation, message, merge=merge)


def contents(survey: Survey) -> Iterator[Diagnostic]:
    """Find responses without content: a schema is missing, so any body passes."""
    seen: set[Node] = set()
    errors = _error_content(survey)
    for operation in survey.of("operation"):
        if operation.name == "head" or _is_inbound(operation):
            continue
        for written in survey.children(operation, "responses"):
            answer = survey.resolve(written)
            if answer is None or answer in seen or answer["content"]:
                continue
            seen.add(answer)
            status = written.name
            # RFC 9110 §15.3.6, §15.3.5, §15.4: these have no content, or none worth a schema
            if status in ("204", "205") or status[:1] in ("1", "3"):
                continue
            message = f"The response {status} declares no content: any body passes."
            if status[:1] == "2":
                yield survey.diagnose("success-without-content", answer, message)
            else:
                merge = {"content": errors} if errors else None
                yield survey.diagnose("response-without-content", answer, message, merge=merge)


def _error_content(survey: Survey) -> Any:
    """What the document's other error responses answer, when they agree."""
    distinct: list[Any] = []
    for answer in survey.of("response"):
        failure = answer.edge[0] == "responses" and answer.name[:1] in ("4", "5", "d")
        schemas = {
            content_type: {"schema": schema.value}
            for content_type, schema in survey.bodies(survey.resolve(answer) if failure else None)
            if isinstance(schema.value, dict) and "$ref" in schema.value
        }
        if schemas and schemas not in distinct:
            distinct.append(schemas)
    return distinct[0] if len(distinct) == 1 else None


# unlike in a path, {} is refused as well: no variable can be called so
_VARIABLE = re.compile(r"\{([^{}]*)\}")


def servers(survey: Survey) -> Iterator[Diagnostic]:
    """Find URLs that are none, and variables that are not declared or have another value."""
    for owner in survey.of("openapi", "path-item", "operation"):
        listed = owner["servers"]
        for index, server in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(server, dict) and isinstance(server.get("url"), str):
                at = f"{owner.pointer}/servers/{index}"
                yield from _server(survey, at, server["url"], server.get("variables"))


def _server(survey: Survey, at: str, url: str, variables: object) -> Iterator[Diagnostic]:
    declared = variables if isinstance(variables, dict) else {}
    # OpenAPI 3.1 §4.8.5: variable substitutions are made when a variable is named in {braces}
    for name in dict.fromkeys(_VARIABLE.findall(url)):
        if name not in declared:
            message = f"The server's URL has the variable {{{name}}}, and `variables` lacks it."
            yield survey.diagnose("malformed", f"{at}/url", message)
    for name, variable in declared.items():
        if not isinstance(variable, dict) or not isinstance(variable.get("enum"), list):
            continue
        # §4.8.6: if the enum is defined, the default has to be one of its values
        default = variable.get("default")
        if isinstance(default, str) and default not in variable["enum"]:
            message = f"The default of the variable {{{name}}}, {default!r}, is not in its `enum`."
            yield survey.diagnose(
                "malformed", pointers.join(at, "variables", name, "default"), message
            )
    try:
        urlsplit(_VARIABLE.sub("1", url)).port  # noqa: B018 - reading it is what checks it
    except ValueError:
        yield survey.diagnose("malformed", f"{at}/url", "The server's URL is not one.")


def tags(survey: Survey) -> Iterator[Diagnostic]:
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
        message = (
            f"{len(unused)} of {len(declared)} tags are used by no operation: {', '.join(unused)}."
        )
        yield survey.diagnose("unused-tag", "/tags", message)
    for name, operation in used.items() if declared else ():
        if name not in declared:
            message = f"The tag {name!r} is not among the document's tags."
            yield survey.diagnose("undeclared-tag", operation, message)


def components(survey: Survey) -> Iterator[Diagnostic]:
    """Find components that nothing reaches from a path or a webhook."""
    root = survey.document.root
    if root.get("paths") is None and root.get("webhooks") is None:
        return  # a library of components is there to be used by others
    reached = _reached(root)
    for node in survey.nodes:
        if node.parent is None or node.parent.role != "components":
            continue
        if node.role != "security-scheme" and node.pointer not in reached:
            message = f"Nothing refers to this component ({node.edge[0]})."
            yield survey.diagnose("unused-component", node, message, Fix("remove", node.pointer))


def _reached(root: dict[str, Any]) -> set[str]:
    """The pointers that references name, starting from everything outside the components."""
    used = {name: value for name, value in root.items() if name != "components"}
    reached: set[str] = set()
    for pointer in closure(_references(used), lambda each: _references(pointers.find(root, each))):
        reached.add(pointer)
        tokens = pointers.split(pointer)
        if len(tokens) > 3:  # a reference into a component uses the component
            reached.add(pointers.of(tokens[:3]))
    return reached


def _references(value: Any) -> Iterator[str]:
    """The pointers that references and mappings anywhere in *value* name."""
    for part in pointers.parts(value):
        if not isinstance(part, dict):
            continue
        for word in ("$ref", "$dynamicRef", "operationRef"):
            if isinstance(part.get(word), str) and part[word].startswith("#/"):
                yield pointers.from_fragment(part[word][1:])
        discriminator = part.get("discriminator")
        mapping = discriminator.get("mapping") if isinstance(discriminator, dict) else None
        for target in mapping.values() if isinstance(mapping, dict) else ():
            # OpenAPI 3.1 §4.8.25: a mapping names a schema, or is a reference to one
            if isinstance(target, str) and target.startswith("#/"):
                yield pointers.from_fragment(target[1:])
            elif isinstance(target, str):
                yield pointers.join("/components/schemas", target)


def security(survey: Survey) -> Iterator[Diagnostic]:
    """Find security requirements that name no scheme."""
    schemes = {node.name for node in survey.of("security-scheme")}
    known = ", ".join(sorted(schemes)) or "none"
    for node in survey.of("openapi", "operation"):
        for index, requirement in enumerate(node["security"] or ()):
            for name in requirement if isinstance(requirement, dict) else ():
                if name not in schemes and not name.startswith(("#/", "http:", "https:", "./")):
                    message = f"The security scheme {name!r} is not declared (there is {known})."
                    yield survey.diagnose(
                        "unknown-security-scheme", f"{node.pointer}/security/{index}", message
                    )
