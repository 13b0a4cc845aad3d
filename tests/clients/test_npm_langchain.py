"""LangChain.js on a mock that `--overlay openai` serves, where Node finds it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("langchain.mjs")
NODE = shutil.which("node")
PACKAGES = ("@langchain/openai", "@langchain/core/messages")
BOTH = [["get_weather", "Lisbon"], ["get_time", "Lisbon"]]
#: What the script asks, and what comes of it.
ASKED = {
    "stream is the answer": True,
    "usage": True,
    "tools": BOTH,
    "tools in a stream": BOTH,
    "one tool": BOTH[:1],
    "any tool": 1,
    "what tools say is told": [True, True, True],
    "structured": [["string", "number"], ["string", "number"]],
    "embeddings": [64, 64],
    "a 429": 429,
    "500 once": True,
    "cut stream": "TypeError",
    "stalled stream": "TimeoutError",
}


def is_there() -> bool:
    if NODE is None:
        return False
    asked = [NODE, "-e", ";".join(f"require('{name}')" for name in PACKAGES)]
    return subprocess.run(asked, cwd=SCRIPT.parent, capture_output=True).returncode == 0


def test_it_finds_what_it_expects(mock_servers: Any) -> None:
    if not is_there():
        pytest.skip("not installed: npm install @langchain/openai @langchain/core, and NODE_PATH")
    server = mock_servers(overlays=["openai"])
    said = subprocess.run(
        [str(NODE), str(SCRIPT), server.url, server.base_url],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert said.returncode == 0, said.stderr
    assert dict(json.loads(line) for line in said.stdout.splitlines()) == ASKED
