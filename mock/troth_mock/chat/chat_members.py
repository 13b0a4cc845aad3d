"""`x-troth-completion`, compiled: where the parts of a chat completion are in both bodies.

The document says where (JSON Pointers); the dialect `chat` says what the parts mean: messages
have `role` and `content`, tools are `{type: function, function: {name, description,
parameters}}`, a tool choice is `none`, `auto`, `required` or a named function.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from troth import pointer
from troth.openapi.chat_completion import ChatCompletion, RequestPart
from troth_mock.chat.paths import Getter, getter

Names = tuple[str, ...]

_CUTS = ("token-limits", "stop", "logprobs", "top-logprobs")


def _absent(value: Any) -> Any:
    return None


@dataclass(frozen=True, slots=True)
class Dialect:
    """The compiled pointers: *request* has a getter for every part, the others what is named.

    Parts go by the names that the document uses (`finish-reason`).  *extras* are the members of a
    request that say anything but the model and the messages; *cuts* those that only say how much
    of the answer is sent, and in which form.
    """

    request: Mapping[str, Getter]
    token_limits: tuple[tuple[str, Getter], ...]
    pointers: Mapping[RequestPart, str]
    response: Mapping[str, Names]
    choice: Mapping[str, Names]
    usage: Mapping[str, Names]
    id_prefix: str
    extras: frozenset[str]
    cuts: frozenset[str]


def compile_dialect(completion: ChatCompletion) -> Dialect:
    """Compile the pointers of *completion*."""
    request, limits = completion.request, completion.token_limits
    places = [*request.items(), *(("token-limits", at) for at in limits)]
    return Dialect(
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
        extras=_tops(at for name, at in places if name not in ("model", "messages")),
        cuts=_tops(at for name, at in places if name in _CUTS),
    )


def _tops(pointers: Iterable[str]) -> frozenset[str]:
    """The members of the whole that *pointers* start with."""
    return frozenset(pointer.split(at)[0] for at in pointers)
