"""From a file name to a `Contract` with its verbs: what `troth.load` is.

The outermost room of the library: the only one that knows both the values and everything that
can be done with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from troth.document import document
from troth.document.document import Document
from troth.document.spec_errors import UnreadableDocument
from troth.errors import nearest
from troth.http.exchange import Exchange, Request
from troth.openapi import kept_contract
from troth.openapi.contract import Contract, Verbs
from troth.openapi.operation import Match, Operation
from troth.violation import Violation

_SPEC = Path(__file__).with_name("spec")


def control_document() -> Path:
    """Where the document of the mock's control API is."""
    return _spec_folder() / "control.yaml"


def bundled_document() -> Path:
    """The path of the document that ships with troth."""
    return _spec_folder() / "atoma.yaml"


def bundled_overlays() -> tuple[Path, ...]:
    """The paths of the overlays that mend the bundled document, in order."""
    return (_spec_folder() / "atoma.overlay.yaml",)


@cache
def shipped_overlays() -> Mapping[str, Path]:
    """The overlays that ship with troth, by the names that they can be chosen by."""
    files = sorted(_spec_folder().glob("*.overlay.yaml"))
    return {file.name.partition(".")[0]: file for file in files}


def with_bundled_overlays(
    document: str | Path | None, overlays: Sequence[str | Path], *, bundled: bool = True
) -> list[str | Path] | None:
    """The `overlays` argument of `load` for *overlays* that a user names beside *document*.

    Those of the bundled document come before them, unless *bundled* is false.
    """
    if document is not None or not bundled:
        return list(overlays)
    if not overlays:
        return None
    named = {str(overlay_file(overlay)) for overlay in overlays}
    return [*(file for file in bundled_overlays() if str(file) not in named), *overlays]


def overlay_beside(document: str | Path) -> Path | None:
    """The overlay that stands beside *document* under its name: `api.yaml`, `api.overlay.yaml`."""
    path = Path(document)
    for suffix in (".yaml", ".yml", ".json"):
        overlay = path.with_name(f"{path.stem}.overlay{suffix}")
        if overlay.is_file():
            return overlay
    return None


def load(
    source: str | Path | bytes | None = None,
    *,
    name: str | None = None,
    overlays: Sequence[str | Path] | None = None,
    strict: bool = False,
) -> Contract:
    """Read *source*, apply *overlays* in order, and compile.

    It is a file ("-" is standard input) or the bytes of one, which errors call *name*.

    Without a source it is the bundled document, with its own overlay unless *overlays* says
    otherwise (an empty sequence: as published).  An overlay is a file, or the name of one that
    ships (`openai`).  `load(…).published` is the contract without overlays.  What cannot be
    understood is left out, and stands in `load(…).faults`; if *strict*, the first of these is
    raised.  Raises SpecError, with the file, line and column, for a document that cannot be used
    at all.
    """
    published, effective = read(source, name=name, overlays=overlays)
    contract = base = kept_contract.compile(published, verbs=_VERBS)
    if effective is not published:
        from troth.openapi import reader

        contract = reader.compile(effective, source=base, verbs=_VERBS)
    if strict and contract.faults:
        with document.telling(published.opened):
            raise contract.faults[0]
    return contract


def read(
    source: str | Path | bytes | None = None,
    *,
    name: str | None = None,
    overlays: Sequence[str | Path] | None = None,
    strict: bool = False,
) -> tuple[Document, Document]:
    """Read a document: as published, and with its overlays applied (the same, without any).

    If *strict*, the first fault that the overlays leave is raised, whoever finds it.
    """
    if source is None:
        published = document.read(bundled_document(), name=_name(bundled_document()))
        overlays = bundled_overlays() if overlays is None else overlays
    else:
        published = document.read(source, name=name)
    effective = published
    if overlays:
        from troth.document import overlay

        files = [overlay_file(given) for given in overlays]
        mending = [overlay.read(file, name=_name(file)) for file in files]
        with document.telling(published.opened):
            effective = overlay.apply(published, mending)
    if strict and (faults := kept_contract.compile(effective).faults):
        raise faults[0]
    return published, effective


def overlay_name(given: str | Path) -> str:
    """What findings call the overlay *given*: a file, or the name of one that ships."""
    return _name(overlay_file(given))


def overlay_file(given: str | Path) -> Path | str:
    """The file that *given* means: a name, or what findings call one, is that of one that ships.

    Raises UnreadableDocument for a name that none has.
    """
    text, shipped = str(given), shipped_overlays()
    if Path(text).is_file() or text == "-":
        return text
    if text in shipped:
        return shipped[text]
    file = next((file for file in shipped.values() if text in (str(file), _name(file))), None)
    if file is None and not Path(text).suffix and Path(text).name == text:
        close = nearest(text, shipped)
        advice = f"Did you mean {close!r}?" if close else f"Known are {', '.join(shipped)}."
        raise UnreadableDocument(f"there is no overlay {text!r}, and no such file", advice=advice)
    return text if file is None else file


def _name(file: str | Path) -> str:
    """What findings call *file*: short for the bundled ones, wherever they are installed."""
    path = Path(file)
    return f"spec/{path.name}" if path.parent == _spec_folder() else str(file)


def _spec_folder() -> Path:
    # an editable install has the sources: spec/ stands beside contract/
    return _SPEC if _SPEC.is_dir() else Path(__file__).parents[2] / "spec"


# What is done with a contract takes longer to import than one takes to be found in the cache.


@cache
def _validator() -> Any:
    from troth.validation import validator

    return validator


def _validate(contract: Contract, exchange: Exchange) -> tuple[Violation, ...]:
    found: tuple[Violation, ...] = _validator().validate(contract, exchange)
    return found


def _choose(matches: Sequence[Match], request: Request | None) -> Match:
    match: Match = _validator().choose(matches, request)
    return match


def _strategy(contract: Contract, operation: Operation, valid: bool) -> Any:
    from troth.generation.strategies import operation_strategy

    return operation_strategy(contract, operation, valid=valid)


_VERBS = Verbs(validate=_validate, strategy=_strategy, choose=_choose)
