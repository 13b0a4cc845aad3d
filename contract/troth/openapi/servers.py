"""The base paths of a document's servers: what a target may begin with.

Only the path of a server's URL counts: troth serves and tests at the address that it is given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice, product
from typing import Any
from urllib.parse import urljoin, urlsplit

from troth.document.node import Node

#: Variables multiply: beyond so many base paths of one server, no others are read.
_MOST = 64
_VARIABLE = re.compile(r"\{([^{}]+)\}")


def base_paths(owner: Node) -> tuple[str, ...]:
    """The base paths that the `servers` of *owner* give, in order; "" where there are none."""
    found = (path for server in owner.items("servers") for path in _paths(server))
    return tuple(dict.fromkeys(found)) or ("",)


def _paths(server: Node) -> list[str]:
    """The base paths of one server: that of the variables' defaults, then those of their enums."""
    url = server.text("url")
    values = {name: _values(variable) for name, variable in server.members("variables")}
    names = [name for name in dict.fromkeys(_VARIABLE.findall(url)) if values.get(name)]
    picks = islice(product(*(values[name] for name in names)), _MOST)
    return [_path(_fill(url, dict(zip(names, pick, strict=True)))) for pick in picks]


def _fill(url: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: values.get(match[1], match[0]), url)


def _values(variable: Node) -> list[str]:
    default: list[Any] = [variable.text("default")] if "default" in variable.value else []
    return list(dict.fromkeys([*default, *variable.texts("enum")]))


def _path(url: str) -> str:
    """The path of *url*; OpenAPI 3.1 §4.8.5: it may be relative to where the document is."""
    try:
        return urljoin("/", urlsplit(url).path).rstrip("/")
    except ValueError:
        # an address that is no URL, such as `http://[`: lint says so, and it gives no path
        return ""
