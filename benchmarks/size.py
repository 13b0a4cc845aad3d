"""What large documents cost: CPU seconds and memory of whole processes, each step in its own.

Documents are generated (operations over schemas that refer to one another, a document in many
files), and others may be named; none is published with troth.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# What it takes to have a contract at all.
_FOUND = """
import resource, sys, troth
troth.load(sys.argv[1])
"""
# `cold` reads the text, `warm` finds it in the cache; both validate one exchange.
_LOAD = """
import re, resource, sys, troth
contract = troth.load(sys.argv[1])
operation = contract.operations[0]
target = re.sub(r"\\{[^}]*\\}", "1", operation.path)
contract.match(operation.method, target)
request = troth.Request(operation.method, target, (("content-type", "application/json"),), b"{}")
response = troth.Response(200, (("content-type", "application/json"),), b"{}")
contract.validate(troth.Exchange(request, response))
"""
_ALL = (
    _LOAD
    + """
for operation in contract.operations:
    target = re.sub(r"\\{[^}]*\\}", "1", operation.path)
    request = troth.Request(operation.method, target, request.fields, b"{}")
    contract.validate(troth.Exchange(request, response))
"""
)
_LINT = """
import resource, sys
from troth.document import document
from troth.lint import lint
lint(document.read(sys.argv[1]))
"""
_USED = """
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


def mutual(count: int) -> dict[str, Any]:
    """So many operations over as many schemas, each of which leads to all."""
    refs = [{"$ref": f"#/components/schemas/S{index}"} for index in range(count)]
    schemas = {
        f"S{index}": {
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": {"type": "integer"},
                "name": {"type": "string"},
                **{f"to{step}": refs[(index * 7 + step * 13 + 1) % count] for step in range(4)},
                "next": refs[(index + 1) % count],
                "list": {"type": "array", "items": refs[(index * 3 + 2) % count]},
            },
        }
        for index in range(count)
    }
    paths = {}
    for index, ref in enumerate(refs):
        content = {"content": {"application/json": {"schema": ref}}}
        number = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
        answers = {"200": {"description": "it", **content}}
        operation = {"parameters": [number], "requestBody": content, "responses": answers}
        paths[f"/s{index}/{{id}}"] = {"post": operation}
    head = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}}
    return {**head, "paths": paths, "components": {"schemas": schemas}}


def scattered(folder: Path, count: int) -> Path:
    """A document of so many operations, each with its schema in a file of its own."""
    paths = {}
    for index in range(count):
        ahead = {name: {"$ref": f"f{to % count}.json"} for name, to in (("a", index + 1), ("b", 7))}
        (folder / f"f{index}.json").write_text(json.dumps({"properties": ahead}))
        content = {"application/json": {"schema": {"$ref": f"f{index}.json"}}}
        answers = {"200": {"description": "it", "content": content}}
        paths[f"/p{index}"] = {"get": {"responses": answers}}
    head = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}}
    (folder / "api.json").write_text(json.dumps({**head, "paths": paths}))
    return folder / "api.json"


def documents(folder: Path) -> Iterator[tuple[str, Path]]:
    for count in (400, 1500):
        file = folder / f"{count}.json"
        file.write_text(json.dumps(mutual(count)))
        yield f"{count:,} operations over {count:,} schemas", file
    (folder / "files").mkdir()
    yield "500 files", scattered(folder / "files", 500)


def measured(script: str, file: Path, cache: str) -> str:
    """CPU seconds and MB of a process that runs *script* on *file*."""
    done = subprocess.run(
        [sys.executable, "-c", script + _USED, str(file)],
        env=os.environ | {"TROTH_CACHE": cache},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return done.stderr.strip().splitlines()[-1][:40]
    seconds, mebibytes = map(float, done.stdout.split())
    return f"{seconds:.2f} s, {mebibytes:.0f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("documents", nargs="*", type=Path, help="other documents to measure")
    parser.add_argument("--lint", action="store_true", help="measure lint as well")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        cache = str(Path(name, "cache"))
        print("| document | cold | warm | found | every operation |" + " lint |" * given.lint)
        print("|---|---:|---:|---:|---:|" + "---:|" * given.lint)
        for title, file in (
            *documents(Path(name)),
            *((each.name, each) for each in given.documents),
        ):
            row = [measured(_LOAD, file, "off")]
            measured(_LOAD, file, cache)
            row += [measured(script, file, cache) for script in (_LOAD, _FOUND)]
            row.append(measured(_ALL, file, "off"))
            row += [measured(_LINT, file, "off")] * given.lint
            print(f"| {title} | {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
