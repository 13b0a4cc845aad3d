"""The mock on a socket: aiohttp in, `responding` in the middle, bytes out in few writes.

`application.App` answers and `serving` runs it; `connection` is what aiohttp's protocol leaves
open, `fast_path` what it does not publish.  `guards` (hosts, origins, limits), `heads`, `pacing`
and `pages` stand around them.
"""
