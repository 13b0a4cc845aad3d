"""The baseline: findings that a team has accepted, so that only new ones fail a build.

A JSON file that is written sorted, so that its changes read well in a review.  What counts is the
id of each entry; the code and the sentence beside it are for people.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from troth.conformance import files
from troth.conformance.events import Finding
from troth.errors import TrothError

FORMAT = 1


class BadBaseline(TrothError):
    """A file cannot be read as a baseline."""

    file: str | Path
    why: str

    def __str__(self) -> str:
        return f"{self.file}: {self.why}"


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted finding: its *id*, and what a reader needs to recognise it."""

    id: str
    code: str = ""
    operation: str = ""
    severity: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The accepted findings, by id."""

    accepted: Mapping[str, Accepted]

    @property
    def ids(self) -> frozenset[str]:
        """The ids, as `Run` takes them."""
        return frozenset(self.accepted)

    def gone(self, findings: Iterable[Finding]) -> tuple[Accepted, ...]:
        """What was accepted and none of *findings* shows any more."""
        shown = {finding.id for finding in findings}
        return tuple(one for one in self.accepted.values() if one.id not in shown)


def read(file: str | Path) -> Baseline:
    """Read a baseline.  Raises BadBaseline."""
    try:
        root = json.loads(Path(file).read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise BadBaseline(file, "there is no such file; --update-baseline makes one") from None
    except OSError as fault:
        raise BadBaseline(file, f"cannot be read: {fault.strerror or fault}") from fault
    except (ValueError, RecursionError) as fault:
        raise BadBaseline(file, f"not JSON: {fault}") from fault
    if not isinstance(root, dict) or root.get("baseline") != "troth":
        raise BadBaseline(file, "not a baseline of troth")
    if root.get("format") != FORMAT:
        raise BadBaseline(file, f"its format {root.get('format')!r} is not {FORMAT}")
    findings = root.get("findings")
    if not isinstance(findings, list):
        raise BadBaseline(file, "'findings' is not an array")
    accepted = [_accepted(item, f"{file}: findings/{index}") for index, item in enumerate(findings)]
    return Baseline({one.id: one for one in accepted})


def updated(
    before: Baseline | None,
    findings: Iterable[Finding],
    *,
    complete: bool,
    declared: frozenset[str],
) -> Baseline:
    """The baseline that accepts *findings*.

    Those of *before* that are seen no more are kept unless the run was *complete*.  What is known
    already stays as it was written.  What `--without` declares (the groups *declared*) needs no
    entry.
    """
    old = before.accepted if before else {}
    accepted = {} if complete else dict(old)
    for finding in findings:
        if finding.group in declared and finding.group is not None:
            continue
        violation = finding.violation
        new = Accepted(
            finding.id, violation.code, violation.operation, finding.severity, violation.message
        )
        accepted[finding.id] = old.get(finding.id, new)
    return Baseline(accepted)


def write(file: str | Path, baseline: Baseline) -> None:
    """Write *baseline*, all of it or nothing.  Raises NotWritten."""
    ordered = sorted(baseline.accepted.values(), key=lambda one: (one.operation, one.code, one.id))
    root = {"baseline": "troth", "format": FORMAT, "findings": [asdict(one) for one in ordered]}
    # ASCII: what a server said may hold half a surrogate pair
    files.write(file, (json.dumps(root, indent=2) + "\n").encode("ascii"))


def _accepted(item: Any, at: str) -> Accepted:
    if not isinstance(item, dict) or not isinstance(item.get("id"), str) or not item["id"]:
        raise BadBaseline(at, "an entry needs an 'id', a string")
    texts = {name: str(item.get(name, "")) for name in ("code", "operation", "severity", "message")}
    return Accepted(id=item["id"], **texts)


# -- what earlier runs found --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Earlier:
    """An error of an earlier run: the *id* of its finding, and its *look*: what showed it."""

    id: str
    code: str
    operation: str
    look: str


def _earlier(item: dict[str, str]) -> Earlier:
    """What *item* says of an error.  Raises ValueError, TypeError and KeyError."""
    if not all(isinstance(text, str) for text in item.values()):
        raise TypeError("what it says is no text")
    return Earlier(**item)


class EarlierErrors:
    """The errors of the runs of one document with one database that no run has seen mended.

    Nothing that a server said is kept, since nobody has looked it over.
    """

    def __init__(self, file: Path | None = None) -> None:
        """Read *file*, if there is one.  Raises BadBaseline."""
        self._file = file
        self._errors: dict[str, Earlier] = {}
        if file is not None and file.is_file():
            try:
                self._errors = {one["id"]: _earlier(one) for one in json.loads(file.read_bytes())}
            except (OSError, ValueError, TypeError, KeyError) as fault:
                why = f"cannot be read: {fault}; delete it to begin anew"
                raise BadBaseline(file, why) from fault

    @classmethod
    def of(cls, directory: str | None, digest: str) -> EarlierErrors:
        """Those that *directory* remembers for the document *digest*; without one, none."""
        if directory is None:
            return cls()
        name = blake2b(digest.encode(), digest_size=8).hexdigest()
        return cls(Path(directory) / f"errors-{name}.json")

    @property
    def looks(self) -> frozenset[str]:
        """What showed them."""
        return frozenset(one.look for one in self._errors.values())

    def left(
        self,
        findings: Iterable[Finding],
        *,
        looks: Mapping[str, str],
        is_seen: Callable[[Earlier], bool],
    ) -> tuple[Earlier, ...]:
        """Those that none of *findings* shows, and that the run would not have seen, by *is_seen*.

        *looks* are what shows an error, by the case that did.  Those and the errors among
        *findings* are remembered from now on.  Raises NotWritten.
        """
        now = {
            one.id: Earlier(one.id, one.code, one.violation.operation, looks.get(one.case_id, ""))
            for one in findings
            if one.severity == "error" and not one.known
        }
        left = {
            each: one for each, one in self._errors.items() if each not in now and not is_seen(one)
        }
        kept = {**left, **now}
        if self._file is not None and kept != self._errors:
            text = json.dumps([asdict(kept[each]) for each in sorted(kept)], indent=2)
            files.write(self._file, text.encode("ascii"))
        return tuple(left.values())
