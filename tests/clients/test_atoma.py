"""atoma-sdk 0.1.3 against the mock, as in the document's own code samples.

It pins an older pydantic than the openai SDK takes, so it lives in an environment of its own,
made once under .venvs/ and used again for as long as its constraints stay the same.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import troth

ROOT = Path(__file__).parents[2]
CONSTRAINTS = Path(__file__).with_name("atoma-constraints.txt")
HOME = ROOT / ".venvs" / "atoma"
# The SDK's samples talk to the production server: give the class our address, as a user would.
PRELUDE = """
import io, json, os, sys, traceback, atoma_sdk
from contextlib import redirect_stdout

made = atoma_sdk.AtomaSDK
atoma_sdk.AtomaSDK = lambda **given: made(server_url=os.environ["MOCK_URL"], **given)
for line in sys.stdin:
    asked = json.loads(line)
    os.environ.update(asked["environ"])
    with redirect_stdout(io.StringIO()) as said:
        try:
            exec(compile(asked["source"], "sample", "exec"), {"os": os})
            fault = ""
        except BaseException:
            fault = traceback.format_exc()
    print(json.dumps({"said": said.getvalue(), "fault": fault}), flush=True)
"""
SAMPLES = [
    pytest.param(sample["source"], id=f"{sample['label']}-{number}")
    for number, sample in enumerate(troth.load().operations[0].code_samples)
    if sample["lang"] == "python"
]
CALL = """
import json
from atoma_sdk import AtomaSDK

asked = json.loads(os.environ["ASKED"])
with AtomaSDK(bearer_auth="any") as atoma:
    whole = atoma.chat.create(**asked)
    chunks = [event.data for event in atoma.chat.create_stream(**asked)]
    print(json.dumps({
        "whole": whole.model_dump(mode="json", by_alias=True),
        "chunks": [chunk.model_dump(mode="json", by_alias=True) for chunk in chunks],
    }))
"""


def python_for_it() -> str:
    """An interpreter for which its pinned pydantic-core has a wheel: up to 3.13."""
    if sys.version_info < (3, 14):
        return sys.executable
    found = (shutil.which(f"python3.{minor}") for minor in (13, 12, 11))
    return next((name for name in found if name), sys.executable)


def make(home: Path) -> None:
    """Make the environment beside *home* and move it there whole."""
    home.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as folder:
        made = Path(folder) / "made"
        command = [python_for_it(), "-m", "venv", "--without-pip", str(made)]
        subprocess.run(command, check=True, capture_output=True, text=True)
        # our own pip does it: to install another one takes longer than all the rest
        command = [sys.executable, "-m", "pip", "--python", str(made / "bin" / "python")]
        command += ["--disable-pip-version-check", "install", "--quiet"]
        command += ["--no-compile", "--only-binary", ":all:"]
        command += ["--constraint", str(CONSTRAINTS), "atoma-sdk==0.1.3"]
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
        (made / "constraints").write_bytes(CONSTRAINTS.read_bytes())
        shutil.rmtree(home, ignore_errors=True)
        try:
            made.rename(home)
        except OSError:
            # another worker was faster, with the same constraints
            assert is_made(home)


def is_made(home: Path) -> bool:
    stamp = home / "constraints"
    return stamp.exists() and stamp.read_bytes() == CONSTRAINTS.read_bytes()


Run = Callable[..., str]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """What a source prints where the SDK is; to import that takes longer than all else, so once.

    Skips where the SDK cannot be had.
    """
    running = subprocess.Popen(
        [atoma_python(), "-c", PRELUDE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "ATOMASDK_BEARER_AUTH": "any"},
    )
    asking, told = running.stdin, running.stdout
    assert asking is not None
    assert told is not None

    def command(source: str, url: str, **environ: str) -> str:
        asked = {"source": source, "environ": {"MOCK_URL": url, **environ}}
        bound = threading.Timer(60, running.kill)
        bound.start()
        try:
            asking.write(json.dumps(asked) + "\n")
            asking.flush()
            answer = json.loads(told.readline())
        finally:
            bound.cancel()
        assert answer["fault"] == ""
        said: str = answer["said"]
        return said

    with running:
        yield command
        asking.close()


def atoma_python() -> str:
    """The interpreter of the SDK's environment; skips where it cannot be had."""
    if not is_made(HOME):
        try:
            make(HOME)
        except (OSError, subprocess.SubprocessError) as fault:
            why = str(getattr(fault, "stderr", "") or fault).strip()[-300:]
            if os.environ.get("CI"):
                pytest.fail(f"atoma-sdk cannot be installed: {why}")
            pytest.skip(f"atoma-sdk cannot be installed: {why}")
    return str(HOME / "bin" / "python")


@pytest.mark.parametrize("source", SAMPLES)
def test_the_documents_own_sample_runs(run: Run, mock_server: Any, source: str) -> None:
    said = run(source, mock_server.url)
    assert "assistant" in said
    # a stream prints a delta a line, a completion its one message
    assert (len(said.splitlines()) > 2) is ("create_stream" in source)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"n": 2, "max_tokens": 8, "user": "me"},
        {"stop": ["a"], "temperature": 0.5, "seed": 7},
        {
            "tools": [{"type": "function", "function": {"name": "look", "parameters": {}}}],
            "tool_choice": {"type": "function", "function": {"name": "look"}},
        },
    ],
    ids=["plain", "choices", "stop", "tools"],
)
def test_stream_and_body_agree(run: Run, mock_server: Any, members: dict[str, Any]) -> None:
    messages = [
        {"role": "developer", "content": "You are a helpful assistant."},
        {"role": "user", "content": "Hello!"},
    ]
    asked = {"model": "meta-llama/Llama-3.3-70B-Instruct", "messages": messages, **members}
    got = json.loads(run(CALL, mock_server.url, ASKED=json.dumps(asked)))
    whole, chunks = got["whole"], got["chunks"]
    assert {chunk["id"] for chunk in chunks} == {whole["id"]}
    for choice in whole["choices"]:
        deltas = [
            entry["delta"]
            for chunk in chunks
            for entry in chunk["choices"]
            if entry["index"] == choice["index"]
        ]
        streamed = "".join(delta.get("content") or "" for delta in deltas)
        assert streamed == (choice["message"].get("content") or "")
