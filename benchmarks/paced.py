"""How late the events of many paced streams are, measured by their client.

    python benchmarks/paced.py [--streams 200] [--tokens-per-second 40] [--ttft 0.2]

All streams are asked for at once.  The schedule of each is the one that the mock's own responder
and pace give for its request, counted from the moment at which the request was sent.
"""

from __future__ import annotations

import argparse
import selectors
import socket
import time
from dataclasses import dataclass, field

from measuring import PATH, chat, free_port, pin, process, request, troth_mock, until_up

import troth
from troth.http.exchange import Request
from troth_mock.pace import Pace
from troth_mock.responding.responder import Responder


@dataclass
class Client:
    """One stream: when it was asked for, and when each of its events arrived."""

    socket: socket.socket
    number: int
    asked: float = 0.0
    received: bytes = b""
    arrivals: list[float] = field(default_factory=list)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--streams", type=int, default=200)
    options.add_argument("--tokens-per-second", type=float, default=40.0)
    options.add_argument("--ttft", type=float, default=0.2)
    chosen = options.parse_args()
    pin(1)
    port = free_port()
    pace = ("--ttft", str(chosen.ttft), "--tokens-per-second", str(chosen.tokens_per_second))
    with process(troth_mock(port, *pace)):
        until_up(port)
        listen(port, 5)
        clients = listen(port, chosen.streams)
    late = sorted(lateness(clients, Pace(chosen.ttft, chosen.tokens_per_second)))
    print(
        f"{chosen.streams} streams at once, {len(late):,} events; milliseconds after the schedule:"
    )
    for share in (50, 90, 99, 99.9):
        print(
            f"  {share:5} %  {late[min(len(late) - 1, int(len(late) * share / 100))] * 1000:7.2f}"
        )


def body(number: int) -> bytes:
    return chat(number, "pace", stream=True, max_tokens=100)


def listen(port: int, count: int) -> list[Client]:
    """Ask for *count* streams at once and read them to their ends."""
    clients = [
        Client(socket.create_connection(("127.0.0.1", port), timeout=30), number)
        for number in range(count)
    ]
    chooser = selectors.DefaultSelector()
    for client in clients:
        client.asked = time.monotonic()
        client.socket.sendall(request(port, body(client.number)))
        chooser.register(client.socket, selectors.EVENT_READ, client)
    open_streams = count
    while open_streams:
        for key, _ in chooser.select(30):
            client = key.data
            data = client.socket.recv(65536)
            now = time.monotonic()
            client.received += data
            client.arrivals += [now] * (client.received.count(b"data: ") - len(client.arrivals))
            if not data or client.received.endswith(b"\r\n0\r\n\r\n"):
                chooser.unregister(client.socket)
                client.socket.close()
                open_streams -= 1
    return clients


def lateness(clients: list[Client], pace: Pace) -> list[float]:
    """Seconds between each event's time and its arrival."""
    responder = Responder(troth.load())
    late: list[float] = []
    fields = (("Content-Type", "application/json"), ("Authorization", "Bearer benchmark"))
    for client in clients:
        asked = Request("POST", PATH, fields, body(client.number))
        stream = responder.respond(asked, now=0).stream
        assert stream is not None
        due = pace.schedule(stream.tokens)
        assert len(due) == len(client.arrivals), (len(due), len(client.arrivals))
        late += [
            arrival - client.asked - wait
            for wait, arrival in zip(due, client.arrivals, strict=True)
        ]
    return late


if __name__ == "__main__":
    main()
