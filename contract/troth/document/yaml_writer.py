"""JSON values to YAML text that every reader takes for the same values.

PyYAML's safe dumper in block style.  A string is plain only when neither YAML 1.1 nor 1.2 could
read anything else in it; one of several lines is a literal block.
"""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

_PLAIN = re.compile(r"[A-Za-z_/$](?:[A-Za-z0-9_/$.+@*=<>()-]| (?! |$))*")
# YAML 1.1 reads these as booleans and nulls, whatever their case.
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
# What may not stand as it is (YAML 1.2.2 §5.1), tabs and all line breaks included.  Compiled by
# the first text that has any such character.
_UNSAFE = "[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff\\ufeff\\ufffe\\uffff]"


def dump_yaml(value: Any) -> str:
    """Write *value* as one YAML document, its members in their order."""
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=float("inf"))
    return str(text).removesuffix("...\n")  # the end of a document that is one scalar


def dump_json(value: Any) -> str:
    """Write *value* as indented JSON, its members in their order."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        # the items of a list stand deeper than its key
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def analyze_scalar(self, scalar: str) -> Any:
        # a blank at the end of a line, with which Markdown breaks lines, does no harm
        analysis = super().analyze_scalar(scalar)
        analysis.allow_block = analysis.allow_block or _is_literal(scalar)
        return analysis

    def string(self, text: str) -> Any:
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


_Dumper.add_representer(str, _Dumper.string)


def _style(text: str) -> str | None:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return None
    if _is_literal(text):
        return "|"
    return "'" if _is_printable(text) else '"'


def _is_literal(text: str) -> bool:
    """Whether *text* can be a literal block (YAML 1.2.2 §8.1.2) without an indicator."""
    lines = text.removesuffix("\n").split("\n")
    if "\n" not in text or not lines[0] or not lines[-1] or lines[0][0] == " ":
        return False
    return all(map(_is_printable, lines))


def _is_printable(text: str) -> bool:
    return text.isprintable() or not re.search(_UNSAFE, text)
