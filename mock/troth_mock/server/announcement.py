"""What `troth mock` says when it is up: where, what it serves, and a first request to paste.

The request is the document's own where it can be: a code sample, an example, and only then
something synthesised.  It is tried on the responder before it is shown.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

from troth.http.content_coding import coding
from troth.http.exchange import Request
from troth.openapi.contract import Contract
from troth_mock.inspector.operations import natural_requests
from troth_mock.responding.responder import Responder
from troth_mock.server.serving import MockServer

_LISTED = 20
_TRIED = 20


@dataclass(frozen=True, slots=True)
class Announcement:
    """The facts that a user, or a script with `--json`, needs once the server is up."""

    server: MockServer
    curl: str | None
    pid: int
    has_inspector: bool = True

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of the operations, in the document's order."""
        return tuple(operation.name for operation in self.server.contract.operations)

    def as_json(self) -> str:
        """One machine-readable line."""
        return json.dumps(
            {
                "url": self.server.url,
                "base_url": self.server.base_url,
                "inspector": self.server.url + "/_troth/" if self.has_inspector else None,
                "pid": self.pid,
                "operations": list(self.operations),
                "curl": self.curl,
            }
        )

    def as_text(self) -> str:
        """A few lines for a person."""
        more = len(self.operations) - _LISTED
        lines = [
            f"troth mock on {self.server.url}",
            "",
            *(f"  {name}" for name in self.operations[:_LISTED]),
            *([f"  … and {more} more"] if more > 0 else []),
            *(["", f"  {self.curl}"] if self.curl else []),
        ]
        if any(operation.completion for operation in self.server.contract.operations):
            lines += ["", f"  export OPENAI_BASE_URL={self.server.base_url}"]
        if self.has_inspector:
            lines += ["", f"  {self.server.url}/_troth/ shows what is asked, and what is answered"]
        return "\n".join([*lines, ""])


def first_request(contract: Contract, responder: Responder, *, token: str) -> Request | None:
    """A request that the mock answers well, or None when none of the first operations has one.

    *responder* has nothing of what is tried: a mock that says what it serves begins as any other.
    """
    tried = (
        request
        for operation in contract.operations[:_TRIED]
        for request in natural_requests(operation, token=token)
        if not coding(request.fields)  # what is coded cannot be typed
    )
    good = (one for one in tried if responder.respond(one, now=0).status < 400)
    found = next(good, None)
    responder.reset()
    return found


def curl(request: Request, url: str) -> str:
    """*request* as a line for a POSIX shell."""
    words = ["curl", url + request.target]
    if request.method != ("POST" if request.body else "GET"):
        words += ["-X", request.method]
    for name, value in request.fields:
        if name.lower() != "host":
            words += ["-H", f"{name}: {value}"]
    if request.body:
        words += ["-d", request.body.decode()]
    return shlex.join(words)
