"""What came of the tools that an answer called, as the next request tells it."""

from __future__ import annotations

from typing import Any

from troth_mock.chat.tool_calls import tool_results


def call(identity: str, name: str) -> dict[str, Any]:
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": "{}"}}


def result(identity: str, text: str, **more: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": identity, "content": text, **more}


def test_the_results_are_those_that_came_after_the_last_question() -> None:
    first = [
        {"role": "user", "content": "What time is it?"},
        {"role": "assistant", "tool_calls": [call("a", "clock")]},
        result("a", "noon"),
    ]
    second = [
        {"role": "user", "content": "And the weather?"},
        {"role": "assistant", "tool_calls": [call("b", "weather"), call("c", "sea")]},
        result("c", "calm"),
        result("b", "mild"),
        result("d", "lost", name="other"),
    ]
    assert tool_results(first) == [("clock", "noon")]
    assert tool_results([*first, *second]) == [
        ("sea", "calm"),
        ("weather", "mild"),
        ("other", "lost"),
    ]
    assert tool_results([*first, {"role": "user", "content": "Thanks."}]) == []
    assert tool_results(first[1:]) == [("clock", "noon")]
