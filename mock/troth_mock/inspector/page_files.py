"""The page at `/_troth/`: files that ship with the package, and the fields they are sent with.

It is a program of the browser's, in modules as they were written, and loads nothing from elsewhere;
what it shows it asks the control API for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from troth.http.exchange import Fields

#: Where the page is; its files are below.
PAGE = "/_troth/"

_FOLDER = Path(__file__).with_name("page")
_TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# Only its own files run, only its own server is spoken to, text never becomes markup, and no other
# page may hold it.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "connect")),
        *("base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"),
        *("require-trusted-types-for 'script'", "trusted-types 'none'"),
    )
)
_FIELDS: Fields = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-cache"),
)


@cache
def paths() -> Mapping[str, Path]:
    """The files by the paths that they are served at."""
    files = {f"{PAGE}page/{file.name}": file for file in sorted(_FOLDER.iterdir())}
    return {PAGE: files.pop(f"{PAGE}page/index.html"), **files}


def fields(path: str) -> Fields:
    """What is sent with the file at *path*."""
    return (("Content-Type", _TYPES[paths()[path].suffix]), *_FIELDS)


@cache
def content(path: str) -> bytes:
    """What is in the file at *path*."""
    return paths()[path].read_bytes()
