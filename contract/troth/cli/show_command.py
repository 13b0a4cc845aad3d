"""`troth show`: the document as troth reads it, or the resources that it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import click

from troth import loading
from troth.cli.options import chosen_overlays, command, document_options, flag, option, warn
from troth.document.yaml_writer import dump_json, dump_yaml
from troth.openapi.operation import Operation
from troth.openapi.resources import Filling, Listing, Resource, Resources, Role, resources


@command()
@document_options
@option(
    "--format",
    "How to write it: as YAML, unless it says otherwise.",
    to="form",
    type=click.Choice(["yaml", "json"]),
)
@flag(
    "--resources",
    "Print which operations create, read, list and change the same thing instead.",
    "only_resources",
)
def show(
    document: str | None,
    overlays: tuple[str, ...],
    published: bool,
    no_bundled_overlay: bool,
    strict_document: bool,
    form: str | None,
    only_resources: bool,
) -> None:
    """Print the document as troth reads it, with its overlays applied.

    Without DOCUMENT it is the bundled one; "-" is standard input.
    """
    chosen = chosen_overlays(
        document, overlays, published=published, no_bundled_overlay=no_bundled_overlay
    )
    write = dump_json if form == "json" else dump_yaml
    if not only_resources:
        _, effective = loading.read(document, overlays=chosen, strict=strict_document)
        warn(effective.faults, document=document)
        click.echo(write(effective.root), nl=False)
        return
    contract = loading.load(document, overlays=chosen, strict=strict_document)
    warn(contract.faults, document=document)
    found = resources(contract)
    if form is None:
        click.echo("\n".join(_lines(found)))
        return
    others = [each.name for each in contract.operations if found.of(each) is None]
    trees = [_tree(each, found) for each in found.all]
    click.echo(write({"resources": trees, "none": others}), nl=False)


# --- resources, to read ---


def _lines(found: Resources) -> Iterator[str]:
    if not found.all:
        yield "The document has no resources."
    for number, resource in enumerate(found.all):
        if number:
            yield ""
        yield f"{resource.name}  {resource.path}"
        yield from (f"  {line}" for line in _facts(resource, found))
        rows = [
            (role, operation.name, _places(resource, operation, role))
            for role, operations in resource.operations.items()
            for operation in operations
        ]
        width = max(len(name) for _, name, _ in rows)
        for role, name, places in rows:
            yield f"  {role:<8}{name:<{width}}  {places}".rstrip()


def _facts(resource: Resource, found: Resources) -> Iterator[str]:
    if resource.collection not in (None, resource.path):
        yield f"in {resource.collection}"
    if resource.parent is not None:
        yield f"below {resource.parent.path}"
    if resource.parameter is not None:
        at = resource.identifier
        unknown = "which no member of an item is known to be"
        inside = f"{at} of an item" if at is not None else unknown
        chosen = "; the client may choose it" if resource.is_client_named else ""
        yield f"identified by {resource.parameter}: {inside}{chosen}"
    yield from _tellers(resource, found)
    if told := _listed(resource.listing) if resource.listing is not None else {}:
        words = (word if word == at else f"{word}: {at}" for word, at in told.items())
        yield "the list takes " + ", ".join(words)


def _tellers(resource: Resource, found: Resources) -> Iterator[str]:
    """Where the identifier of an item comes from: the best of each answer that tells it."""
    tellers: dict[Operation, Filling] = {}
    for role in ("read", "replace", "update", "delete", "action"):
        for operation in resource.operations.get(role, ()):
            for filling in found.fillings(operation):
                if filling.name == resource.parameter and filling.items is None:
                    tellers.setdefault(filling.source, filling)
    for source, filling in tellers.items():
        yield f"{resource.parameter} is told by {source.name}: {filling.expression}"


def _listed(listing: Listing) -> dict[str, Any]:
    told = asdict(listing)
    return {
        name: ", ".join(value) if isinstance(value, Mapping) else value
        for name, value in told.items()
        if value
    }


def _places(resource: Resource, operation: Operation, role: Role) -> str:
    """Where the bodies of *operation* hold what they are about, if not as a whole."""
    places = {"sent at": resource.sent(operation)}
    for response in operation.responses:
        places["item at"] = resource.item_places.get(response, places.get("item at"))
        places["items at"] = resource.array_places.get(response, places.get("items at"))
    told = [f"{word} {at}" for word, at in places.items() if at]
    many = resource.batches.get(operation)
    return ", ".join(told if many is None else [f"makes all that are sent {many}".rstrip(), *told])


# --- and for programs, in the words of `x-troth-resource` ---


def _tree(resource: Resource, found: Resources) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "name": resource.name,
        "path": resource.path,
        "collection": resource.collection,
        "parent": resource.parent.path if resource.parent is not None else None,
        "parameter": resource.parameter,
        "identifier": resource.identifier,
        "client-named": resource.is_client_named,
        "operations": [
            _operation(resource, operation, role, found)
            for role, operations in resource.operations.items()
            for operation in operations
        ],
    }
    if resource.listing is not None:
        tree["listing"] = asdict(resource.listing)
    return tree


def _operation(
    resource: Resource, operation: Operation, role: Role, found: Resources
) -> dict[str, Any]:
    tree: dict[str, Any] = {"operation": operation.name, "role": role}
    places = {
        "sent": resource.sent(operation),
        "item": _first(resource.item_places.get(each) for each in operation.responses),
        "items": _first(resource.array_places.get(each) for each in operation.responses),
    }
    tree |= {word: at for word, at in places.items() if at is not None}
    fillings = found.fillings(operation)
    if fillings:
        tree["filled"] = [_filling(each) for each in fillings]
    return tree


def _first(places: Iterator[str | None]) -> str | None:
    return next((each for each in places if each is not None), None)


def _filling(filling: Filling) -> dict[str, Any]:
    tree = {
        "in": filling.location,
        "name": filling.name,
        "from": filling.source.name,
        "status": filling.status,
        "by": str(filling.expression),
    }
    return tree if filling.items is None else {**tree, "items": filling.items}
