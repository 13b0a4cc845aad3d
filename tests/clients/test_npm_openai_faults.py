"""The npm client of OpenAI when things go wrong, where Node finds it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("openai_faults.cjs")
NODE = shutil.which("node")
#: A fault, whether a stream is asked for, what the client makes of it, and what the verdict says.
CASES = [
    ("429 once", False, "whole", "retried"),
    ("503 once retry after 1 s", False, "whole", "retried"),
    ("reset before the answer once", False, "whole", "retried"),
    ("403", False, "PermissionDeniedError", "gave-up"),
    ("drop after 5 events", True, "TypeError", "gave-up"),
    ("malformed after 3 events", True, "SyntaxError", "gave-up"),
    ("error event after 3 events", True, "APIError", "gave-up"),
    ("crlf and comments and split into 3 bytes", True, "whole", "read-on"),
    ("cut in character after 3 events", True, "TypeError", "gave-up"),
    ("truncate after 5 events", True, "other", "gave-up"),
]


def is_there() -> bool:
    if NODE is None:
        return False
    asked = [NODE, "-e", "require('openai')"]
    return subprocess.run(asked, cwd=SCRIPT.parent, capture_output=True).returncode == 0


def test_it_does_what_the_verdict_says(mock_servers: Any) -> None:
    if not is_there():
        pytest.skip("npm's openai is not installed: npm install openai, and NODE_PATH to it")
    cases = json.dumps([case[:2] for case in CASES])
    said = subprocess.run(
        [str(NODE), str(SCRIPT), mock_servers().base_url, cases],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert said.returncode == 0, said.stderr
    told = [tuple(json.loads(line)) for line in said.stdout.splitlines()]
    assert told == [(fault, came, outcome) for fault, _, came, outcome in CASES]
