"""docs/CODES.md: every code of findings, as `troth explain` tells it, on one page."""

from __future__ import annotations

from troth.conformance import codes
from troth.conformance.code_texts import REQUEST, RESPONSE, RUN, STREAM, TRANSPORT
from troth.conformance.keyword_texts import PLACES, RULES
from troth.openapi.contract import Contract

_HEAD = """# The codes of findings

What `troth explain CODE` tells, on one page; it is made from the same texts
(`contract/troth/conformance/code_texts.py`, `keyword_texts.py`) and the bundled document, and a
test holds it true. A code is public and stable. It is `PLACE.RULE`: where in the exchange, and
what was broken there.
"""


def page(contract: Contract) -> str:
    """The page, with the laws and capabilities of *contract*."""
    lines = [_HEAD]
    for title, texts in (
        ("Answers", RESPONSE),
        ("Requests and credentials", REQUEST),
        ("Streams", STREAM),
        ("Transport", TRANSPORT),
        ("Over time", RUN),
    ):
        lines.append(f"## {title}\n")
        for code in texts:
            lines += _entry(contract, code)
    lines += _rules()
    lines.append(f"## The laws of {contract.document.file}\n")
    lines.append("A code `law.ID` is a law that the document itself states (`x-troth-laws`).\n")
    lines.append("| code | is broken when | the document says |\n|---|---|---|")
    seen = dict.fromkeys(law.id for op in contract.operations for law in op.laws)
    by_id = {law.id: law for op in contract.operations for law in op.laws}
    for law_id in seen:
        law = by_id[law_id]
        mild = " (a warning)" if law.severity == "warning" else ""
        lines.append(f"| `law.{law_id}` | {_cell(law.message)}{mild} | {_cell(law.says)} |")
    lines.append("\n## Capabilities\n")
    lines.append(
        "A code `capability.GROUP` is a group of laws of which none ever held: the server lacks\n"
        "the whole of it. `--without GROUP` declares that as known.\n"
    )
    lines.append("| code | laws |\n|---|---|")
    for code, laws in next(s for s in codes.shelves(contract) if s.title.startswith("Cap")).lines:
        lines.append(f"| `{code}` | {laws} |")
    return "\n".join(lines) + "\n"


def _entry(contract: Contract, code: str) -> list[str]:
    told = codes.explain(contract, code)
    return [
        f"### `{code}`\n",
        f"{told.means} {told.why}\n",
        f"*Usually:* {told.usually}\n",
        f"*What to do:* {told.mend}\n",
    ]


def _rules() -> list[str]:
    lines = ["## Places and rules\n"]
    lines.append("Any of these places may stand before any of the rules below it that apply.\n")
    lines.append("| place | what it is | why it matters |\n|---|---|---|")
    lines += [f"| `{place}` | {text.what} | {_cell(text.why)} |" for place, text in PLACES.items()]
    lines.append("\n| rule | what it means | usually |\n|---|---|---|")
    for rule, (means, usually) in RULES.items():
        said = means.format(what="it", What="It")
        lines.append(f"| `{rule}` | {_cell(said)} | {_cell(usually)} |")
    lines.append("")
    return lines


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
