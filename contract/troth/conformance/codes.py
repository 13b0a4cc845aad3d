"""Every code that the validator or a run can give, explained: `troth explain`, and docs/CODES.md.

A code is one of ours, a place and a rule (`response-body.required`), a law of the document, or a
capability: a group of its laws.  The texts of the former are data, `codes.yaml` beside this module,
read when they are first asked for; the latter are explained from the document itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from troth.document.source import data_beside
from troth.errors import TrothError, nearest

if TYPE_CHECKING:
    from troth.laws.laws import Law
    from troth.openapi.contract import Contract

#: What comes before the dot of a code, of which `--only` and `troth explain` take all codes: the
#: locations of a violation, and what only a run gives.  Each has the group of checks
#: (`run_summary.CHECKS`) that its codes belong to.
FAMILIES: Mapping[str, str] = {
    "request": "requests",
    "request-body": "requests",
    "request-path": "requests",
    "request-query": "requests",
    "request-header": "requests",
    "request-cookie": "requests",
    "request-security": "security",
    "response": "statuses",
    "response-header": "headers",
    "response-body": "bodies",
    "stream": "streams",
    "stream-body": "streams",
    "law": "laws",
    "capability": "laws",
    "security": "security",
    "transport": "transport",
    "resource": "resources",
    "run": "time",
}

#: What is said of something, by the kind of saying: `means`, `why`, `usually`, `mend`.
Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Texts:
    """What `codes.yaml` says: of the *codes* of each section, of *places* and *rules*."""

    sections: Mapping[str, Mapping[str, Words]]
    places: Mapping[str, Words]
    rules: Mapping[str, Words]

    @property
    def codes(self) -> Mapping[str, Words]:
        """The codes of all sections."""
        return {
            code: words for section in self.sections.values() for code, words in section.items()
        }


@cache
def texts() -> Texts:
    """The texts, read once."""
    raw = data_beside(__file__)
    return Texts(raw["codes"], raw["places"], raw["rules"])


class UnknownCode(TrothError):
    """Nothing goes by this code; *near* is the one that was probably meant."""

    code: str
    near: str | None

    def __str__(self) -> str:
        advice = f"did you mean {self.near!r}?" if self.near else "`troth explain` lists all codes"
        return f"there is no code {self.code!r}; {advice}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What there is to say of *code*; *says* are the document's own words, for a law."""

    code: str
    means: str
    says: tuple[str, ...]
    why: str
    usually: str
    mend: str


def explain(contract: Contract, code: str) -> Explanation:
    """What *code* means.  Raises UnknownCode."""
    known = texts()
    if code in known.codes:
        return Explanation(code, says=(), **known.codes[code])
    family, _, rest = code.partition(".")
    if family in known.places and rest in known.rules:
        place, rule = known.places[family], known.rules[rest]
        means = _of(place["what"], rule["means"])
        return Explanation(code, means, (), place["why"], rule["usually"], place["mend"])
    laws = _laws(contract)
    if family == "law" or not rest:
        for law in laws:
            if law.id == (rest or family):
                return _law(law)
    if family == "capability" or not rest:
        group = [law for law in laws if law.group == (rest or family)]
        if group:
            return _capability(rest or family, group)
    raise UnknownCode(code, nearest(code, all_codes(contract)))


def family_of(contract: Contract, word: str) -> tuple[str, ...]:
    """The codes whose first half is *word*; none if it is no family."""
    return tuple(code for code in all_codes(contract) if code.startswith(word + "."))


def all_codes(contract: Contract) -> tuple[str, ...]:
    """Every code there is for *contract*, in the order in which they are told."""
    laws, known = _laws(contract), texts()
    codes = (
        *known.codes,
        *(f"law.{law.id}" for law in laws),
        *(f"capability.{group}" for group in _capabilities(laws)),
        *(f"{place}.{rule}" for place in known.places for rule in known.rules),
    )
    return tuple(dict.fromkeys(codes))


def is_code(contract: Contract, word: str) -> bool:
    """Whether *word* is a code, or the first half of some."""
    return word in FAMILIES or word in all_codes(contract)


@dataclass(frozen=True, slots=True)
class CodeList:
    """Codes that belong together, each with a line on what it means."""

    title: str
    lines: tuple[tuple[str, str], ...]


def lists(contract: Contract) -> tuple[CodeList, ...]:
    """All codes, in the order of their kinds; those of places and rules are told by halves."""
    laws, known, file = _laws(contract), texts(), contract.document.file
    return (
        CodeList("Codes", tuple((code, words["means"]) for code, words in known.codes.items())),
        CodeList(f"Laws of {file}", tuple((f"law.{law.id}", law.message) for law in laws)),
        CodeList(
            f"Capabilities of {file}, each a group of laws of which none ever held",
            tuple(
                (f"capability.{group}", ", ".join(ids))
                for group, ids in _capabilities(laws).items()
            ),
        ),
        CodeList(
            "Places, which come before a rule, as in response-body.required",
            tuple((place, f"{_capital(words['what'])}.") for place, words in known.places.items()),
        ),
        CodeList(
            "Rules: what a place can break",
            tuple((rule, _of("it", words["means"])) for rule, words in known.rules.items()),
        ),
    )


