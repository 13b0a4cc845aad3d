"""The model that a deployment has: asked for where the document says that it can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from troth import pointer as pointers
from troth.conformance.cases import subjects
from troth.conformance.outgoing_request import addressed
from troth.conformance.settings import Settings
from troth.conformance.transport import Transport
from troth.errors import TrothError
from troth.http import json_text
from troth.openapi.chat_completion import ModelList
from troth.openapi.contract import Contract


async def with_model(contract: Contract, transport: Transport, settings: Settings) -> Settings:
    """*settings* with a model that the server says it has, where the user has named none.

    Nothing is asked where no `x-troth-completion` tells of a list of models, and an answer that
    cannot be read changes nothing: the run itself will tell what is wrong with it.
    """
    overrides: dict[str, Any] = {}
    for operation in contract.operations:
        completion = operation.completion
        if completion is None or completion.models is None:
            continue
        place = completion.request.get("model")
        if place is None or _is_given(place, settings.overrides) or place in overrides:
            continue
        found = await _first(contract, transport, settings, completion.models)
        if found is not None:
            overrides[place] = found
    return replace(settings, overrides={**overrides, **settings.overrides})


def _is_given(place: str, overrides: Mapping[str, Any]) -> bool:
    return place in overrides or ".".join(pointers.split(place)) in overrides


async def _first(
    contract: Contract, transport: Transport, settings: Settings, models: ModelList
) -> str | None:
    try:
        operation = contract.operation(models.operation)
    except TrothError:
        return None
    (subject,) = subjects(contract, operations=[operation])
    request = addressed(subject.request(subject.minimal), settings)
    exchange = await transport.send(request)
    if exchange.response is None or exchange.response.status != 200:
        return None
    try:
        body = json_text.decode_lenient(exchange.response.body)[0]
    except json_text.BadJson:
        return None
    return next((one for one in _at(body, pointers.split(models.ids)) if one), None)


def _at(value: Any, tokens: tuple[str, ...]) -> list[str]:
    """The strings that *tokens* lead to, `*` standing for any item."""
    if not tokens:
        return [value] if isinstance(value, str) else []
    if tokens[0] == "*":
        items = value if isinstance(value, list) else []
        return [found for item in items for found in _at(item, tokens[1:])]
    inner = value.get(tokens[0]) if isinstance(value, dict) else None
    return _at(inner, tokens[1:])
