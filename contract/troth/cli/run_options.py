"""What a user asks of a run, as values: options in the command line's form become `Settings`.

The command line and the pytest plugin both come through here, so that an option means the same
in both, and a mistake is told in the same words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from troth import loading
from troth import pointer as pointers
from troth.conformance import codes
from troth.conformance.settings import PHASES, Caps, Settings
from troth.conformance.target import base_url
from troth.errors import TrothError, nearest
from troth.http import json_text
from troth.http.exchange import TOKEN
from troth.openapi.contract import Contract

# RFC 9110 §5.1 and §5.5
_NAME = re.compile(TOKEN)
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")


class BadOption(TrothError):
    """An option's value cannot be used; *option* is its name."""

    def __init__(self, option: str, why: str, *, advice: str = "") -> None:
        super().__init__(option, why, advice)
        self.option = option
        self.why = why
        self.advice = advice

    def __str__(self) -> str:
        advice = f"; {self.advice}" if self.advice else ""
        return f"--{self.option}: {self.why}{advice}"


def contracts_of(options: Mapping[str, Any]) -> tuple[Contract, Contract | None]:
    """The contract to test against, and the overlaid one where the published one is tested.

    A document that is named without an overlay is tested as published, and an overlay that
    stands beside it says what its prose means: where the two disagree, nobody is accused.
    """
    document, overlays = options["document"], list(options["overlay"])
    chosen = overlays if document is not None or overlays else None
    published = options["published"]
    if document not in (None, "-") and not overlays:
        beside = loading.overlay_beside(document)
        if beside is not None:
            chosen, published = [str(beside)], True
    contract = loading.load(document, overlays=chosen)
    if published and contract.published is not contract:
        return contract.published, contract
    return contract, None


def overlays_of(options: Mapping[str, Any]) -> tuple[str, ...]:
    """The overlays of the document that is tested against, as findings call them."""
    if options["published"]:
        return ()
    if options["document"] is None and not options["overlay"]:
        return tuple(f"spec/{file.name}" for file in loading.bundled_overlays())
    return tuple(options["overlay"])


def settings_of(contract: Contract, options: Mapping[str, Any]) -> Settings:
    """The settings that *options* mean for *contract*.  Raises BadOption, BadTarget."""
    for name in ("url", "token", "model", "header", "set"):
        _check_text(name, options[name])
    phases = tuple(phase for phase in PHASES if phase in options["phase"])
    return Settings(
        url=base_url(options["url"]),
        token=_token(options["token"]),
        fields=tuple(map(_field, options["header"])),
        overrides=_overrides(contract, options["model"], options["set"]),
        without=_groups(contract, options["without"]),
        only=_only(contract, options["only"]),
        phases=phases or PHASES,
        seed=options["seed"],
        max_requests=options["max_requests"],
        max_seconds=options["max_time"],
        rate=options["rate"],
        workers=options["workers"],
        strict=options["strict"],
        caps=Caps(seconds=options["timeout"], idle=options["idle"]),
        insecure=options["insecure"],
        trust_env=options["trust_env"],
        database=options["database"],
    )


