"""Requests that count once: what was answered under a key is answered again, byte for byte.

A client says that two requests are one by giving both the same key, in a header field that the
document declares (`Operation.idempotency_key`).  Nothing is done by the second, whatever has become
of what the first has made.  Only what succeeded is kept: a request that was refused may be mended
and sent again under its key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from troth.http.exchange import Request
from troth.openapi.operation import Match, Operation
from troth.seed import Seed
from troth_mock.reply import Reply
from troth_mock.responding.kept import HeaderFields, credentials_of, session_of
from troth_mock.responding.problems import Problem
from troth_mock.storage.sessions import Answered, Sessions

#: What tells of a key that came with another request before, the usual one first.
_STATUSES = (422, 409, 400)


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The keys of the requests of one *operation*, in the field *name*, and what came of them."""

    operation: Operation
    name: str
    sessions: Sessions

    def reply(
        self,
        match: Match,
        request: Request,
        fields: HeaderFields,
        *,
        seed: Seed,
        make: Callable[[], Reply],
    ) -> Reply:
        """What was answered to *request* before, else what *make* answers.

        *seed* is that of all that the request says.
        """
        sent = ", ".join(fields.get(self.name.lower(), ()))
        if not sent:
            return make()
        session = self.sessions.session(session_of(request))
        credentials = credentials_of(self.operation, fields, match.query)
        # what was sent is not kept: it may be as long as a line
        digest = blake2b(sent.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        key = self.operation.name, digest, *sorted(credentials.items())
        known = session.answers.get(key)
        if known is None:
            reply = make()
            if reply.status < 400:
                self.sessions.remember(session, key, Answered(seed.key, reply))
            return reply
        if known.request == seed.key:
            return known.reply
        accept = ", ".join(fields.get("accept", ())) or None
        return self._problem().reply(self.operation, accept=accept)

    def _problem(self) -> Problem:
        exact = {response.status for response in self.operation.responses}
        status = next((one for one in _STATUSES if str(one) in exact), _STATUSES[0])
        message = f"{self.name}: another request was sent under this key"
        return Problem(status, message, "idempotency_key_reused", self.name, location="header")
