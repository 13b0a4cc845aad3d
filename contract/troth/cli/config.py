"""What a user may settle beforehand: `troth.toml`, or `[tool.troth]` of a pyproject.toml.

One table, `KEYS`, names every option of `troth test`.  The command line, the environment
(`TROTH_TEST_MAX_REQUESTS`), the file's keys, the options of the pytest plugin and the JSON Schema
for editors (docs/troth.schema.json) are all made of it.  A value goes from the file to the
command line's own form, so that each is read in one place only.  `LINT_KEYS` are what the file
settles for `troth lint`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from troth.conformance.reports import FORMS
from troth.conformance.settings import PHASES
from troth.errors import TrothError, nearest

#: `switch` is a boolean; `texts` are several texts; a `table` has names and values; `tables` are
#: several, of the same keys.
Kind = Literal["text", "path", "switch", "integer", "number", "texts", "paths", "table", "tables"]


@dataclass(frozen=True, slots=True)
class Key:
    """One option: *name* is the same on the command line and in the file.

    *joint* joins a table's name to its value on the command line; *names* are those that the
    table may have; *any_value* lets its values be anything that JSON can say; *columns* are the
    keys of each of several tables.  Of a path with a *suffix* any other text is no path, and
    none of *words*, which are asked for then, ever is.
    """

    name: str
    kind: Kind
    help: str
    metavar: str = ""
    default: Any = None
    least: float | None = None
    choices: tuple[str, ...] = ()
    joint: str = ""
    names: tuple[str, ...] = ()
    any_value: bool = False
    columns: tuple[Key, ...] = ()
    suffix: str = ""
    words: Callable[[], Collection[str]] = tuple

    @property
    def option(self) -> str:
        """The option's name as Python writes it."""
        return self.name.replace("-", "_")

    @property
    def is_several(self) -> bool:
        """Whether it may be given several times."""
        return self.kind in ("texts", "paths", "table")

    @property
    def variable(self) -> str:
        """The variable of the environment that sets it for `troth test`."""
        return "TROTH_TEST_" + self.name.upper().replace("-", "_")


def _shipped_overlays() -> Collection[str]:
    # every run of pytest loads this module, and most never load a document
    from troth import loading

    return loading.shipped_overlays()


