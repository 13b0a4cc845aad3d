"""The fixtures `mock_server` and `mock_servers`: a mock on a real socket for the tests of a client.

Nothing heavy is imported until a test asks for a server, since pytest loads this module in every
run of an environment that has troth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from troth_mock.server.serving import MockServer


@pytest.fixture(scope="session")
def mock_servers() -> Iterator[Callable[..., MockServer]]:
    """Start mocks: `mock_servers(document, scenario=…, fail=…, overlays=…, seed=…, settings=…)`.

    *document* is a file, a loaded `troth.Contract`, or None for the bundled one.  Each call
    starts a server on a free port of 127.0.0.1; all stop at the end of the session.  What one was
    given by a test it forgets with `reset()`, or keeps none of it with `stateless=True`.

    Its `journal` has the exchanges that it had, `fail(…)` lets go wrong what its words say
    (docs/FAULTS.md), and `verdict()` tells what the client made of that.
    """
    from troth_mock.server.serving import start_in

    with ExitStack() as stack:
        yield lambda document=None, **options: start_in(stack, document, **options)


@pytest.fixture(scope="session")
def mock_server(mock_servers: Callable[..., MockServer]) -> MockServer:
    """A mock of the bundled document, on a thread and a loop of its own: `.url`, `.base_url`."""
    return mock_servers()
