"""What holds for all tests."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import sys
import tempfile

from hypothesis import settings

# tests leave nothing in the user's folders, and what one worker has read of a large document, or a
# process has compiled, serves all: they are children of the process that makes the folder
if "PYTEST_XDIST_WORKER" not in os.environ:
    folder = tempfile.mkdtemp(prefix="troth-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["TROTH_CACHE"] = os.path.join(folder, "documents")
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        os.environ["PYTHONPYCACHEPREFIX"] = os.path.join(folder, "bytecode")
if "PYTHONPYCACHEPREFIX" in os.environ:
    sys.dont_write_bytecode, sys.pycache_prefix = False, os.environ["PYTHONPYCACHEPREFIX"]

# a busy machine is slow, and no fault of what is tested; and each run draws other examples
settings.register_profile("troth", deadline=None, max_examples=60)
settings.load_profile("troth")

# contracts and their schemas live as long as the tests do: a tenth of the time goes into looking at
# them again and again for what could be let go
gc.set_threshold(100_000, 20, 20)
