"""The answers of an operation that the document marks as a chat completion: JSON, or a stream."""

from __future__ import annotations

from typing import Any

from troth.http import json_text
from troth.http.exchange import Fields
from troth.openapi.contract import Contract
from troth.openapi.operation import DeclaredResponse, MediaType, Operation
from troth.seed import Seed
from troth_mock.chat.chunking import Chunker
from troth_mock.chat.completion import FIXED_TIME, Completions, Message
from troth_mock.chat.members import ChatMembers, compile_members, get_member
from troth_mock.chat.request import read_request
from troth_mock.reply import Reply, framing, headers, without_coding


class ChatResponder:
    """What answers the successful requests of one operation; compiled once."""

    def __init__(
        self, contract: Contract, members: ChatMembers, declared: DeclaredResponse
    ) -> None:
        self.members = members
        digest = contract.document.digest
        # a chat is sent as it is: it is written in pieces that are looked up
        required = without_coding(headers(declared, Seed.of(digest, "headers")))
        self.completions: dict[int, Completions] = {}
        self.chunkers: dict[int, Chunker] = {}
        self.fields: dict[int, Fields] = {}
        for entry in declared.content:
            whole: MediaType | None = entry
            if entry.is_stream:
                whole = declared.media_type(entry.assembly.body) if entry.assembly else None
                if whole is not None and entry.assembly is not None:
                    self.chunkers[id(entry)] = Chunker(entry.assembly, members, framing(entry))
            if whole is not None and whole.is_json and "*" not in entry.content_type:
                self.completions[id(entry)] = Completions(members, whole.schema, digest=digest)
                self.fields[id(entry)] = (("Content-Type", entry.content_type), *required)

    @classmethod
    def of(
        cls, contract: Contract, operation: Operation, declared: DeclaredResponse | None
    ) -> ChatResponder | None:
        """Compile the chat of *operation*; None where the document speaks of none."""
        if operation.completion is None or declared is None:
            return None
        return cls(contract, compile_members(operation.completion), declared)

    def can_answer(self, entry: MediaType | None) -> bool:
        """Whether it can answer in this media type."""
        return id(entry) in self.completions

    def size_of(self, body: Any) -> int:
        """How many tokens were said for *body*, which somebody wrote, as it says itself."""
        at = self.members
        if "usage" not in at.response or "completion" not in at.usage:
            return 0
        size = get_member(body, (*at.response["usage"], *at.usage["completion"]))
        return max(0, size) if type(size) is int else 0

    def reply(
        self,
        entry: MediaType,
        body: Any,
        seed: Seed,
        *,
        text_seed: Seed,
        created: int | None,
        status: int,
        message: Message | None = None,
    ) -> Reply:
        """Answer the request of this *body*; *text_seed* is that of what the answer says.

        Told a *message*, it says that.  Raises Refused and Unsatisfiable.
        """
        request = read_request(self.members, body)
        key = id(entry)
        created = FIXED_TIME if created is None else created
        completed = self.completions[key].complete(
            request, seed, text_seed=text_seed, created=created, message=message
        )
        chunker = self.chunkers.get(key)
        if chunker is None:
            data = json_text.encode(completed.body)
            return Reply(status, self.fields[key], data, tokens=completed.size)
        stream = chunker.stream(completed, includes_usage=request.includes_usage)
        return Reply(status, self.fields[key], None, stream)
