"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# a busy machine is slow, and no fault of what is tested
settings.register_profile("troth", deadline=None)
settings.load_profile("troth")
