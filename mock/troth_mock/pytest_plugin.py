"""The fixtures `mock_server` and `mock_servers`: a mock on a real socket for the tests of a client.

Nothing heavy is imported until a test asks for a server, since pytest loads this module in every
run of an environment that has troth.
"""

from __future__ import annotations