def _laws(contract: Contract) -> tuple[Law, ...]:
    """The laws of the document, each once."""
    laws: dict[str, Law] = {}
    stated = [operation.laws for operation in contract.operations]
    for each in (*stated, contract.laws):
        for law in each:
            laws.setdefault(law.id, law)
    return tuple(laws.values())


def _capabilities(laws: Sequence[Law]) -> Mapping[str, list[str]]:
    """The groups of laws that a server can lack as a whole, each with the ids of its laws."""
    groups = dict.fromkeys(law.group for law in laws if law.group and law.severity == "error")
    return {group: [law.id for law in laws if law.group == group] for group in groups if group}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _of(what: str, means: str) -> str:
    """What a rule *means*, said of *what*."""
    return means.format(what=what, What=_capital(what))


def _law(law: Law) -> Explanation:
    promise = (
        "a promise of the document"
        if law.severity == "error"
        else "a best effort, so breaking it is a warning"
    )
    group = f" It belongs to the capability {law.group!r}." if law.group else ""
    return Explanation(
        f"law.{law.id}",
        f"A law of the document is broken: {law.message}.",
        (law.says,),
        f"It relates parts of the exchange that no schema can, and is {promise}.{group}",
        "The parts are made in different places of the code, and nobody compares them.",
        "Make the answer keep the law; where the document asks too much, correct the law.",
    )


def _capability(group: str, laws: Sequence[Law]) -> Explanation:
    ids = ", ".join(law.id for law in laws)
    return Explanation(
        f"capability.{group}",
        f"Whenever {group.replace('-', ' ')} was put to the test, a law of it was broken: the "
        f"server seems to lack the capability. Its laws are {ids}.",
        tuple(dict.fromkeys(law.says for law in laws)),
        "The document offers it, so clients will ask for it.",
        "The members of the request are read and ignored.",
        f"Support it, refuse what asks for it; or declare it known: --without {group}.",
    )


# -- docs/CODES.md ----------------------------------------------------------------------------

_HEAD = """# The codes of findings

What `troth explain CODE` tells, on one page; it is made from the same texts
(`contract/troth/conformance/codes.yaml`) and the bundled document, and a test holds it true. A code
is public and stable. It is `PLACE.RULE`: where in the exchange, and what was broken there.
"""


def page(contract: Contract) -> str:
    """The page of all codes, with the laws and capabilities of *contract*."""
    lines = [_HEAD]
    for title, section in texts().sections.items():
        lines.append(f"## {title}\n")
        for code, words in section.items():
            lines += [
                f"### `{code}`\n",
                f"{words['means']} {words['why']}\n",
                f"*Usually:* {words['usually']}\n",
                f"*What to do:* {words['mend']}\n",
            ]
    lines += _page_of_rules()
    laws = _laws(contract)
    lines.append(f"## The laws of {contract.document.file}\n")
    lines.append("A code `law.ID` is a law that the document itself states (`x-troth-laws`).\n")
    lines.append("| code | is broken when | the document says |\n|---|---|---|")
    for law in laws:
        mild = " (a warning)" if law.severity == "warning" else ""
        lines.append(f"| `law.{law.id}` | {_cell(law.message)}{mild} | {_cell(law.says)} |")
    lines.append("\n## Capabilities\n")
    lines.append(
        "A code `capability.GROUP` is a group of laws of which none ever held: the server lacks\n"
        "the whole of it. `--without GROUP` declares that as known.\n"
    )
    lines.append("| code | laws |\n|---|---|")
    for group, ids in _capabilities(laws).items():
        lines.append(f"| `capability.{group}` | {', '.join(ids)} |")
    return "\n".join(lines) + "\n"


def _page_of_rules() -> list[str]:
    lines = ["## Places and rules\n"]
    lines.append("Any of these places may stand before any of the rules below it that apply.\n")
    lines.append("| place | what it is | why it matters |\n|---|---|---|")
    for place, words in texts().places.items():
        lines.append(f"| `{place}` | {words['what']} | {_cell(words['why'])} |")
    lines.append("\n| rule | what it means | usually |\n|---|---|---|")
    for rule, words in texts().rules.items():
        lines.append(
            f"| `{rule}` | {_cell(_of('it', words['means']))} | {_cell(words['usually'])} |"
        )
    lines.append("")
    return lines


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
