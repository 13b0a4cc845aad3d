"""One request as scenarios see it: what it says, looked up once, when a condition first asks.

Where the messages, the model and the tools of a chat stand in the request is the document's to say
(`x-troth-completion`); of an operation without it there are none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from troth.http import content_coding, json_text
from troth.http.exchange import Request
from troth.laws.condition import VARIABLES
from troth.openapi.chat_completion import ChatCompletion
from troth.openapi.operation import Match
from troth.validation import content
from troth_mock.chat import text
from troth_mock.chat.members import ChatMembers, compile_members

#: What conditions and templates may speak of, with what each is.
KNOWN: Mapping[str, str] = {
    **{name: VARIABLES[name] for name in ("request", "path", "query", "header")},
    "user": "the text of the last message of a user",
    "turn": "how many messages of users there are",
    "session": "the name of the session",
    "count": "how many times the scenario has answered in this session, this answer counted",
}


@dataclass(eq=False)
class Situation:
    """A *request* of *session*, of which *match* is; *count* is that of the scenario that answers.

    Its facts are plain JSON by variable, for conditions and templates.
    """

    match: Match
    request: Request
    session: str = ""

    @cached_property
    def body(self) -> Any:
        """The decoded body; None where there is none that can be read."""
        declared = self.match.operation.request_body
        try:
            data = content_coding.undone(self.request.body, self.request.fields)
        except content_coding.BadCoding:
            return None
        if not data:
            return None
        kind = self.request.content_type or ""
        entry = declared.media_type(kind) if declared is not None else None
        if entry is not None and not entry.is_json:
            value = content.read(entry, kind, data)
            return None if value is content.UNREAD else value
        return json_text.decoded(data)

    @cached_property
    def messages(self) -> Sequence[Any]:
        """The messages of the chat."""
        found = self._part("messages")
        return found if isinstance(found, list) else ()

    @cached_property
    def user(self) -> str | None:
        """The text of the last message of a user, if there is one."""
        said = (said for role, said in reversed(self.said) if role == "user")
        return next(said, None)

    @cached_property
    def said(self) -> Sequence[tuple[str, str]]:
        """The role and the text of each message."""
        return [
            (str(one.get("role")), text.text_of(one.get("content")))
            for one in self.messages
            if isinstance(one, dict)
        ]

    @property
    def turn(self) -> int:
        """How many messages of users there are."""
        return sum(role == "user" for role, _ in self.said)

    @property
    def model(self) -> str:
        """The model that is asked for."""
        model = self._part("model")
        return model if isinstance(model, str) else ""

    @cached_property
    def tools(self) -> Sequence[str]:
        """The names of the tools that are offered."""
        offered = self._part("tools")
        names = [
            one["function"].get("name")
            for one in (offered if isinstance(offered, list) else ())
            if isinstance(one, dict) and isinstance(one.get("function"), dict)
        ]
        return [name for name in names if isinstance(name, str)]

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The texts of the query, by name: the last of several counts."""
        return dict(parse_qsl(self.match.query, keep_blank_values=True))

    @cached_property
    def path(self) -> Mapping[str, str]:
        """The texts in the path, by name."""
        return {name: unquote(value) for name, value in self.match.path_parameters.items()}

    def field(self, name: str) -> str | None:
        """The header field *name*; its lines are joined (RFC 9110 §5.3)."""
        return ", ".join(self.request.values(name)) if self.request.values(name) else None

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What conditions and templates can speak of."""
        names = {name.lower() for name, _ in self.request.fields}
        return {
            "request": self.body,
            "path": self._read("path", self.path),
            "query": self._read("query", self.query),
            "header": {name: self.field(name) for name in sorted(names)},
            "user": self.user,
            "turn": self.turn,
            "session": self.session,
        }

    def _read(self, location: str, texts: Mapping[str, str]) -> dict[str, Any]:
        """*texts*, those that the document declares as their schemas read them."""
        from troth.validation import parameters  # slow to load, and few scenarios ask

        return {**texts, **parameters.read_parameters(self.match, self.request, location)}

    def _part(self, name: str) -> Any:
        completion = self.match.operation.completion
        return None if completion is None else _members(completion).request[name](self.body)


@lru_cache(maxsize=64)
def _members(completion: ChatCompletion) -> ChatMembers:
    return compile_members(completion)
