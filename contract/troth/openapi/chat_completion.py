"""`x-troth-completion`: where the parts of a chat completion stand in its request and its answers.

The document says where (JSON Pointers, by the part's name in the document); what the parts mean
is the chat dialect's to say: messages have `role` and `content`, tools are functions, and so on.
`x-troth-embedding` says the same of texts and the vectors that stand for them.  Nobody else reads
the fields.  spec/README.md documents them for authors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from troth import pointer as pointers
from troth.document.source import data_beside
from troth.document.vocabulary import (
    ChoicePart,
    EmbeddingRequestPart,
    EmbeddingResponsePart,
    RequestPart,
    ResponsePart,
    UsagePart,
    VectorPart,
)


@dataclass(frozen=True, slots=True)
class ModelList:
    """Where a server tells its models: *ids* are in the answer of *operation*, `*` any item."""

    operation: str
    ids: str


@dataclass(frozen=True, slots=True, eq=False)
class ChatCompletion:
    """The JSON Pointers of the parts that the document names; *token_limits* are of the request.

    *choice* points into one of the choices, *usage* into the usage.  The choices and the content
    of one are always there.  A message that says how to answer is of one of the roles
    *instructions*; *annotation* is what cites a link, with `{url}` and the like for its parts.
    """

    request: Mapping[RequestPart, str]
    token_limits: tuple[str, ...]
    response: Mapping[ResponsePart, str]
    choice: Mapping[ChoicePart, str]
    usage: Mapping[UsagePart, str]
    id_prefix: str
    base_path: str
    models: ModelList | None
    instructions: tuple[str, ...]
    annotation: Mapping[str, Any]

    @property
    def usage_total(self) -> tuple[str, ...]:
        """Where an answer tells how many tokens it took: the places of the numbers to add up."""
        if "usage" not in self.response:
            return ()
        parts: tuple[UsagePart, ...] = ("prompt", "completion")
        if "total" in self.usage:
            parts = ("total",)
        return tuple(
            self.response["usage"] + self.usage[part] for part in parts if part in self.usage
        )

    def of_first_choice(self, body: Any, part: ChoicePart) -> Any:
        """The value of *part* in the first choice of the answer *body*, or None."""
        at = self.choice.get(part)
        if at is None:
            return None
        try:
            return pointers.resolve(body, f"{self.response['choices']}/0{at}")
        except (KeyError, ValueError):
            return None


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """The JSON Pointers of the parts of an embedding that the document names.

    *vector* points into one of the vectors, *usage* into the usage; *size* is how many numbers a
    vector has where the request does not say.  The whole of an array or object is "".
    """

    size: int
    request: Mapping[EmbeddingRequestPart, str]
    response: Mapping[EmbeddingResponsePart, str]
    vector: Mapping[VectorPart, str]
    usage: Mapping[UsagePart, str]


def read_embedding(value: Mapping[str, Any]) -> Embedding:
    """Read *value*, which `vocabulary.misfits` finds no fault with."""
    return Embedding(
        value["size"],
        dict(value["request"]),
        dict(value["response"]),
        dict(value["vector"]),
        dict(value.get("usage", {})),
    )


def read(value: Mapping[str, Any]) -> ChatCompletion | None:
    """Read *value*, which `vocabulary.misfits` finds no fault with.

    None if the choices, or the content of one, are nothing less than the whole.
    """
    response, choice = _places(value["response"]), _places(value["choice"])
    if "choices" not in response or "content" not in choice:
        return None
    dialect = data_beside(__file__)[value["dialect"]]
    request = dict(value.get("request", {}))
    limits = request.pop("token-limits", ())
    models = value.get("models")
    return ChatCompletion(
        request=_places(request),
        token_limits=tuple(at for at in limits if at),
        response=response,
        choice=choice,
        usage=_places(value.get("usage", {})),
        id_prefix=value.get("id-prefix", ""),
        base_path=value.get("base-path", "").rstrip("/"),
        models=ModelList(models["operation"], models["ids"]) if models else None,
        instructions=tuple(value.get("instructions", dialect["instructions"])),
        annotation=value.get("annotation", dialect["annotation"]),
    )


def _places(value: Mapping[Any, str]) -> dict[Any, str]:
    # the empty pointer is the whole, and no part of it
    return {part: at for part, at in value.items() if at}