KEYS = (
    Key("url", "text", "The server under test, with the path that its API stands under.", "URL"),
    Key("app", "text", "Test this ASGI or WSGI application, in process.", "MODULE:NAME"),
    Key("document", "path", "The OpenAPI document; without it the bundled one.", "FILE"),
    Key(
        *("overlay", "paths"),
        help="Apply this OpenAPI Overlay, a file or one that ships (openai); may be given several "
        "times.",
        metavar="FILE|NAME",
        words=_shipped_overlays,
    ),
    Key(
        *("no-bundled-overlay", "switch"),
        help="The bundled document without its own overlay, which else comes before the others.",
    ),
    Key("published", "switch", "Test against the document as published, overlays aside."),
    Key(
        *("strict-document", "switch"),
        help="Refuse a document in which anything cannot be understood.",
    ),
    Key("token", "text", "The credential to send; better in the variable TROTH_TOKEN.", "TOKEN"),
    Key(
        *("auth-command", "text"),
        help="A shell command that prints the credential; run at the start, and again on 401.",
        metavar="COMMAND",
    ),
    Key("oauth-client-id", "text", "The client id for a token of OAuth 2.", "ID"),
    Key(
        *("oauth-client-secret", "text"),
        help="Its secret; better in the variable TROTH_TEST_OAUTH_CLIENT_SECRET.",
        metavar="SECRET",
    ),
    Key("oauth-token-url", "text", "Where to ask for it; without, as the document says.", "URL"),
    Key("oauth-scope", "texts", "A scope to ask for; without, what the operations need.", "SCOPE"),
    Key(
        *("hook", "path"),
        help="Python to be called before each request: a file, or a module.",
        metavar="FILE|MODULE",
        suffix=".py",
    ),
    Key(
        *("second-token", "text"),
        help="Another user's credential: it must not open what the first one's has made.",
        metavar="TOKEN",
    ),
    Key("header", "table", "A header field for every request.", "'NAME: VALUE'", joint=": "),
    Key("model", "text", "The model to ask for, where the document has a place for it.", "NAME"),
    Key(
        *("set", "table"),
        help="A parameter (path.NAME, query.NAME, header.NAME, cookie.NAME), or a member of every "
        "request body, by JSON Pointer or dotted name.",
        metavar="NAME=JSON",
        joint="=",
        any_value=True,
    ),
    Key("values", "path", "A YAML or JSON file of such values, by operation.", "FILE"),
    Key("without", "texts", "A capability that the server is known to lack.", "GROUP"),
    Key(
        *("only", "texts"),
        help="Only this operation, tag, path, method, or findings of this code.",
        metavar="WORD",
    ),
    Key(
        *("exclude", "texts"),
        help="Not this operation, tag, path, method, or findings of this code.",
        metavar="WORD",
    ),
    Key("safe", "switch", "Send GET, HEAD and OPTIONS only."),
    Key(
        *("allow-destructive", "switch"), help="Change and delete also what this run has not made."
    ),
    Key("phase", "texts", "Only this phase; may be given several times.", choices=PHASES),
    Key(
        *("max-requests", "integer"),
        help="Spend so many requests. Without this and --max-time: at most 1000.",
        metavar="N",
        least=1,
    ),
    Key(
        *("max-time", "number"),
        help="Spend so many seconds. Without this and --max-requests: at most 300.",
        metavar="S",
        least=0.1,
    ),
    Key("max-tokens", "integer", "Stop when the answers took so many tokens.", "N", least=1),
    Key(
        *("continuous", "switch"),
        help="Go on until stopped; no request of an earlier run with this --database is repeated.",
    ),
    Key(
        "rate",
        "number",
        "At most so many requests a second; 0: no limit.",
        "R",
        default=0.0,
        least=0,
    ),
    Key("workers", "integer", "So many requests at a time.", "N", default=1, least=1),
    Key("seed", "integer", "Another seed, other random requests.", "N", default=0),
    Key("strict", "switch", "Exit with 1 for warnings too."),
    Key("baseline", "path", "Findings that are accepted; only new ones fail.", "FILE"),
    Key(
        *("report", "table", "Write a report; may be given several times.", "FORM=PATH"),
        joint="=",
        names=FORMS,
    ),
    Key("journal", "path", "Write every event as a line of JSON, as it happens.", "PATH"),
    Key("database", "path", "Keep failing requests here, and send them first.", "DIR"),
    Key("timeout", "number", "The longest that one answer may take.", "S", default=30.0, least=0.1),
    Key("idle", "number", "The longest silence inside an answer.", "S", default=10.0, least=0.1),
    Key("insecure", "switch", "Accept any TLS certificate."),
    Key("trust-env", "switch", "Use the proxies and .netrc of the environment."),
    Key("quiet", "switch", "Say nothing but the summary line."),
)

#: What the option says that names such a file.
CONFIG_HELP = "Read this file; without it troth.toml, or [tool.troth] of pyproject.toml."
SEVERITIES = ("error", "warning", "info")
LEVELS = (*SEVERITIES, "off")

#: What `troth lint` is told beforehand.
LINT_KEYS: tuple[Key, ...] = (
    Key(
        *("fail-on", "text", "The least severity that makes the exit code 1; off: none does."),
        metavar="SEVERITY",
        choices=LEVELS,
        default="error",
    ),
    Key(
        *("severity", "table", "Another severity for the findings of a code."),
        metavar="CODE=SEVERITY",
        joint="=",
        choices=LEVELS,
    ),
    Key(
        *("ignore", "tables", "Findings to leave out, or to give another severity."),
        columns=(
            Key("code", "texts", "Only of this code, or of one of these."),
            Key("path", "text", "Only in this path of the API, or below this `#/JSON/pointer`."),
            Key("file", "text", "Only in files of this name."),
            Key("severity", "text", "Another severity for them, in place of off.", choices=LEVELS),
            Key("reason", "text", "Why."),
        ),
    ),
)

