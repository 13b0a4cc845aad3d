"""Server Objects: whether their URLs say where the API is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from troth import pointer as pointers
from troth.lint.findings import Finding
from troth.lint.survey import Survey

_VARIABLE = re.compile(r"\{([^{}]*)\}")


def servers(survey: Survey) -> Iterator[Finding]:
    """Find URLs that are none, and variables that are not declared or have another value."""
    for role in ("openapi", "path-item", "operation"):
        for owner in survey.of(role):
            listed = owner["servers"]
            for index, server in enumerate(listed if isinstance(listed, list) else ()):
                if isinstance(server, dict) and isinstance(server.get("url"), str):
                    at = pointers.join(owner.pointer, "servers", str(index))
                    yield from _url(survey, at, server["url"], server.get("variables"))


def _url(survey: Survey, at: str, url: str, variables: object) -> Iterator[Finding]:
    declared = variables if isinstance(variables, dict) else {}
    # OpenAPI 3.1 §4.8.5: variable substitutions are made when a variable is named in {braces}
    for name in dict.fromkeys(_VARIABLE.findall(url)):
        if name not in declared:
            said = f"The server's URL has the variable {{{name}}}, and `variables` lacks it."
            yield survey.finding("malformed", f"{at}/url", said)
    for name, variable in declared.items():
        if not isinstance(variable, dict) or not isinstance(variable.get("enum"), list):
            continue
        # §4.8.6: if the enum is defined, the default has to be one of its values
        default = variable.get("default")
        if isinstance(default, str) and default not in variable["enum"]:
            said = f"The default of the variable {{{name}}}, {default!r}, is not in its `enum`."
            where = pointers.join(at, "variables", name, "default")
            yield survey.finding("malformed", where, said)
    try:
        urlsplit(_VARIABLE.sub("1", url)).port  # noqa: B018 - reading it is what checks it
    except ValueError:
        yield survey.finding("malformed", f"{at}/url", "The server's URL is not one.")
