"""What a scenario file may hold: form.yaml has it, as a JSON Schema."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from troth.document.source import data_beside

#: The members of an answer that say what its content is: one of them at most, those of a
#: completion together.
COMPLETION = ("text", "reasoning", "refusal", "annotations", "calls", "finish")
CONTENTS = ("body", "events", "file")


@cache
def schema() -> dict[str, Any]:
    """The schema of a file, read when it is first asked for."""
    form: dict[str, Any] = data_beside(__file__)["schema"]
    return form


def schema_text() -> str:
    """The schema as docs/scenario.schema.json has it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
