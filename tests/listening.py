"""A server that keeps the bytes that it was sent, and answers what it is told to; free ports."""

from __future__ import annotations

import itertools
import os
import queue
import socket
import threading
from contextlib import suppress
from types import TracebackType

# those that systems give away by themselves are above: another process might get one meanwhile
_PORTS = itertools.count(20_000 + os.getpid() % 10_000)
_PATIENCE = 10.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def free_port() -> int:
    """A port of 127.0.0.1 that is free, and stays so until somebody asks for it by its number."""
    for port in _PORTS:
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    raise AssertionError("numbers do not end")


class Listener:
    """Listens on a free port of 127.0.0.1; one request a connection, one connection at a time."""

    def __init__(self, answer: bytes = OK) -> None:
        self.answer = answer
        self._got: queue.Queue[bytes] = queue.Queue()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._served: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Listener:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        if self._served is not None:
            with suppress(OSError):  # it has been closed
                self._served.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def last(self) -> tuple[str, bytes, bytes]:
        """The first line, the rest of the head, and the body of the next request that came."""
        head, _, body = self._got.get(timeout=60).partition(b"\r\n\r\n")
        first, _, rest = head.partition(b"\r\n")
        return first.decode("latin-1"), rest, body

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._served = connection
            # a browser opens connections that it then asks nothing over, and closes some of them
            with connection, suppress(OSError):
                connection.settimeout(_PATIENCE)
                self._got.put(_request(connection))
                connection.sendall(self.answer)


def _request(connection: socket.socket) -> bytes:
    """The next request over *connection*.  Raises OSError where none comes."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ),
        0,
    )
    if b"100-continue" in head.lower():
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    while len(body) < length:
        body += _more(connection)
    return head + b"\r\n\r\n" + body


def _more(connection: socket.socket) -> bytes:
    piece = connection.recv(65536)
    if not piece:
        raise ConnectionAbortedError
    return piece
