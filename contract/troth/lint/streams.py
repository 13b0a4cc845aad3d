"""Streams that prose promises and the responses lack, and prose that forbids what is promised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from troth.http.media_type import EVENT_STREAM, is_event_stream
from troth.lint import english
from troth.lint.diagnostics import Diagnostic, Fix, inline_json
from troth.lint.survey import Node, Survey

# The least that is true of every event stream: its items are events, and an event has data
# (HTML §9.2.6: an event without data is not dispatched).
_ANY_EVENTS = {
    "itemSchema": {
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"type": "string"}},
    }
}


def undeclared_streams(survey: Survey) -> Iterator[Diagnostic]:
    """Find operations that promise an event stream and declare none."""
    for operation in survey.of("operation"):
        answers = list(survey.successes(operation))
        if not answers or _is_streamed(survey, operation):
            continue
        promise = operation_promise(survey, operation) or _member_promise(survey, operation)
        if promise is None or _has_streamed_twin(survey, operation):
            continue
        answer = answers[0]
        declared = ", ".join(answer["content"] or {}) or "no content"
        message = (
            f"{_name(operation)} promises a stream (“{_shortened(promise)}”), and this response "
            f"declares only {declared}: `{EVENT_STREAM}` is missing."
        )
        merge = {"content": {EVENT_STREAM: _ANY_EVENTS}}
        yield survey.diagnose("stream-undeclared", answer, message, merge=merge)


def contradictions(survey: Survey) -> Iterator[Diagnostic]:
    """Find prose that allows one value only, where the document promises that another works."""
    for node in survey.of("schema"):
        stated = english.only_value(node["description"] or "")
        if stated is None:
            continue
        value, quote = stated
        operation = contradicting_operation(survey, node, value)
        allowed = [node["const"]] if node["const"] is not None else node["enum"]
        if operation is not None:
            promise = operation_promise(survey, operation) or f"a response of {EVENT_STREAM}"
            message = (
                f"The description says “{quote}”, and {_name(operation)} promises the contrary: "
                f"“{_shortened(promise)}”."
            )
            yield survey.diagnose("prose-contradiction", node, message, *_without(node, quote))
        elif allowed is not None and value not in allowed:
            message = (
                f"The description says “{quote}”, and the schema's own `const` or `enum` does not "
                f"allow {inline_json(value)}."
            )
            yield survey.diagnose("prose-contradiction", node, message)


def contradicting_operation(survey: Survey, node: Node, value: Any) -> Node | None:
    """Find an operation that promises what *value* of the switch *node* would turn off.

    A boolean member called as what is promised ("stream", "a streaming connection") that is always
    false can never switch it on.
    """
    member = node.member
    if value is not False or member is None or "boolean" not in survey.types(node):
        return None
    stem = member.name.lower().rstrip("s")
    for use in sorted(survey.uses(node)):
        operation = survey.by_pointer[use.operation]
        if use.direction == "response" or _has_streamed_twin(survey, operation):
            continue
        promise = operation_promise(survey, operation)
        streams = stem in EVENT_STREAM and _is_streamed(survey, operation)
        if streams or (promise and stem in promise.lower()):
            return operation
    return None


def operation_promise(survey: Survey, operation: Node) -> str | None:
    """Find the words by which *operation* promises an event stream."""
    answers = [answer["description"] for answer in survey.successes(operation)]
    for text in (operation["description"], operation["summary"], *answers):
        promise = english.stream_promise(text or "")
        if promise:
            return promise
    return None


def _member_promise(survey: Survey, operation: Node) -> str | None:
    """A switch of the request body that says the answer will be a stream."""
    body = survey.resolve(survey.child(operation, "requestBody"))
    for _, schema in survey.bodies(body):
        for part in survey.conjuncts(schema):
            for member in survey.children(part, "properties"):
                if "boolean" in survey.types(member):
                    promise = english.stream_promise(member["description"] or "")
                    if promise:
                        return promise
    return None


def _has_streamed_twin(survey: Survey, operation: Node) -> bool:
    """Whether a path key that differs in its fragment only declares the stream.

    `/chat#stream` is the same target as `/chat`: some generators tell two operations apart so.
    """
    path = operation.parent.name.partition("#")[0] if operation.parent else ""
    twins = [
        survey.child(item, operation.name)
        for item in survey.of("path-item")
        if item.name.partition("#")[0] == path
    ]
    return any(twin and twin is not operation and _is_streamed(survey, twin) for twin in twins)


def _is_streamed(survey: Survey, operation: Node) -> bool:
    """Whether *operation* declares a stream among its successes."""
    return any(
        is_event_stream(name) or (isinstance(content, dict) and "itemSchema" in content)
        for answer in survey.successes(operation)
        for name, content in (answer["content"] or {}).items()
    )


def _without(node: Node, quote: str) -> tuple[Fix, ...]:
    """Drop the sentence that says *quote* from the description, when more than it is left."""
    kept = [part for part in english.sentences(node["description"]) if quote not in part]
    return (Fix("replace", node.pointer + "/description", " ".join(kept)),) if kept else ()


def _name(operation: Node) -> str:
    path = operation.parent.name if operation.parent else ""
    return f"{operation.name.upper()} {path}"


def _shortened(text: str) -> str:
    return text if len(text) <= 90 else text[:87].rsplit(" ", 1)[0] + " …"
