"""What `troth test` finds, and what it costs: faulty servers by class, and a clean run.

    python benchmarks/conformance.py [--schemathesis PATH/TO/st] [--sample N] [FAULT ...]

Each faulty server of tests/servers is run on its own port; a fault counts as found when the run
ends with exit code 1 (for the faults that are warnings by their nature: when it tells of one).
With --schemathesis the same servers are given to that tool too, with the overlaid document and
its best settings; CPU seconds are those of the client process alone.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import troth  # noqa: E402 - found through the path above
from servers.catalogue import FAULTS  # noqa: E402 - found through the path above
from servers.chat import TOKEN, Chat  # noqa: E402 - found through the path above
from servers.faults import Fault  # noqa: E402 - found through the path above
from servers.wire import Server  # noqa: E402 - found through the path above
from troth.document.yaml_writer import dump_json  # noqa: E402 - found through the path above


def cost(command: list[str], *, limit: float) -> tuple[int, float, str]:
    """The exit code of *command*, its CPU seconds (children included), and what it said."""
    before = os.times()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
        code, said = done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired as late:
        code, said = 124, str(late.stdout or "")
    after = os.times()
    spent = after.children_user + after.children_system
    return code, spent - before.children_user - before.children_system, said


def by_troth(url: str) -> tuple[bool, float, str]:
    """Whether troth finds something wrong, its CPU seconds, and the codes that it tells."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "troth", "test", url, "--token", TOKEN, "--idle", "1"]
        command += ["--timeout", "3", "--quiet", "--report", f"json={report}"]
        code, seconds, said = cost(command, limit=300)
        if not report.exists():
            return False, seconds, said.strip()[-200:]
        findings = json.loads(report.read_text())["findings"]
    codes = sorted({finding["code"] for finding in findings})
    return code == 1 or bool(findings), seconds, " ".join(codes)


def by_schemathesis(st: str, url: str, document: Path) -> tuple[bool, float, str]:
    """The same by Schemathesis, with the settings that find most."""
    command = [st, "run", str(document), "--url", url, "-H", f"Authorization: Bearer {TOKEN}"]
    command += ["--checks", "all", "--phases", "examples,coverage,fuzzing"]
    command += ["--max-failures", "1", "--no-shrink"]
    # a correct server may cap what costs it; this check calls that a fault
    command += ["--exclude-checks", "positive_data_acceptance"]
    code, seconds, _ = cost(command, limit=240)
    return code == 1, seconds, f"exit {code}"


def for_schemathesis(root: dict[str, Any]) -> dict[str, Any]:
    """The document with what that tool needs in order not to accuse a correct server.

    It has no word for a sentinel, so the sentinel becomes an item; and it takes an HTTP refusal
    that is not declared (404, 405, 415 …) for a fault, so these are declared.
    """
    root = json.loads(json.dumps(root))
    for item in root["paths"].values():
        for operation in item.values():
            responses = operation["responses"]
            for status in ("404", "405", "406", "413", "415"):
                responses.setdefault(status, {"description": "refused by HTTP"})
            for entry in responses["200"]["content"].values():
                sentinel = entry.get("x-speakeasy-sse-sentinel")
                if sentinel is None:
                    continue
                ended = {"type": "object", "properties": {"data": {"const": sentinel}}}
                goes_on = {"properties": {"data": {"not": {"const": sentinel}}}}
                entry["itemSchema"] = {"oneOf": [ended, {"allOf": [entry["itemSchema"], goes_on]}]}
    return root


def chosen(names: list[str], sample: int) -> Iterable[tuple[str, Fault]]:
    """The faults to try: the named ones, or so many of each class, or all."""
    taken: dict[str, int] = defaultdict(int)
    for name, fault in FAULTS.items():
        if names and name not in names:
            continue
        taken[fault.kind] += 1
        if not sample or taken[fault.kind] <= sample:
            yield name, fault


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--schemathesis", metavar="ST", help="the command `st`")
    parser.add_argument("--sample", type=int, default=0, help="so many faults of each class")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    root = troth.load().document.root
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "openapi.json"
        document.write_text(dump_json(for_schemathesis(root)))
        run(root, document, options)


def run(root: dict[str, Any], document: Path, options: argparse.Namespace) -> None:
    tools = {"troth": by_troth}
    if options.schemathesis:
        tools["schemathesis"] = lambda url: by_schemathesis(options.schemathesis, url, document)
    for tool, judge in tools.items():
        with Server(Chat(root)) as server:
            accused, seconds, said = judge(server.url)
        print(
            f"a correct server: {tool} {'ACCUSES it' if accused else 'finds nothing'}, "
            f"{seconds:.1f} CPU-s  {said}"
        )
    found: dict[str, dict[str, list[bool]]] = {tool: defaultdict(list) for tool in tools}
    for name, fault in chosen(options.names, options.sample):
        for tool, judge in tools.items():
            with Server(fault.server(root)) as server:
                began = time.perf_counter()
                seen, seconds, said = judge(server.url)
            found[tool][fault.kind].append(seen)
            if not seen or options.names:
                wall = time.perf_counter() - began
                print(
                    f"  {name}: {tool} {'found' if seen else 'MISSED'} "
                    f"({seconds:.1f} CPU-s, {wall:.1f} s)  {said}",
                    flush=True,
                )
    for kind in found["troth"]:
        figures = "   ".join(
            f"{tool} {sum(rows[kind])}/{len(rows[kind])}" for tool, rows in found.items()
        )
        print(f"{kind:20} {figures}")


if __name__ == "__main__":
    main()
