"""Every code that the validator or a run can give, explained: what `troth explain` tells.

A code is one of ours (`code_texts`), a place and a rule (`keyword_texts`), a law of the document
or a capability: a group of its laws.  The last two are explained from the document itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from troth.conformance.code_texts import OWN, Text
from troth.conformance.keyword_texts import PLACES, RULES
from troth.errors import TrothError, nearest
from troth.laws.laws import Law
from troth.openapi.contract import Contract

#: Prefixes of which `--only` and `troth explain` take the whole family.
FAMILIES = (
    *("request", "request-body", "request-path", "request-query", "request-header"),
    *("request-cookie", "request-security", "response", "response-header", "response-body"),
    *("stream", "stream-body", "law", "capability", "security", "transport", "run"),
)


class UnknownCode(TrothError):
    """Nothing goes by this code; *near* is the one that was probably meant."""

    def __init__(self, code: str, near: str | None) -> None:
        super().__init__(code, near)
        self.code = code
        self.near = near

    def __str__(self) -> str:
        advice = f"did you mean {self.near!r}?" if self.near else "`troth explain` lists all codes"
        return f"there is no code {self.code!r}; {advice}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What there is to say of *code*; *says* are the document's own words, for a law."""

    code: str
    means: str
    why: str
    usually: str
    mend: str
    says: tuple[str, ...] = ()


def explain(contract: Contract, code: str) -> Explanation:
    """What *code* means.  Raises UnknownCode."""
    if code in OWN:
        return _of_text(code, OWN[code])
    family, _, rest = code.partition(".")
    if family in PLACES and rest in RULES:
        return _of_rule(code, family, rest)
    found = list(_laws(contract))
    if family == "law" or not rest:
        for law in found:
            if law.id == (rest or family):
                return _of_law(law)
    if family == "capability" or not rest:
        laws = [law for law in found if law.group == (rest or family)]
        if laws:
            return _of_capability(rest or family, laws)
    raise UnknownCode(code, nearest(code, all_codes(contract)))


def family_of(contract: Contract, word: str) -> tuple[str, ...]:
    """The codes whose first half is *word*; none if it is no family."""
    return tuple(code for code in all_codes(contract) if code.startswith(word + "."))


def all_codes(contract: Contract) -> tuple[str, ...]:
    """Every code there is for *contract*, in the order in which they are told."""
    laws = list(_laws(contract))
    groups = dict.fromkeys(law.group for law in laws if law.group and law.severity == "error")
    rules = [f"{place}.{rule}" for place in PLACES for rule in RULES]
    return tuple(
        dict.fromkeys(
            [
                *OWN,
                *(f"law.{law.id}" for law in laws),
                *(f"capability.{group}" for group in groups),
                *rules,
            ]
        )
    )


def is_code(contract: Contract, word: str) -> bool:
    """Whether *word* is a code, or the first half of some."""
    return word in FAMILIES or word in all_codes(contract)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Codes that belong together, each with a line on what it means."""

    title: str
    lines: tuple[tuple[str, str], ...]


def shelves(contract: Contract) -> tuple[Shelf, ...]:
    """All codes, in the order of their kinds; those of places and rules are told by halves."""
    laws = list(_laws(contract))
    groups = dict.fromkeys(law.group for law in laws if law.group and law.severity == "error")
    file = contract.document.file
    return (
        Shelf("Codes", tuple((code, text.means) for code, text in OWN.items())),
        Shelf(f"Laws of {file}", tuple((f"law.{law.id}", law.message) for law in laws)),
        Shelf(
            f"Capabilities of {file}, each a group of laws of which none ever held",
            tuple((f"capability.{group}", _ids(laws, group)) for group in groups),
        ),
        Shelf(
            "Places, which come before a rule, as in response-body.required",
            tuple((place, _sentence(text.what)) for place, text in PLACES.items()),
        ),
        Shelf(
            "Rules: what a place can break",
            tuple((rule, _means("it", means)) for rule, (means, _) in RULES.items()),
        ),
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _means(what: str, means: str) -> str:
    return means.format(what=what, What=what[0].upper() + what[1:])


def _ids(laws: list[Law], group: str) -> str:
    return ", ".join(law.id for law in laws if law.group == group)


def _laws(contract: Contract) -> Iterator[Law]:
    seen = set()
    for operation in contract.operations:
        for law in operation.laws:
            if law.id not in seen:
                seen.add(law.id)
                yield law


def _of_text(code: str, text: Text) -> Explanation:
    return Explanation(code, text.means, text.why, text.usually, text.mend)


def _of_rule(code: str, family: str, rule: str) -> Explanation:
    place = PLACES[family]
    means, usually = RULES[rule]
    what = place.what
    return Explanation(
        code,
        _means(what, means),
        place.why,
        usually,
        place.mend,
    )


def _of_law(law: Law) -> Explanation:
    promise = (
        "a promise of the document"
        if law.severity == "error"
        else "a best effort, so breaking it is a warning"
    )
    group = f" It belongs to the capability {law.group!r}." if law.group else ""
    return Explanation(
        f"law.{law.id}",
        f"A law of the document is broken: {law.message}.",
        f"It relates parts of the exchange that no schema can, and is {promise}.{group}",
        "The parts are made in different places of the code, and nobody compares them.",
        "Make the answer keep the law; where the document asks too much, correct the law.",
        says=(law.says,),
    )


def _of_capability(group: str, laws: list[Law]) -> Explanation:
    ids = _ids(laws, group)
    name = group.replace("-", " ")
    return Explanation(
        f"capability.{group}",
        f"Whenever {name} was put to the test, a law of it was broken: the server seems to lack "
        f"the capability. Its laws are {ids}.",
        "The document offers it, so clients will ask for it.",
        "The members of the request are read and ignored.",
        f"Support it, refuse what asks for it; or declare it known: --without {group}.",
        says=tuple(dict.fromkeys(law.says for law in laws)),
    )