_SECTIONS = {"test": {key.name: key for key in KEYS}, "lint": {key.name: key for key in LINT_KEYS}}
#: TOML's words for the kinds, for messages.
_WORDS = {
    "text": "a string",
    "path": "a string",
    "switch": "true or false",
    "integer": "an integer",
    "number": "a number",
    "texts": "a string, or an array of strings",
    "paths": "a string, or an array of strings",
    "table": "a table",
    "tables": "an array of tables",
}


class BadConfig(TrothError):
    """A configuration file cannot be used; *key* is the path to what is wrong in it."""

    file: str | Path
    why: str
    key: str = ""
    advice: str = ""

    def __str__(self) -> str:
        key = f" {self.key}:" if self.key else ""
        advice = f"; {self.advice}" if self.advice else ""
        return f"{self.file}:{key} {self.why}{advice}"


@dataclass(frozen=True, slots=True)
class Config:
    """What a file settles: *sections* hold, by option, what the command line would be given."""

    file: Path | None = None
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def section(self, name: str) -> Mapping[str, Any]:
        """What the file settles for the command *name*."""
        return self.sections.get(name, {})


def find(start: Path | None = None) -> Path | None:
    """The file that holds for the folder *start* (the working folder).

    In the folder itself, then in each one above it up to the root of the repository: troth.toml,
    or else a pyproject.toml that has [tool.troth].
    """
    try:
        here = (start or Path.cwd()).resolve()
    except OSError:
        return None  # the working folder has been deleted
    for folder in (here, *here.parents):
        own = folder / "troth.toml"
        if own.is_file():
            return own
        project = folder / "pyproject.toml"
        if project.is_file() and _mentions(project):
            return project
        if any((folder / mark).exists() for mark in (".git", ".hg")):
            return None
    return None


def load(file: str | Path | None = None, *, environ: Mapping[str, str] | None = None) -> Config:
    """Read *file*, or the one that `find` finds; without any, nothing is settled.

    `${NAME}` in a text is the environment's variable, `${NAME:-default}` may be unset, `$${` is
    `${`.  Paths are relative to the file's folder.  Raises BadConfig.
    """
    path = Path(file) if file is not None else find()
    if path is None:
        return Config()
    root = _parse(path)
    at = ""
    if path.name == "pyproject.toml":
        tool = root.get("tool")
        root, at = tool.get("troth", {}) if isinstance(tool, dict) else {}, "tool.troth."
    if not isinstance(root, dict):
        raise BadConfig(path, "a table is expected", key=at.rstrip("."))
    sections = _File(path, os.environ if environ is None else environ)
    return Config(path, {name: sections.section(name, root[name], at) for name in root})


def _mentions(project: Path) -> bool:
    try:
        # most projects do not mention it, and then nobody needs to parse the file
        if b"troth" not in project.read_bytes():
            return False
        tool = _parse(project).get("tool")
    except (OSError, BadConfig):
        return False  # somebody else's file: whoever reads it for its own sake will complain
    return isinstance(tool, dict) and "troth" in tool


