"""What a scenario file may hold, as a JSON Schema: for reading, and for editors.

docs/scenario.schema.json is this schema; the descriptions are what an editor shows.
"""

from __future__ import annotations

import json
from typing import Any

_TEXT = {
    "description": "A text as it is, or what of it is looked at; of several all must hold.",
    "type": ["string", "object"],
    "minProperties": 1,
    "additionalProperties": False,
    "properties": {
        "is": {"type": "string", "description": "The whole text."},
        "contains": {"type": "string", "description": "A part of it, in either case."},
        "matches": {
            "type": "string",
            "description": "A regular expression (Python's) found in it.",
        },
        "not": {"type": "string", "description": "A part that it must not have, in either case."},
    },
}
_NAMED_TEXTS = {
    "type": "object",
    "additionalProperties": {
        "description": "The text that it has; true: any; false: it is not there.",
        "type": ["string", "number", "boolean", "object"],
        "minProperties": 1,
        "additionalProperties": False,
        "properties": _TEXT["properties"],
    },
}
_NAMES = {
    "type": ["string", "array"],
    "minLength": 1,
    "minItems": 1,
    "items": {"type": "string", "minLength": 1},
}
_SECONDS = {"type": "number", "minimum": 0, "maximum": 3600}

_WHEN: dict[str, Any] = {
    "description": "Which requests it answers: all conditions must hold. Without any: all.",
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "operation": {
            **_NAMES,
            "description": "The operation: its operationId, or METHOD /path; or several of them.",
        },
        "user": {**_TEXT, "description": "The last message of a user contains this text."},
        "message": {
            **_TEXT,
            "description": "One of the messages contains this text, or is like this.",
            "properties": {
                "role": {"type": "string", "description": "The role of that message."},
                **_TEXT["properties"],  # type: ignore[dict-item]  # a literal of mixed values
            },
        },
        "role": {"type": "string", "description": "The role of the last message: user, tool, …"},
        "model": {**_TEXT, "description": "The model that is asked for."},
        "tools": {
            "description": "A tool that is offered, or several; true: any, false: none.",
            "type": ["string", "array", "boolean"],
            "items": {"type": "string"},
        },
        "turn": {
            "description": "How many messages of users there are: 1 in the first turn.",
            "type": ["integer", "array"],
            "minimum": 1,
            "items": {"type": "integer", "minimum": 1},
        },
        "fields": {**_NAMED_TEXTS, "description": "Header fields of the request."},
        "query": {**_NAMED_TEXTS, "description": "Parameters in the query."},
        "path": {**_NAMED_TEXTS, "description": "Parameters in the path."},
        "body": {
            "description": "Values in the request's body, by JSON Pointer; objects may have more.",
            "type": "object",
            "propertyNames": {"pattern": "^(/([^~/]|~[01])*)*$"},
        },
        "condition": {
            "description": "A CEL condition over request, path, query, header, user, turn.",
            "type": "string",
            "minLength": 1,
        },
        "valid": {
            "description": (
                "Which requests are meant: those that are allowed (true, as without it), those "
                "that are refused (false), or any."
            ),
            "enum": [True, False, "any"],
        },
    },
}

_CALL = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 1, "description": "The tool that is called."},
        "arguments": {
            "description": "Its arguments; a text is sent as it is, JSON or not.",
            "type": ["object", "string"],
        },
    },
}

#: The members of an answer that say what its content is: one of them at most, those of a
#: completion together.
COMPLETION = ("text", "reasoning", "refusal", "annotations", "calls", "finish")
CONTENTS = ("body", "events", "file")

_ANSWER: dict[str, Any] = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": False,
    "properties": {
        "text": {"type": "string", "description": "What a completion says."},
        "reasoning": {"type": "string", "description": "What it thinks before it says that."},
        "refusal": {"type": "string", "description": "Why it says nothing else."},
        "annotations": {
            "type": "array",
            "description": "Citations as they stand in a message; usually of the text's links.",
        },
        "calls": {"type": "array", "minItems": 1, "items": _CALL, "description": "Tool calls."},
        "finish": {
            "type": "string",
            "minLength": 1,
            "description": "The finish reason; with it no limit of the request cuts the text.",
        },
        "body": {"description": "The body, as JSON; in another form where the document has one."},
        "events": {
            "description": "The events of a stream: the data of each, or an object with `data`.",
            "type": "array",
            "minItems": 1,
        },
        "times": {
            "description": "When each of the events is sent, in seconds after the request.",
            "type": "array",
            "items": _SECONDS,
        },
        "file": {"type": "string", "minLength": 1, "description": "A file beside this one."},
        "status": {"type": "integer", "minimum": 200, "maximum": 599},
        "fields": {
            "description": "Header fields of the answer.",
            "type": "object",
            "propertyNames": {"pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"},
            "additionalProperties": {"type": ["string", "number", "boolean"]},
        },
        "example": {"type": "string", "minLength": 1, "description": "The document's example."},
        "pace": {
            "type": "string",
            "description": "How fast it runs: typical, or ttft=1 tokens-per-second=20.",
        },
        "fail": {
            "type": ["string", "integer", "array"],
            "minLength": 1,
            "minItems": 1,
            "items": {"type": ["string", "integer"], "minLength": 1},
            "description": "What goes wrong: drop after 5 events; or several faults.",
        },
        "templates": {
            "type": "boolean",
            "description": "false: a text with {{ in it is that very text.",
        },
        "force": {"type": "boolean", "description": "Whatever the document says of such answers."},
    },
}

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Scenarios of troth mock",
    "description": "What the mock answers: the first scenario that matches a request does.",
    "type": "object",
    "required": ["scenarios"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string"},
        "scenarios": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "name": {
                        "description": "How X-Troth-Scenario, the log and the page call it.",
                        "type": "string",
                        "pattern": "^[!-~]([ -~]{0,98}[!-~])?$",
                    },
                    "note": {"type": "string", "description": "Of no effect."},
                    "when": _WHEN,
                    "answer": {**_ANSWER, "description": "What it answers, every time."},
                    "answers": {
                        "description": "What it answers the first time, the second, and so on.",
                        "type": "array",
                        "minItems": 1,
                        "items": _ANSWER,
                    },
                    "after": {
                        "description": (
                            "What comes after the last of its answers: that one again (last), all "
                            "of them anew (again), or it matches no more (pass)."
                        ),
                        "enum": ["last", "again", "pass"],
                    },
                },
                "oneOf": [{"required": ["answer"]}, {"required": ["answers"]}],
            },
        },
    },
}


def schema_text() -> str:
    """The schema as docs/scenario.schema.json has it."""
    return json.dumps(SCHEMA, indent=2, ensure_ascii=False) + "\n"
