"""The contract of the bundled document: compiled once for all tests of a process."""

from __future__ import annotations

import troth

CONTRACT = troth.load()