def outputs_of(options: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The reports that are asked for, as form and path.  Raises BadReport, BadOption."""
    from troth.conformance.reports import parse

    reports = tuple(map(parse, options["report"]))
    paths = [path for _, path in reports] + ([options["journal"]] if options["journal"] else [])
    for path in {path for path in paths if paths.count(path) > 1}:
        where = "standard output" if path == "-" else path
        raise BadOption("report", f"two of the outputs go to {where}")
    return reports


def _check_text(option: str, value: Any) -> None:
    for text in value if isinstance(value, (list, tuple)) else [value or ""]:
        try:
            str(text).encode("utf-8")
        except UnicodeEncodeError:  # bytes of the command line or the environment, as they came
            raise BadOption(option, "it is not UTF-8") from None


def _token(text: str | None) -> str | None:
    if not text:
        return None
    if not _VALUE.fullmatch(text):
        raise BadOption("token", "it has a control character in it (a line feed at its end?)")
    return text


def _field(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    name, value = name.strip(), value.strip()
    if not colon or not _NAME.fullmatch(name):
        # nothing of it is shown: it may well be a secret
        raise BadOption("header", "a field is written 'Name: value'")
    if not _VALUE.fullmatch(value):
        raise BadOption("header", f"the value of {name} has a control character in it")
    return name, value


def _overrides(contract: Contract, model: str | None, pairs: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if model is not None:
        places = {
            operation.completion.request["model"]
            for operation in contract.operations
            if operation.completion and "model" in operation.completion.request
        }
        if not places:
            why = "the document names no place for a model (x-troth-completion)"
            raise BadOption("model", why, advice="use --set NAME=VALUE")
        found.update(dict.fromkeys(sorted(places), model))
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise BadOption("set", f"{pair!r} is not NAME=VALUE")
        found[name] = _value(name, text)
    return found


def _value(name: str, text: str) -> Any:
    try:
        return json_text.decode(text.encode("utf-8"))
    except json_text.BadJson as fault:
        if text[:1] in ("{", "[", '"'):
            raise BadOption("set", f"the value of {name} is not JSON: {fault}") from None
        return text  # a bare word: --set model=llama


def doubts(contract: Contract, settings: Settings) -> tuple[str, ...]:
    """What was asked and is probably a slip: a member that no request knows."""
    found = []
    for name, value in settings.overrides.items():
        tokens = pointers.split(name) if name.startswith("/") else name.split(".")
        nested = value
        for token in reversed(tokens):
            nested = {token: nested}
        hints = [
            [hint.message for hint in entry.schema.hints(nested)]
            for operation in contract.operations
            for entry in (operation.request_body.content if operation.request_body else ())
            if entry.is_json and entry.schema is not None
        ]
        if hints and all(hints):
            found.append(f"--set {name}: {hints[0][0]}")
    return tuple(found)


def _groups(contract: Contract, words: Sequence[str]) -> frozenset[str]:
    known = dict.fromkeys(law.group for op in contract.operations for law in op.laws if law.group)
    for word in words:
        if word not in known:
            raise BadOption(
                "without", f"there is no capability {word!r}", advice=_near(word, known)
            )
    return frozenset(words)


def _only(contract: Contract, words: Sequence[str]) -> tuple[str, ...]:
    names = [name for op in contract.operations for name in (op.name, op.operation_id) if name]
    for word in words:
        if word not in names and not codes.is_code(contract, word):
            advice = _near(
                word, [*names, *codes.FAMILIES, *codes.all_codes(contract)], list_them=False
            )
            raise BadOption("only", f"{word!r} is neither an operation nor a code", advice=advice)
    return tuple(words)


def _near(word: str, known: Any, *, list_them: bool = True) -> str:
    near = nearest(word, known)
    if near:
        return f"did you mean {near!r}?"
    if list_them:
        return f"known are {', '.join(known)}" if known else "the document has none"
    return "`troth explain` lists all codes, `troth test --dry-run` the operations"


class UnknownVariable(TrothError):
    """A variable of the environment is called like an option's and settles none."""

    def __init__(self, name: str, *, nearest: str | None) -> None:
        super().__init__(name, nearest)
        self.name = name
        self.nearest = nearest

    def __str__(self) -> str:
        advice = f"did you mean {self.nearest}?" if self.nearest else "unset it"
        return f"{self.name}: there is no option for this variable; {advice}"


def check_environment(environ: Mapping[str, str], known: Sequence[str], *, prefix: str) -> None:
    """Refuse a variable with the *prefix* of the options' that is not *known*: it is a slip.

    Raises UnknownVariable.
    """
    for name in sorted(environ):
        if name.startswith(prefix) and name not in known:
            raise UnknownVariable(name, nearest=nearest(name, known))
