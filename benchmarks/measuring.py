"""What the benchmarks share: processes on their own core, their CPU time, and a load of sockets.

CPU time of the server's process tree over requests answered holds on a busy machine, where
requests a second do not.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATH = "/v1/chat/completions"
_TICKS = os.sysconf("SC_CLK_TCK")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def pin(core: int, pid: int = 0) -> None:
    """Keep a process on one core, where there are several to choose from."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) > core:
        os.sched_setaffinity(pid, {cores[core]})


def cpu_seconds(pid: int) -> float:
    """CPU time of *pid* and of its descendants, the ended ones included."""
    ticks = 0
    for process in tree(pid):
        with contextlib.suppress(OSError):
            stat = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += sum(int(stat[index]) for index in (11, 12, 13, 14))
    return ticks / _TICKS


def resident_mebibytes(pid: int) -> float:
    total = 0
    for process in tree(pid):
        with contextlib.suppress(OSError):
            found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
            total += int(found[1]) if found else 0
    return total / 1024


def tree(pid: int) -> list[int]:
    found = [pid]
    for process in found:
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{process}/task/{process}/children").read_text()
            found.extend(int(child) for child in children.split())
    return found


@contextlib.contextmanager
def process(command: Sequence[str], *, core: int = 0, cwd: Path = ROOT) -> Iterator[int]:
    """Run *command* on *core* with its output thrown away, and end it afterwards."""
    cores = sorted(os.sched_getaffinity(0))
    running = subprocess.Popen(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    if len(cores) > 1:
        os.sched_setaffinity(running.pid, {cores[core]})
    try:
        yield running.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGTERM)
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()


def until_up(port: int, *, seconds: float = 60) -> None:
    """Wait until *port* takes connections."""
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def request(port: int, body: bytes, *, head: str = "") -> bytes:
    """A whole request; *head* is another header line, or none."""
    lines = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer benchmark\r\nContent-Length: {len(body)}\r\n{head}\r\n"
    )
    return lines.encode() + body


def chat(number: int, topic: str, **members: object) -> bytes:
    """A small body of two messages, unlike every other one."""
    return json.dumps(
        {
            "model": "meta-llama/Llama-3.3-70B-Instruct",
            "messages": [
                {"role": "system", "content": "You are a helpful assistant."},
                {"role": "user", "content": f"Tell me of {topic}, number {number}."},
            ],
            **members,
        }
    ).encode()


def is_complete(received: bytes) -> bool:
    """Whether *received* is a whole response, by its own framing."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return False
    length = _LENGTH.search(received, 0, end)
    if length is not None:
        return len(received) >= end + 4 + int(length[1])
    return received.endswith(b"\r\n0\r\n\r\n") or received.endswith(b"\r\n\r\n0\r\n\r\n")


@dataclass
class Load:
    """Sixteen kept-alive connections to *port*, each asking again once it is answered.

    With *new_heads* no two requests have the same head, as when each is traced.
    """

    port: int
    body: Callable[[int], bytes]
    connections: int = 16
    new_heads: bool = False
    asked: int = 0

    def run(self, seconds: float) -> int:
        """Ask for *seconds* and return how many whole answers came."""
        chooser = selectors.DefaultSelector()
        received: dict[socket.socket, bytes] = {}
        for _ in range(self.connections):
            client = socket.create_connection(("127.0.0.1", self.port), timeout=30)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            chooser.register(client, selectors.EVENT_READ)
            received[client] = b""
            self._ask(client)
        answered, end = 0, time.monotonic() + seconds
        while received:
            for key, _ in chooser.select(30):
                client = key.fileobj
                assert isinstance(client, socket.socket)
                data = client.recv(1 << 18)
                if not data:
                    raise ConnectionError(f"the server on {self.port} closed: {received[client]!r}")
                received[client] += data
                if not is_complete(received[client]):
                    continue
                if not received[client].startswith(b"HTTP/1.1 200 "):
                    raise ValueError(received[client][:500].decode("utf-8", "replace"))
                answered += 1
                received[client] = b""
                if time.monotonic() < end:
                    self._ask(client)
                else:
                    chooser.unregister(client)
                    client.close()
                    del received[client]
        return answered

    def _ask(self, client: socket.socket) -> None:
        self.asked += 1
        head = f"X-Trace: {self.asked}\r\n" if self.new_heads else ""
        client.sendall(request(self.port, self.body(self.asked), head=head))


def troth_mock(port: int, *options: str) -> list[str]:
    return [sys.executable, "-m", "troth", "mock", "--port", str(port), "--quiet", *options]


def one(port: int, body: bytes) -> bytes:
    """The whole response to one request."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(request(port, body))
        received = b""
        while not is_complete(received):
            data = client.recv(1 << 18)
            if not data:
                break
            received += data
        return received
