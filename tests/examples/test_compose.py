"""The container of the mock, where an engine builds it, and what the compose file mounts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from troth_mock.cli import mock
from troth_mock.server.serving import MockServer

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "examples" / "compose"


def complete(base_url: str, text: str) -> str:
    value = {"model": "any", "messages": [{"role": "user", "content": text}]}
    fields = {"Content-Type": "application/json", "Authorization": "Bearer any"}
    url = f"{base_url}/chat/completions"
    request = urllib.request.Request(url, json.dumps(value).encode(), fields)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(json.load(answer)["choices"][0]["message"]["content"])


def test_the_scenario_that_is_mounted_answers(mock_servers: Callable[..., MockServer]) -> None:
    server = mock_servers(scenario=COMPOSE / "scenarios")
    assert complete(server.base_url, "What is the weather?").startswith("It will be **sunny**")


def test_the_container_copies_what_is_there_and_the_mock_takes_what_it_is_given() -> None:
    copied = [
        name
        for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for name in line.split()[1:-1]
    ]
    kept = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    assert [name for name in copied if f"!{name}\n" not in kept] == []
    assert [name for name in copied if not (ROOT / name).exists()] == []
    compose = yaml.safe_load((COMPOSE / "compose.yaml").read_text(encoding="utf-8"))
    command = compose["services"]["mock"]["command"]
    # the folder of scenarios is one of the container
    options = [each.replace("/api/", f"{COMPOSE}/") for each in command]
    given = mock.make_context("mock", options)
    assert (given.params["watch"], given.params["pace"]) == (True, "typical")


def engine() -> str:
    """Docker's command, where its engine runs and may be used: an image comes from a registry."""
    command = shutil.which("docker")
    if command is None or not os.environ.get("TROTH_DOCKER"):
        pytest.skip("TROTH_DOCKER is not set, or docker is not installed")
    if subprocess.run([command, "info"], capture_output=True).returncode:
        pytest.skip("no Docker engine runs here")
    return command


def test_the_image_serves_as_no_root() -> None:
    docker = engine()
    subprocess.run([docker, "build", "-q", "-t", "troth-test", str(ROOT)], check=True)
    started = [docker, "run", "-d", "--rm", "-p", "127.0.0.1::8000", "troth-test"]
    name = subprocess.run(started, check=True, capture_output=True, text=True).stdout.strip()
    try:
        asked = [docker, "exec", name, "id", "-u"]
        who = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
        asked = [docker, "port", name, "8000"]
        where = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
        assert who.strip() == "10001"
        assert complete(f"http://{where}/v1", "Hello")
    finally:
        subprocess.run([docker, "stop", name], check=True, capture_output=True)