def _parse(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        # an editor's byte order mark is no part of TOML, and harmless
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as fault:
        raise BadConfig(path, f"cannot be read: {fault.strerror or fault}") from fault
    except UnicodeDecodeError as fault:
        raise BadConfig(path, f"byte {fault.start} is not UTF-8") from fault
    except (tomllib.TOMLDecodeError, RecursionError) as fault:
        raise BadConfig(path, f"not TOML: {fault}") from fault


_VARIABLE = re.compile(r"(\$?)\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class _File:
    """Reads the sections of one file."""

    file: Path
    environ: Mapping[str, str]

    def section(self, name: str, value: Any, at: str) -> dict[str, Any]:
        known = _SECTIONS.get(name)
        if known is None:
            raise self._unknown(at + name, name, _SECTIONS, what="section")
        if not isinstance(value, dict):
            raise BadConfig(self.file, f"a table is expected, not {_shown(value)}", key=at + name)
        return self._settled(known, value, f"{at}{name}")

    def _settled(
        self, known: Mapping[str, Key], table: Mapping[str, Any], at: str
    ) -> dict[str, Any]:
        values = {}
        for key, item in table.items():
            path = f"{at}.{key}"
            if key not in known:
                raise self._unknown(path, key, known, what="key")
            values[known[key].option] = self._value(known[key], item, path)
        return values

    def _unknown(self, path: str, word: str, known: Mapping[str, Any], *, what: str) -> BadConfig:
        near = nearest(word, known)
        advice = f"did you mean {near!r}?" if near else f"known are {', '.join(known)}"
        return BadConfig(self.file, f"there is no such {what}", key=path, advice=advice)

    def _value(self, key: Key, value: Any, path: str) -> Any:
        if key.kind == "table":
            return self._table(key, value, path)
        if key.kind == "tables":
            return self._tables(key, value, path)
        if key.kind in ("texts", "paths"):
            items = value if isinstance(value, list) else [value]
            return [self._one(key, item, path) for item in items]
        return self._one(key, value, path)

    def _tables(self, key: Key, value: Any, path: str) -> list[dict[str, Any]]:
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            why = f"an array of tables is expected, not {_shown(value)}"
            raise BadConfig(self.file, why, key=path)
        known = {column.name: column for column in key.columns}
        return [self._settled(known, each, f"{path}.{at}") for at, each in enumerate(value)]

    def _one(self, key: Key, value: Any, path: str) -> Any:
        if isinstance(value, str) and key.kind not in ("switch", "integer", "number"):
            text = self._chosen(key, self._text(value, path), path)
            is_path = key.kind in ("path", "paths") and text.endswith(key.suffix)
            return self._path(text) if is_path and text not in key.words() else text
        if isinstance(value, str):
            value = self._converted(key, self._text(value, path), value)
        if not _fits(key.kind, value):
            expected = _WORDS[key.kind]
            raise BadConfig(self.file, f"{expected} is expected, not {_shown(value)}", key=path)
        if key.least is not None and not value >= key.least:
            why = f"{value} is too small: {key.least:g} is the least"
            raise BadConfig(self.file, why, key=path)
        return value

    def _chosen(self, key: Key, text: str, path: str) -> str:
        if key.choices and text not in key.choices:
            advice = f"known are {', '.join(key.choices)}"
            raise BadConfig(self.file, f"{text!r} is none", key=path, advice=advice)
        return text

    def _converted(self, key: Key, text: str, written: str) -> Any:
        """A variable's text as the number or the switch that it stands for."""
        if text == written and "${" not in written:
            return text
        if key.kind == "switch":
            return {"true": True, "false": False, "1": True, "0": False}.get(text.lower(), text)
        try:
            return int(text) if key.kind == "integer" else float(text)
        except ValueError:
            return text

    def _table(self, key: Key, value: Any, path: str) -> list[str]:
        if not isinstance(value, dict):
            raise BadConfig(self.file, f"a table is expected, not {_shown(value)}", key=path)
        pairs = []
        for name, item in value.items():
            at = f"{path}.{name}"
            if key.names and name not in key.names:
                raise self._unknown(at, name, dict.fromkeys(key.names), what="key")
            if key.any_value:
                text = self._json(item, at)
            elif isinstance(item, str):
                text = self._chosen(key, self._text(item, at), at)
            else:
                raise BadConfig(self.file, f"a string is expected, not {_shown(item)}", key=at)
            pairs.append(name + key.joint + (self._path(text) if key.names else text))
        return pairs

    def _json(self, value: Any, at: str) -> str:
        try:
            return json.dumps(self._deep(value, at))
        except (TypeError, ValueError):  # TOML has dates, JSON has not
            why = "the value cannot be written as JSON"
            raise BadConfig(self.file, why, key=at) from None

    def _deep(self, value: Any, at: str) -> Any:
        if isinstance(value, str):
            return self._text(value, at)
        if isinstance(value, list):
            return [self._deep(item, f"{at}.{index}") for index, item in enumerate(value)]
        if isinstance(value, dict):
            return {name: self._deep(item, f"{at}.{name}") for name, item in value.items()}
        return value

    def _text(self, value: str, path: str) -> str:
        def substituted(match: re.Match[str]) -> str:
            if match[1]:
                return match[0][1:]
            name, default = match[2], match[3]
            variable = self.environ.get(name)
            if variable is not None and (variable or default is None):
                return variable
            if default is not None:
                return default
            advice = f"set it, or write ${{{name}:-default}}"
            raise BadConfig(self.file, f"the variable {name} is not set", path, advice)

        return _VARIABLE.sub(substituted, value)

    def _path(self, text: str) -> str:
        return text if text in ("", "-") else str(self.file.parent / text)


def _fits(kind: Kind, value: Any) -> bool:
    if kind == "switch":
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if kind == "integer":
        return isinstance(value, int)
    return kind == "number" and isinstance(value, (int, float)) and abs(value) < float("inf")


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f"the string {value!r}"
    if isinstance(value, float) and not abs(value) < float("inf"):
        return "one that is not finite"
    names = {bool: "a boolean", int: "an integer", float: "a number", list: "an array"}
    return (names | {dict: "a table"}).get(type(value), "a date or time")


# -- the JSON Schema of the file, for editors: docs/troth.schema.json --------------------------

#: A variable of the environment stands in a text, whatever it stands for.
_VARIABLE_SCHEMA = {"type": "string", "pattern": r"\$\{"}


def schema_text() -> str:
    """The schema as the file has it."""
    return json.dumps(schema(), indent=2) + "\n"


def schema() -> dict[str, Any]:
    """The schema of a troth.toml, and of the table [tool.troth]."""
    test = _table_schema(KEYS, described="For `troth test`, and the options --troth-… of pytest.")
    for key in KEYS:
        test["properties"][key.name]["description"] += f" Also {key.variable}."
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "troth.toml",
        "description": "What troth's commands and its pytest plugin are told beforehand.",
        "type": "object",
        "properties": {
            "test": test,
            "lint": _table_schema(LINT_KEYS, described="For `troth lint`."),
        },
        "additionalProperties": False,
    }


def _table_schema(keys: tuple[Key, ...], *, described: str = "") -> dict[str, Any]:
    members = {key.name: {"description": _description(key), **_schema_of(key)} for key in keys}
    table = {"type": "object", "properties": members, "additionalProperties": False}
    return {"description": described, **table} if described else table


def _description(key: Key) -> str:
    if isinstance(key.default, str):
        return f"{key.help} Default: {key.default}."
    return f"{key.help} Default: {key.default:g}." if key.default else key.help


def _schema_of(key: Key) -> dict[str, Any]:
    if key.kind == "tables":
        return {"type": "array", "items": _table_schema(key.columns)}
    if key.kind == "table":
        inner: dict[str, Any] = {} if key.any_value else _scalar_schema(replace(key, kind="text"))
        if key.names:
            properties = dict.fromkeys(key.names, inner)
            return {"type": "object", "properties": properties, "additionalProperties": False}
        return {"type": "object", "additionalProperties": inner or True}
    if key.kind in ("texts", "paths"):
        one = _scalar_schema(replace(key, kind="text"))
        return {"anyOf": [one, {"type": "array", "items": one}]}
    return _scalar_schema(key)


def _scalar_schema(key: Key) -> dict[str, Any]:
    if key.kind in ("text", "path"):
        text = {"type": "string"}
        return {"anyOf": [{"enum": list(key.choices)}, _VARIABLE_SCHEMA]} if key.choices else text
    name = {"switch": "boolean", "integer": "integer", "number": "number"}[key.kind]
    shape: dict[str, Any] = {"type": name}
    if key.least is not None:
        shape["minimum"] = int(key.least) if key.kind == "integer" else key.least
    return {"anyOf": [shape, _VARIABLE_SCHEMA]}
