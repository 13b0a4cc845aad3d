"""The mock's own pages: whether it lives, whether it is ready, and the document that it serves.

And one that is no page: what makes it forget what it was given.  A path that the document declares
itself is the document's; then the page is not served.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from troth.http.exchange import Fields
from troth.openapi.contract import Contract
from troth_mock.reply import JSON

_NO_STORE = ("Cache-Control", "no-store")
_JSON: Fields = (*JSON, _NO_STORE)
# RFC 9512
_YAML: Fields = (("Content-Type", "application/yaml"), _NO_STORE)

Page = tuple[int, Fields, bytes]

#: Where a client asks the mock to forget what it was given.
RESET = "/_troth/reset"


_UNSPECIFIED = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def base_path(contract: Contract) -> str:
    """The `base-path` of the first completion that names one, or ""."""
    completions = (operation.completion for operation in contract.operations)
    return next((each.base_path for each in completions if each and each.base_path), "")


def url_of(host: str, port: int) -> str:
    """The URL at which a server bound to *host* is reached from this machine."""
    host = _UNSPECIFIED.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Pages:
    """The pages by path; the two forms of the document are laid out when first asked for."""

    def __init__(self, contract: Contract, *, is_ready: Callable[[], bool]) -> None:
        self._contract = contract
        self._is_ready = is_ready
        self._rendered: dict[str, bytes] = {}
        # another document, other answers: whoever watches one sees that it was read anew
        tag = (("ETag", f'"{contract.document.digest}"'),)
        pages: dict[str, Callable[[], Page]] = {
            "/healthz": lambda: (200, _JSON, b'{"status":"ok"}'),
            "/readyz": self._ready,
            "/openapi.json": lambda: (200, (*_JSON, *tag), self._text("json")),
            "/openapi.yaml": lambda: (200, (*_YAML, *tag), self._text("yaml")),
            RESET: lambda: (204, (), b""),
        }
        declared = {
            base + operation.path
            for operation in contract.operations
            for base in (*operation.base_paths, "")
        }
        self._pages = {path: page for path, page in pages.items() if path not in declared}

    def __contains__(self, path: str) -> bool:
        return path in self._pages

    def methods(self, path: str) -> tuple[str, ...]:
        """What may be done with the page at *path*."""
        return ("POST",) if path == RESET else ("GET", "HEAD")

    def render(self, path: str) -> Page:
        """Status, fields and body of the page at *path*."""
        return self._pages[path]()

    def _ready(self) -> Page:
        if self._is_ready():
            return 200, _JSON, b'{"status":"ready"}'
        return 503, _JSON, b'{"status":"draining"}'

    def _text(self, form: str) -> bytes:
        if form not in self._rendered:
            root = self._contract.document.root
            self._rendered[form] = _json(root) if form == "json" else _yaml(root)
        return self._rendered[form]


def _json(root: object) -> bytes:
    # not orjson: a document may hold an integer of any size
    return json.dumps(root, indent=2).encode("ascii") + b"\n"


def _yaml(root: object) -> bytes:
    import yaml

    class Plain(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # chosen at run time
        """Without anchors: readers count aliases as a danger."""

        def ignore_aliases(self, data: object) -> bool:
            return True

    return bytes(
        yaml.dump(root, Dumper=Plain, sort_keys=False, allow_unicode=True, encoding="utf-8")
    )
