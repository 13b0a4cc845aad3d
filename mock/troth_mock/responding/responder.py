"""The heart of the mock: from a request to its reply, without a socket, a clock or a die.

`Responder` is compiled once from a contract.  `respond` is pure and total: the same contract,
seed and request (key order and white space aside) give the same bytes, and any bytes get a reply.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from troth.errors import MethodNotAllowed, NoSuchPath, TrothError, similar
from troth.generation.values import Unsatisfiable
from troth.http.exchange import Request
from troth.openapi.contract import Contract
from troth.openapi.operation import Operation
from troth_mock.chat.request import Refused
from troth_mock.reply import Reply, Stream
from troth_mock.responding.compiled_responder import CompiledResponse
from troth_mock.responding.negotiation import BadPreference, NotAcceptable
from troth_mock.responding.operation_responder import Answerer
from troth_mock.responding.refusals import refusal, status_of_violation

__all__ = ["Reply", "Responder", "Stream", "refusal"]

_MOST_NEAR = 3


class Responder:
    """Answers the requests of one contract.

    *tokens* are the only credentials that are good; without any, all are.  With *clock* `fixed`
    every answer tells the same time, `wall` the time at which it was asked.
    """

    def __init__(
        self,
        contract: Contract,
        *,
        seed: int = 0,
        tokens: Sequence[str] = (),
        clock: Literal["fixed", "wall"] = "fixed",
    ) -> None:
        self.contract = contract
        self._seed = seed
        self._tokens = tuple(tokens)
        self._is_fixed = clock == "fixed"
        # compiled when first asked for: a document may have thousands of operations
        self._answerers: dict[int, Answerer] = {}

    def respond(self, request: Request, *, now: int) -> Reply:
        """Answer *request*; *now* is the time in seconds since 1970."""
        try:
            match = self.contract.match(request.method, request.target)
        except NoSuchPath as fault:
            return self._unknown(request, fault)
        except MethodNotAllowed as fault:
            return refusal(
                405, _printable(str(fault)), fields=(("Allow", ", ".join(fault.allowed)),)
            )
        operation = match.operation
        try:
            answerer = self._answerers.get(id(operation)) or self._compile(operation)
            return answerer.answer(match, request, created=None if self._is_fixed else now)
        except Refused as fault:
            told = {"code": fault.code, "pointer": fault.param or "", "message": str(fault)}
            return refusal(
                status_of_violation(operation),
                str(fault),
                code=fault.code,
                param=fault.param,
                errors=(told,),
                operation=operation,
            )
        except BadPreference as fault:
            return refusal(
                400, str(fault), code="bad_preference", param="Prefer", operation=operation
            )
        except NotAcceptable as fault:
            return refusal(406, str(fault), param="Accept", operation=operation)
        except Unsatisfiable as fault:
            said = f"the document cannot be met: {fault}"
            return refusal(501, said, code="unsatisfiable_schema", operation=operation)
        except TrothError as fault:
            said = f"the document cannot be used: {fault}"
            return refusal(501, said, code="unusable_document", operation=operation)
        except RecursionError:
            # a document or a request at the edge of every limit; nothing of it is left behind
            said = "the request nests too deeply to be answered"
            return refusal(400, said, code="too_deep", operation=operation)

    def lane(self, request: Request) -> Callable[[bytes, int], CompiledResponse | None] | None:
        """What answers plain bodies that come with the head of *request*, at a given time.

        None where that head is not plain; and what it returns gives None for what `respond` has
        to answer.  The answers are those of `respond`.
        """
        try:
            match = self.contract.match(request.method, request.target)
            operation = match.operation
            answerer = self._answerers.get(id(operation)) or self._compile(operation)
            answer = answerer.lane(match, request)
        except TrothError:
            return None
        if answer is None or not self._is_fixed:
            return answer
        return lambda body, now: answer(body, None)

    def _compile(self, operation: Operation) -> Answerer:
        found = Answerer(self.contract, operation, seed=self._seed, tokens=self._tokens)
        return self._answerers.setdefault(id(operation), found)

    def _unknown(self, request: Request, fault: NoSuchPath) -> Reply:
        path = request.target.partition("?")[0][:500]
        known = {
            base + operation.path: operation
            for operation in self.contract.operations
            for base in operation.base_paths
        }
        near = _near(path, list(known))
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        return refusal(404, f"there is no path {path!r}{hint}", code="unknown_path")


def _near(path: str, known: Sequence[str]) -> list[str]:
    if len(known) > 2000:
        return []
    ends = [one for one in known if path.strip("/") and one.endswith("/" + path.strip("/"))]
    return list(dict.fromkeys([*ends, *similar(path, known, most=_MOST_NEAR, least=0.5)]))[
        :_MOST_NEAR
    ]


def _printable(said: str) -> str:
    return said if len(said) <= 500 else said[:497] + "…"
