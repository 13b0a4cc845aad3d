"""All faulty servers, by name: importing this module registers those of every module."""

from __future__ import annotations

from servers import later_faults, request_faults, semantic_faults, stream_faults
from servers.faults import FAULTS, Fault

__all__ = ["FAULTS", "Fault", "later_faults", "request_faults", "semantic_faults", "stream_faults"]
