"""`x-troth-completion`, compiled: where the parts of a chat completion are in both bodies.

The document says where (JSON Pointers); the dialect `chat` says what the parts mean: messages
have `role` and `content`, tools are `{type: function, function: {name, description,
parameters}}`, a tool choice is `none`, `auto`, `required` or a named function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from troth import pointer
from troth.document.vocabulary import RequestPart
from troth.openapi.chat_completion import ChatCompletion

Names = tuple[str, ...]

_CUTS = ("token-limits", "stop", "logprobs", "top-logprobs")


def _absent(value: Any) -> Any:
    return None


@dataclass(frozen=True, slots=True)
class ChatMembers:
    """The compiled pointers: *request* has a getter for every part, the others what is named.

    Parts go by the names that the document uses (`finish-reason`).  *extras* are the members of a
    request that say anything but the model and the messages; *cuts* those that only say how much
    of the answer is sent, and in which form.  *instructions* are the roles of messages that say how
    to answer, *annotation* is what cites a link.
    """

    request: Mapping[str, Getter]
    token_limits: tuple[tuple[str, Getter], ...]
    pointers: Mapping[RequestPart, str]
    response: Mapping[str, Names]
    choice: Mapping[str, Names]
    usage: Mapping[str, Names]
    id_prefix: str
    instructions: tuple[str, ...]
    annotation: Mapping[str, Any]
    extras: frozenset[str]
    cuts: frozenset[str]

    @property
    def always_reasons(self) -> bool:
        """Whether every answer has reasoning: there is a place for it, and none to ask for it."""
        return "reasoning" in self.choice and "reasoning" not in self.pointers


def compile_members(completion: ChatCompletion) -> ChatMembers:
    """Compile the pointers of *completion*."""
    request, limits = completion.request, completion.token_limits
    places = [*request.items(), *(("token-limits", at) for at in limits)]
    return ChatMembers(
        request={
            part: getter(request[part]) if part in request else _absent
            for part in get_args(RequestPart)
        },
        token_limits=tuple((at, getter(at)) for at in limits),
        pointers=request,
        response={name: pointer.split(at) for name, at in completion.response.items()},
        choice={name: pointer.split(at) for name, at in completion.choice.items()},
        usage={name: pointer.split(at) for name, at in completion.usage.items()},
        id_prefix=completion.id_prefix,
        instructions=completion.instructions,
        annotation=completion.annotation,
        extras=_tops(at for name, at in places if name not in ("model", "messages")),
        cuts=_tops(at for name, at in places if name in _CUTS),
    )


def _tops(pointers: Iterable[str]) -> frozenset[str]:
    """The members of the whole that *pointers* start with."""
    return frozenset(pointer.split(at)[0] for at in pointers)


Getter = Callable[[Any], Any]


def getter(at: str) -> Getter:
    """What reads the value at the pointer *at*; None where there is none, never raising."""
    names = pointer.split(at)
    if len(names) == 1:
        (name,) = names
        return lambda value: value.get(name) if type(value) is dict else None
    return lambda value: get_member(value, names)


def get_member(value: Any, names: Iterable[str]) -> Any:
    """The member that *names* lead to, or None."""
    for name in names:
        if type(value) is not dict:
            return None
        value = value.get(name)
    return value


def put_member(value: dict[str, Any], names: tuple[str, ...], part: Any) -> None:
    """Set the member that *names* lead to, making the objects on the way."""
    *way, last = names
    for name in way:
        inner = value.get(name)
        if type(inner) is not dict:
            inner = value[name] = {}
        value = inner
    value[last] = part


def remove_member(value: dict[str, Any], names: tuple[str, ...]) -> None:
    """Remove the member that *names* lead to, if it is there."""
    *way, last = names
    inner = get_member(value, way)
    if type(inner) is dict:
        inner.pop(last, None)
