"""The examples for test tools of JavaScript, each with its tool where Node finds that."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from browser import CHROMIUM
from listening import free_port

FOLDER = Path(__file__).parents[2] / "examples" / "javascript"
NODE = shutil.which("node")
NODE_PATH = os.environ.get("NODE_PATH", "")


@pytest.fixture
def troth(tmp_path: Path) -> dict[str, str]:
    """The environment in which the examples find this troth."""
    command = tmp_path / "troth"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m troth "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return {**os.environ, "TROTH": str(command), "PYTHON": sys.executable}


def tool(name: str) -> Path:
    """The command of the npm package *name*; skips where it is not installed."""
    for folder in filter(None, NODE_PATH.split(os.pathsep)):
        command = Path(folder) / ".bin" / name
        if command.exists():
            return command
    pytest.skip(f"npm's {name} is not installed: npm install {name}, and NODE_PATH to node_modules")


def copied(tmp_path: Path, command: Path) -> Path:
    """The examples beside the packages that they import."""
    folder = tmp_path / "examples" / "javascript"
    shutil.copytree(FOLDER.parent, folder.parent, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "node_modules").symlink_to(command.parents[1])
    return folder


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_vitest_runs_against_a_mock_of_its_own(tmp_path: Path, troth: dict[str, str]) -> None:
    command = tool("vitest")
    folder = copied(tmp_path, command)
    assert "3 passed" in run([str(command), "run", "--no-color"], folder, troth)


def test_playwright_starts_the_app_and_the_mock(tmp_path: Path, troth: dict[str, str]) -> None:
    command = tool("playwright")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    ports = {"APP_PORT": str(free_port()), "MOCK_PORT": str(free_port()), "CHROMIUM": CHROMIUM}
    folder = copied(tmp_path, command)
    assert "2 passed" in run([str(command), "test"], folder, {**troth, **ports})


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_what_cypress_is_told_starts_and_stops_a_mock(troth: dict[str, str]) -> None:
    script = """
        import config from './cypress.config.mjs';
        const stops = [];
        const { env } = await config.e2e.setupNodeEvents((_, stop) => stops.push(stop), {});
        const ready = await (await fetch(`${env.mock}/readyz`)).json();
        await stops[0]();
        console.log(JSON.stringify([ready, env.base_url === `${env.mock}/v1`, stops.length]));
    """
    said = run([str(NODE), "--input-type=module", "-e", script], FOLDER, troth)
    assert json.loads(said) == [{"status": "ready"}, True, 1]
