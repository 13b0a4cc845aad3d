"""`x-troth-completion`, compiled: where the parts of a chat completion are in both bodies.

The document says where (JSON Pointers); the dialect `chat` says what the parts mean: messages
have `role` and `content`, tools are `{type: function, function: {name, description,
parameters}}`, a tool choice is `none`, `auto`, `required` or a named function.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from troth import pointer
from troth_mock.chat.paths import Getter, getter

Names = tuple[str, ...]

_REQUEST = (
    "model", "messages", "choices", "stop", "tools", "tool-choice", "parallel-tool-calls",
    "response-format", "logprobs", "top-logprobs", "service-tier", "include-usage",
)  # fmt: skip


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
    pointers: Mapping[str, str]
    response: Mapping[str, Names]
    choice: Mapping[str, Names]
    usage: Mapping[str, Names]
    id_prefix: str
    extras: frozenset[str]
    cuts: frozenset[str]


def compile_dialect(raw: Mapping[str, Any]) -> Dialect | None:
    """Compile the value of an `x-troth-completion`; None if it is of no dialect that we speak."""
    request = _pointers(raw.get("request"))
    response, choice = _pointers(raw.get("response")), _pointers(raw.get("choice"))
    if raw.get("dialect") != "chat" or "choices" not in response or "content" not in choice:
        return None
    limits = raw.get("request", {}).get("token-limits", ())
    limits = [limits] if isinstance(limits, str) else limits
    said = [*request.items(), *(("token-limits", at) for at in limits if _is_pointer(at))]
    return Dialect(
        request={name: getter(request[name]) if name in request else _absent for name in _REQUEST},
        token_limits=tuple((at, getter(at)) for at in limits if _is_pointer(at)),
        pointers=request,
        response={name: pointer.split(at) for name, at in response.items()},
        choice={name: pointer.split(at) for name, at in choice.items()},
        usage={name: pointer.split(at) for name, at in _pointers(raw.get("usage")).items()},
        id_prefix=str(raw.get("id-prefix", "")),
        extras=_tops(at for name, at in said if name not in ("model", "messages")),
        cuts=_tops(at for name, at in said if name in _CUTS),
    )


def _pointers(raw: Any) -> dict[str, str]:
    if not isinstance(raw, Mapping):
        return {}
    return {name: at for name, at in raw.items() if _is_pointer(at)}


def _tops(pointers: Iterable[str]) -> frozenset[str]:
    """The members of the whole that *pointers* start with."""
    return frozenset(pointer.split(at)[0] for at in pointers)


def _is_pointer(at: Any) -> bool:
    return isinstance(at, str) and at.startswith("/")
