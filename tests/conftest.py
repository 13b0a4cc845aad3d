"""What holds for all tests."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import tempfile

from hypothesis import settings

# tests leave nothing in the user's folders, and what one worker has read of a large document serves
# all: they are children of the process that makes the folder
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["TROTH_CACHE"] = tempfile.mkdtemp(prefix="troth-tests-")
    atexit.register(shutil.rmtree, os.environ["TROTH_CACHE"], ignore_errors=True)

# a busy machine is slow, and no fault of what is tested
settings.register_profile("troth", deadline=None)
settings.load_profile("troth")

# contracts and their schemas live as long as the tests do: a tenth of the time goes into looking at
# them again and again for what could be let go
gc.set_threshold(100_000, 20, 20)
