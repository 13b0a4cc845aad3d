"""Requests and complete streams per server CPU second, against bare handlers and other mocks.

    python benchmarks/mock.py [--rounds 7] [--seconds 1.5] [--no-peers] [--before CHECKOUT]

Servers run on one core and the load on another.  Rounds are interleaved, because machines drift:
each round measures every server, and its ratios are against the bare handlers of that round.
Bodies are all distinct; heads are, too, in one more line for the mock, which knows those that came
before.  Peers come from npm into benchmarks/node_modules when that works.  The mock of another
checkout runs twice: how the two differ shows what chance does.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from measuring import (
    ROOT,
    Load,
    chat,
    cpu_seconds,
    free_port,
    one,
    pin,
    process,
    resident_mebibytes,
    troth_mock,
    until_up,
)

HERE = Path(__file__).parent
PACKAGES = ("@stoplight/prism-cli@5.16.0", "@copilotkit/aimock@1.43.0")
# Two events that carry no text (role, finish) and the sentinel make fifty.
STREAMED = {"stream": True, "max_tokens": 47}
BEFORE = ("before", "… again")
FIXTURE = {
    "fixtures": [
        {
            "match": {"userMessage": topic},
            "response": {"content": "words that are said " * times},
        }
        for topic, times in (("requests", 10), ("streams", 47))
    ]
}


@dataclass
class Server:
    name: str
    command: list[str]
    port: int
    kinds: tuple[str, ...]
    warm_up: float
    pid: int = 0
    new_heads: bool = False


def body(kind: str, number: int) -> bytes:
    return chat(number, kind, **(STREAMED if kind == "streams" else {}))


def servers(*, peers: bool, before: Path | None) -> Iterator[Server]:
    for name, which, kind, loop in (
        ("bare handler", "handler", "requests", ()),
        ("bare stream", "stream", "streams", ()),
        ("… on uvloop", "handler", "requests", ("uvloop",)),
        ("… on uvloop", "stream", "streams", ("uvloop",)),
    ):
        port = free_port()
        command = [sys.executable, str(HERE / "bare.py"), which, str(port), *loop]
        yield Server(name, command, port, (kind,), 0.5)
    port = free_port()
    yield Server("troth mock", troth_mock(port), port, ("requests", "streams"), 1.0)
    port = free_port()
    both = ("requests", "streams")
    yield Server("… new heads", troth_mock(port), port, both, 1.0, new_heads=True)
    for name in BEFORE if before is not None else ():
        port = free_port()
        path = f"PYTHONPATH={before}/contract:{before}/mock"
        yield Server(name, ["env", path, *troth_mock(port)], port, both, 1.0)
    if peers and installed():
        yield from from_npm()


def installed() -> bool:
    """Put the peers into benchmarks/node_modules, unless they are there."""
    bin = HERE / "node_modules" / ".bin"
    if (bin / "prism").exists() and (bin / "llmock").exists():
        return True
    if shutil.which("npm") is None:
        print("npm is not installed: measuring without Prism and aimock", file=sys.stderr)
        return False
    command = ["npm", "install", "--no-save", "--no-package-lock", "--prefix", str(HERE), *PACKAGES]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"npm could not install the peers: {done.stderr[-300:]}", file=sys.stderr)
    return done.returncode == 0


def from_npm() -> Iterator[Server]:
    bin = HERE / "node_modules" / ".bin"
    port = free_port()
    command = [str(bin / "prism"), "mock", "-p", str(port), "-v", "silent"]
    document = str(ROOT / "spec" / "atoma.yaml")
    yield Server("Prism", [*command, document], port, ("requests",), 5.0)
    fixture = HERE / "node_modules" / "fixture.json"
    fixture.write_text(json.dumps(FIXTURE))
    port = free_port()
    command = [str(bin / "llmock"), "-p", str(port), "-f", str(fixture), "--log-level", "silent"]
    yield Server("aimock", command, port, ("requests", "streams"), 5.0)


def measure(server: Server, kind: str, seconds: float) -> float:
    """Answers per CPU second of the server."""
    before = cpu_seconds(server.pid)
    load = Load(server.port, partial(body, kind), new_heads=server.new_heads)
    answered = load.run(seconds)
    return answered / max(cpu_seconds(server.pid) - before, 0.01)


def warm(server: Server, kind: str) -> None:
    until = cpu_seconds(server.pid) + server.warm_up
    while cpu_seconds(server.pid) < until:
        Load(server.port, partial(body, kind)).run(0.3)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--seconds", type=float, default=1.5)
    options.add_argument("--no-peers", action="store_true")
    options.add_argument("--before", type=Path, metavar="CHECKOUT")
    chosen = options.parse_args()
    pin(1)
    rates: dict[tuple[str, str], list[float]] = {}
    with contextlib.ExitStack() as stack:
        running = list(servers(peers=not chosen.no_peers, before=chosen.before))
        for server in running:
            server.pid = stack.enter_context(process(server.command))
            until_up(server.port)
            for kind in server.kinds:
                warm(server, kind)
        for _ in range(chosen.rounds):
            for server in running:
                for kind in server.kinds:
                    rate = measure(server, kind, chosen.seconds)
                    rates.setdefault((server.name, kind), []).append(rate)
        report(running, rates, chosen.rounds)


def report(running: list[Server], rates: dict[tuple[str, str], list[float]], rounds: int) -> None:
    for kind, limit in (("requests", "bare handler"), ("streams", "bare stream")):
        print(f"\n{kind} per server CPU second, median of {rounds} rounds")
        for server in running:
            if kind not in server.kinds:
                continue
            found = rates[server.name, kind]
            shares = [rate / bare for rate, bare in zip(found, rates[limit, kind], strict=True)]
            events = one(server.port, body(kind, 0)).count(b"data: ")
            print(
                f"  {server.name:14}{statistics.median(found):9,.0f}"
                f"{statistics.median(shares):7.2f} x {limit}"
                f"   ({min(shares):.2f} to {max(shares):.2f})"
                f"{f'   {events} events' if kind == 'streams' else ''}"
                f"   {resident_mebibytes(server.pid):.0f} MB"
            )
    for kind in ("requests", "streams"):
        if ("aimock", kind) in rates:
            pairs = zip(rates["troth mock", kind], rates["aimock", kind], strict=True)
            print(f"{kind}: {statistics.median(ours / its for ours, its in pairs):.2f} x aimock")
        for name in ("troth mock", BEFORE[1]) if (BEFORE[0], kind) in rates else ():
            pairs = zip(rates[BEFORE[0], kind], rates[name, kind], strict=True)
            cost = statistics.median(its / ours for its, ours in pairs)
            print(f"{kind}: {name} takes {cost:.3f} of the CPU time of before")


if __name__ == "__main__":
    main()
