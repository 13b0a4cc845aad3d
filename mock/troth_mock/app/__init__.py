"""The mock on a socket: aiohttp's bytes in, `respond` in the middle, bytes out in as few writes.

The only room of the mock that knows aiohttp.
"""

from __future__ import annotations

from troth_mock.app.server import App, Settings

__all__ = ["App", "Settings"]
