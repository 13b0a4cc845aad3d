"""How much CPU a thousand valid request bodies take, and what is among them.

    python benchmarks/generate.py [--count 1000] [--document FILE]
    python benchmarks/generate.py --corpus FOLDER [--count 20] [--operations 40]

Three generators side by side: the run's own (from a seed), the Hypothesis strategy, and
Schemathesis' where it is installed.  Bodies are checked by the compiled schema; checking is not
counted.

Of a folder of documents, whole requests are drawn from the strategies of their operations, valid
and broken, and held to the contract: how many it refuses of the ones, and takes of the others, and
how long a draw takes.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

import troth
from troth.generation import requests
from troth.generation.mutations import NothingToBreak
from troth.generation.source import Seeded, Unsatisfiable
from troth.generation.strategies import operation_strategy
from troth.seed import Seed


def has(body: Any, *path: str) -> Any:
    for name in path:
        body = body.get(name) if isinstance(body, dict) else None
    return body


def offered(body: Any) -> list[Any]:
    return [has(tool, "function", "name") for tool in has(body, "tools") or []]


def messages(body: Any) -> list[Any]:
    found = has(body, "messages")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


FEATURES: dict[str, Callable[[Any], Any]] = {
    "stream": lambda body: has(body, "stream") is True,
    "include_usage with stream": lambda body: (
        has(body, "stream") is True and has(body, "stream_options", "include_usage")
    ),
    "a declared tool is forced": lambda body: (
        has(body, "tool_choice", "function", "name") in (offered(body) or [object()])
    ),
    "json_schema format": lambda body: isinstance(
        has(body, "response_format", "json_schema", "schema"), dict
    ),
    "stop": lambda body: has(body, "stop"),
    "n above 1": lambda body: (has(body, "n") or 1) > 1,
    "logprobs and top_logprobs": lambda body: (
        has(body, "logprobs") is True and has(body, "top_logprobs")
    ),
    "content parts": lambda body: any(isinstance(has(m, "content"), list) for m in messages(body)),
    "several roles": lambda body: len({has(m, "role") for m in messages(body)}) > 1,
    "a tool's result": lambda body: any(has(m, "role") == "tool" for m in messages(body)),
}


def seeded(contract: troth.Contract, count: int) -> Iterator[Any]:
    for number in range(count):
        source = Seeded(Seed.of("benchmark", number))
        yield json.loads(requests.request(contract, contract.operations[0], source).body)


def drawn(strategy: Any, count: int, body_of: Callable[[Any], Any]) -> list[Any]:
    found: list[Any] = []

    @settings(
        max_examples=count,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: Any) -> None:
        found.append(body_of(value))

    collect()
    return found


def schemathesis(contract: troth.Contract, count: int) -> list[Any] | None:
    try:
        library = importlib.import_module("schemathesis")
    except ImportError:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        api = library.openapi.from_dict(contract.document.root)
        first = contract.operations[0]
        strategy = api[first.path][first.method].as_strategy()
        return drawn(strategy, count, lambda case: case.body)


def report(name: str, make: Callable[[], Any], valid: Callable[[Any], bool]) -> None:
    started = time.process_time()
    bodies = make()
    if bodies is None:
        print(f"{name}: not installed")
        return
    bodies = list(bodies)
    spent = time.process_time() - started
    distinct = len({json.dumps(body, sort_keys=True) for body in bodies})
    invalid = sum(not valid(body) for body in bodies)
    print(
        f"{name}: {len(bodies)} bodies in {spent:.2f} CPU s, {invalid} invalid, {distinct} distinct"
    )
    for feature, test in FEATURES.items():
        print(f"    {feature:28}{sum(bool(test(body)) for body in bodies):6}")


@dataclass(slots=True)
class Tally:
    """What was drawn, how much of it was wrong, and how long it took (first draws, and others)."""

    drawn: int = 0
    rejected: int = 0
    unbroken: int = 0
    undrawable: int = 0
    unbreakable: int = 0
    first: list[float] = field(default_factory=list)
    later: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.drawn:8} {self.rejected:4} {self.unbroken:4} {self.undrawable:4}"
            f" {self.unbreakable:4} {_milliseconds(self.first)} {_milliseconds(self.later)}"
        )


def _milliseconds(times: list[float]) -> str:
    ranked = sorted(times) or [0.0]
    quantiles = (ranked[len(ranked) // 2], ranked[len(ranked) * 99 // 100], ranked[-1])
    return "  " + " ".join(f"{seconds * 1000:7.1f}" for seconds in quantiles)


def corpus(folder: Path, count: int, operations: int) -> int:
    """Draw from each document of *folder*: *operations* at most of each, *count* of each kind."""
    total = Tally()
    print("draws, valid ones refused, broken ones taken, operations without either;")
    print("ms of first draws and of others: median, 99 %, maximum")
    for file in sorted(folder.iterdir()):
        if file.suffix not in (".json", ".yaml", ".yml"):
            continue
        try:
            contract = troth.load(file)
        except troth.SpecError as fault:
            print(f"{file.name:32} not read: {str(fault).splitlines()[0]}")
            continue
        tally = Tally()
        # evenly over the document
        step = max(1, len(contract.operations) // operations)
        for operation in contract.operations[::step][:operations]:
            for valid in (True, False):
                tallied(tally, contract, operation, valid=valid, count=count)
        print(f"{file.name[:32]:32} {tally}")
        for entry in fields(Tally):
            setattr(total, entry.name, getattr(total, entry.name) + getattr(tally, entry.name))
    print(f"{'all':32} {total}")
    return int(bool(total.rejected or total.unbroken))


def tallied(
    tally: Tally, contract: troth.Contract, operation: Any, *, valid: bool, count: int
) -> None:
    """Draw *count* requests to *operation*, and count them in *tally*."""
    for number in range(count):
        source = Seeded(Seed.of("corpus", operation.name, number))
        started = time.process_time()
        try:
            request = requests.request(contract, operation, source, valid=valid)
        except Unsatisfiable:
            tally.undrawable += 1
            return
        except NothingToBreak:
            tally.unbreakable += 1
            return
        (tally.later if number else tally.first).append(time.process_time() - started)
        found = contract.validate(troth.Exchange(request))
        refused = any(violation.severity == "error" for violation in found)
        tally.drawn += 1
        tally.rejected += valid and refused
        tally.unbroken += not valid and not refused


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, help="how many (1000, of a folder 20)")
    parser.add_argument("--document", help="a document; the bundled one by default")
    parser.add_argument("--corpus", type=Path, help="a folder of documents")
    parser.add_argument("--operations", type=int, default=40, help="of each, at most so many")
    asked = parser.parse_args()
    if asked.corpus:
        return corpus(asked.corpus, asked.count or 20, asked.operations)
    count = asked.count or 1000
    contract = troth.load(asked.document)
    schema = requests.body_schema(contract.operations[0])
    if schema is None:
        print("the first operation takes no body", file=sys.stderr)
        return 2
    strategy = operation_strategy(contract, contract.operations[0])
    report("seeded", lambda: seeded(contract, count), schema.is_valid)
    report(
        "hypothesis",
        lambda: drawn(strategy, count, lambda request: json.loads(request.body)),
        schema.is_valid,
    )
    report("schemathesis", lambda: schemathesis(contract, count), schema.is_valid)
    return 0


if __name__ == "__main__":
    sys.exit(main())
