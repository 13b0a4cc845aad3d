"""What the tests of overlays share: a small document, overlays of it, and their outcome."""

from __future__ import annotations

from typing import Any

import pytest

from troth.document import overlay
from troth.document.document import Document, read
from troth.errors import SpecError

HEAD = "openapi: 3.1.0\ninfo:\n  title: Example API\n  version: 1.0.0\n"


def document(text: str) -> Document:
    return read((HEAD + text).encode(), name="api.yaml")


def written(actions: str, version: str = "1.1.0") -> bytes:
    """An overlay whose first action stands in line 5."""
    head = (
        f"overlay: {version}\ninfo: {{title: o, version: 1.0.0}}\nextends: ./api.yaml\nactions:\n"
    )
    return (head + actions).encode()


def applied(base: str, actions: str, version: str = "1.1.0", strict: bool = True) -> Any:
    """The root without its head."""
    result = overlay.apply(document(base), [written(actions, version)], strict=strict)
    return {key: value for key, value in result.root.items() if key not in ("openapi", "info")}


def refused(base: str, actions: str, error: type[SpecError], version: str = "1.1.0") -> Any:
    with pytest.raises(error) as caught:
        applied(base, actions, version)
    return caught.value


ITEMS = """paths:
  /items:
    get:
      responses:
        200:
          description: OK
  /some-items:
    delete:
      responses:
        200:
          description: OK
"""
