"""What holds for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# tests read what is there, and leave nothing in the user's folders
os.environ["TROTH_CACHE"] = "off"

# a busy machine is slow, and no fault of what is tested
settings.register_profile("troth", deadline=None)
settings.load_profile("troth")
