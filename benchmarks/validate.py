"""Microseconds to validate a request with a medium body: valid, and explained when it is not.

    python benchmarks/validate.py [--rounds 5]

The body has 20 messages and 5 tools, and is written without spaces, as the official SDKs of
OpenAI send it; with spaces, as Python's `json.dumps` writes it, is measured beside.  The same
request goes through stock openapi-core in the same run, interleaved, on the same document.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import troth
from troth.http.exchange import Exchange, Request
from troth.validation import validator

PATH = "/v1/chat/completions"
FIELDS = (("Content-Type", "application/json"), ("Authorization", "Bearer benchmark"))


def medium(*, broken: bool = False, spaced: bool = False) -> bytes:
    turns: list[dict[str, Any]] = [{"role": "system", "content": "You are a helpful assistant."}]
    for number in range(19):
        role = "user" if number % 2 == 0 else "assistant"
        turns.append({"role": role, "content": f"Sentence {number} of a conversation. " * 3})
    tool = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
        "required": ["city"],
    }
    if broken:
        turns[10]["role"] = "narrator"
    return json.dumps(
        {
            "model": "meta-llama/Llama-3.3-70B-Instruct",
            "messages": turns,
            "tools": [
                {
                    "type": "function",
                    "function": {
                        "name": f"weather_{number}",
                        "description": "Tell the weather of a city.",
                        "parameters": tool,
                    },
                }
                for number in range(5)
            ],
            "temperature": 0.7,
            "max_tokens": 256,
        },
        separators=None if spaced else (",", ":"),
    ).encode()


def stock(document: dict[str, Any], body: bytes) -> Callable[[], object]:
    """The same request through openapi-core as it comes."""
    from openapi_core import Config, OpenAPI

    # openapi-core refuses the 3.2 in the version, and reads the rest as it did before
    openapi = OpenAPI.from_dict(
        {**document, "openapi": "3.1.0"}, config=Config(spec_validator_cls=None)
    )
    request = SimpleNamespace(
        host_url="https://api.atoma.network",
        path=PATH,
        method="post",
        parameters=SimpleNamespace(
            query={}, header={"Authorization": "Bearer benchmark"}, cookie={}, path={}
        ),
        content_type="application/json",
        body=body,
    )
    return lambda: openapi.validate_request(request)  # type: ignore[arg-type]  # its protocol


def microseconds(call: Callable[[], object], *, seconds: float = 0.3) -> float:
    """One *call*, the mean over as many as fit into *seconds* of CPU time."""
    call()
    count, began = 0, time.process_time()
    while (spent := time.process_time() - began) < seconds:
        call()
        count += 1
    return spent / count * 1e6


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rounds", type=int, default=5)
    rounds = options.parse_args().rounds
    contract = troth.load()
    good = Request("POST", PATH, FIELDS, medium())
    spaced = Request("POST", PATH, FIELDS, medium(spaced=True))
    bad = Request("POST", PATH, FIELDS, medium(broken=True))
    assert contract.validate(Exchange(good)) == ()
    assert contract.validate(Exchange(bad))

    def lane(request: Request) -> object:
        match = contract.match("POST", PATH)
        return validator.request_violations(match, request, hints=False)

    calls = {
        "valid": lambda: lane(good),
        "valid, with spaces": lambda: lane(spaced),
        "valid, with hints": lambda: contract.validate(Exchange(good)),
        "explained": lambda: lane(bad),
        "openapi-core, valid": stock(contract.document.root, good.body),
    }
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            found[name].append(microseconds(call))
    print(f"microseconds a request of {len(good.body):,} bytes, median of {rounds} rounds")
    for name, values in found.items():
        print(f"  {name:22}{statistics.median(values):12,.1f}")
    for name in ("valid", "valid, with spaces"):
        shares = zip(found["openapi-core, valid"], found[name], strict=True)
        times = statistics.median(its / ours for its, ours in shares)
        print(f"  {name + ': faster':26}{times:8,.0f} times")


if __name__ == "__main__":
    main()
