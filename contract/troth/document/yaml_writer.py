"""JSON values to YAML text that every reader takes for the same values.

Block style.  A string is plain only when neither YAML 1.1 nor 1.2 could read anything else in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_/$](?:[A-Za-z0-9_/$.+@*=<>()-]| (?! |$))*")
# YAML 1.1 reads these as booleans and nulls, whatever their case.
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
# What may not stand as it is (YAML 1.2.2 §5.1), tabs and all line breaks included.  Compiled by
# the first text that has any such character.
_UNSAFE = "[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff\\ufeff\\ufffe\\uffff]"
# §9.1.3, §7.4.2: a longer implicit key is refused by readers.
_LONGEST_KEY = 1000


def dump_yaml(value: Any) -> str:
    """Write *value* as one YAML document, its members in their order."""
    if isinstance(value, (dict, list)) and value:
        return "\n".join(_block(value, "")) + "\n"
    return _inline(value, "") + "\n"


def dump_json(value: Any) -> str:
    """Write *value* as indented JSON, its members in their order."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _block(value: Any, indent: str) -> Iterator[str]:
    """The lines of a collection that is not empty."""
    if isinstance(value, list):
        for item in value:
            if isinstance(item, (dict, list)) and item:
                lines = _block(item, indent + "  ")
                yield f"{indent}- {next(lines)[len(indent) + 2 :]}"
                yield from lines
            else:
                yield f"{indent}- {_inline(item, indent)}"
        return
    for key, item in value.items():
        name = _quoted(key)
        if len(name) > _LONGEST_KEY:
            yield f"{indent}? {name}"
            name = ""
        if isinstance(item, (dict, list)) and item:
            yield f"{indent}{name}:"
            yield from _block(item, indent + "  ")
        else:
            yield f"{indent}{name}: {_inline(item, indent)}"


def _inline(value: Any, indent: str) -> str:
    if isinstance(value, str):
        return _literal(value, indent) or _quoted(value)
    if isinstance(value, (dict, list)):
        return "{}" if isinstance(value, dict) else "[]"
    return json.dumps(value)


def _literal(text: str, indent: str) -> str:
    """*text* as a literal block (§8.1.2), or "" if it cannot be one."""
    lines = text.removesuffix("\n").split("\n")
    if "\n" not in text or not lines[0] or not lines[-1] or lines[0][0] == " ":
        return ""
    if not all(map(_is_printable, lines)):
        return ""
    chomping = "|" if text.endswith("\n") else "|-"
    return "\n".join([chomping, *(f"{indent}  {line}" if line else "" for line in lines)])


def _quoted(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    if _is_printable(text):
        return "'" + text.replace("'", "''") + "'"
    # JSON's escapes are YAML's, but for what JSON leaves as it is.
    plain = json.dumps(text, ensure_ascii=False)
    return re.sub(_UNSAFE, lambda found: f"\\u{ord(found[0]):04x}", plain)


def _is_printable(text: str) -> bool:
    return text.isprintable() or not re.search(_UNSAFE, text)
