"""Streams that prose promises and the responses lack, and prose that forbids what is promised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from troth.http import media_type
from troth.lint import english
from troth.lint.findings import Finding, Fix
from troth.lint.members import member_of, types
from troth.lint.survey import Survey, text_of
from troth.lint.walk import Node

_EVENT_STREAM = "text/event-stream"
# The least that is true of every event stream: its items are events, and an event has data
# (HTML §9.2.6: an event without data is not dispatched).
_ANY_EVENTS = {
    "itemSchema": {
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"type": "string"}},
    }
}


def undeclared_streams(survey: Survey) -> Iterator[Finding]:
    """Find operations that promise an event stream and declare none."""
    for operation in survey.of("operation"):
        answers = list(_successes(survey, operation))
        if not answers or any(_streams(survey, answer) for answer in answers):
            continue
        promise = operation_promise(survey, operation) or _member_promise(survey, operation)
        if promise is None or _twin_streams(survey, operation):
            continue
        answer = answers[0]
        fix = Fix("merge", answer.pointer, {"content": {_EVENT_STREAM: _ANY_EVENTS}})
        declared = ", ".join(answer["content"] or {}) or "no content"
        yield survey.finding(
            "stream-undeclared",
            answer,
            f"{_name(operation)} promises a stream (“{_shortened(promise)}”), and this response "
            f"declares only {declared}: `{_EVENT_STREAM}` is missing.",
            fix,
        )


def contradictions(survey: Survey) -> Iterator[Finding]:
    """Find prose that allows one value only, where the document promises that another works."""
    for node in survey.of("schema"):
        stated = english.only_value(node["description"]) if node.description else None
        if stated is None:
            continue
        value, quote = stated
        operation = contradicting_operation(survey, node, value)
        if operation is not None:
            promise = operation_promise(survey, operation) or f"a response of {_EVENT_STREAM}"
            yield survey.finding(
                "prose-contradiction",
                node,
                f"The description says “{quote}”, and {_name(operation)} promises the contrary: "
                f"“{_shortened(promise)}”.",
                *_without(node, quote),
            )
        elif _closed_to(node, value):
            yield survey.finding(
                "prose-contradiction",
                node,
                f"The description says “{quote}”, and the schema's own `const` or `enum` does not "
                f"allow {text_of(value)}.",
            )


def contradicting_operation(survey: Survey, node: Node, value: Any) -> Node | None:
    """Find an operation that promises what *value* of the switch *node* would turn off.

    A boolean member called as what is promised ("stream", "a streaming connection") that is always
    false can never switch it on.
    """
    member = member_of(node)
    if value is not False or member is None or "boolean" not in types(survey, node):
        return None
    stem = member.name.lower().rstrip("s")
    for use in sorted(survey.uses.get(node.pointer, ())):
        operation = survey.by_pointer[use.operation]
        promise = operation_promise(survey, operation)
        streams = any(_streams(survey, answer) for answer in _successes(survey, operation))
        if (
            use.direction == "request"
            and not _twin_streams(survey, operation)
            and ((promise and stem in promise.lower()) or (streams and stem in _EVENT_STREAM))
        ):
            return operation
    return None


def operation_promise(survey: Survey, operation: Node) -> str | None:
    """Find the words by which *operation* promises an event stream."""
    texts = [operation["description"], operation["summary"]]
    texts += [answer["description"] for answer in _successes(survey, operation)]
    for text in texts:
        promise = english.stream_promise(text) if isinstance(text, str) else None
        if promise:
            return promise
    return None


def _member_promise(survey: Survey, operation: Node) -> str | None:
    """A switch of the request body that says the answer will be a stream."""
    body = survey.child(operation, "requestBody")
    body = survey.resolve(body) if body else None
    for content in survey.children(body, "content") if body else ():
        schema = survey.child(content, "schema")
        for part in survey.conjuncts(schema) if schema else ():
            for member in survey.children(part, "properties"):
                if "boolean" not in types(survey, member):
                    continue
                promise = english.stream_promise(member["description"] or "")
                if promise:
                    return promise
    return None


def _successes(survey: Survey, operation: Node) -> Iterator[Node]:
    for answer in survey.children(operation, "responses"):
        if answer.name.startswith("2"):
            resolved = survey.resolve(answer)
            if resolved is not None:
                yield resolved


def _twin_streams(survey: Survey, operation: Node) -> bool:
    """Whether a path key that differs in its fragment only declares the stream.

    `/chat#stream` is the same target as `/chat`: some generators tell two operations apart so.
    """
    path, _, _ = operation.parent.name.partition("#") if operation.parent else ("", "", "")
    for item in survey.of("path-item"):
        twin = survey.child(item, operation.name)
        if item.name.partition("#")[0] != path or twin is None or twin is operation:
            continue
        if any(_streams(survey, answer) for answer in _successes(survey, twin)):
            return True
    return False


def json_answers(survey: Survey, operation: Node) -> Iterator[Node]:
    """The schemas of the JSON bodies that *operation* answers a success with."""
    for answer in _successes(survey, operation):
        for content in survey.children(answer, "content"):
            schema = survey.child(content, "schema")
            if schema is not None and media_type.is_json(content.name):
                yield schema


def _streams(survey: Survey, answer: Node) -> bool:
    content = answer["content"]
    if not isinstance(content, dict):
        return False
    return any(
        media_type.essence(key) == _EVENT_STREAM
        or (isinstance(value, dict) and "itemSchema" in value)
        for key, value in content.items()
    )


def _closed_to(node: Node, value: Any) -> bool:
    allowed = [node["const"]] if node["const"] is not None else node["enum"]
    return isinstance(allowed, list) and value not in allowed


def _without(node: Node, quote: str) -> tuple[Fix, ...]:
    """Drop the sentence that says *quote* from the description, when more than it is left."""
    kept = [part for part in english.sentences(node["description"]) if quote not in part]
    return (Fix("replace", node.pointer + "/description", " ".join(kept)),) if kept else ()


def _name(operation: Node) -> str:
    path = operation.parent.name if operation.parent else ""
    return f"{operation.name.upper()} {path}"


def _shortened(text: str) -> str:
    return text if len(text) <= 90 else text[:87].rsplit(" ", 1)[0] + " …"
