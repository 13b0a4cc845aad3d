"""What holds for all tests."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import sys
import tempfile
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, settings

import bytecode

# tests leave nothing in the user's folders, and what one worker has read of a large document, or a
# process has compiled, serves all: they are children of the process that makes the folder
if "PYTEST_XDIST_WORKER" not in os.environ:
    folder = tempfile.mkdtemp(prefix="troth-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["TROTH_CACHE"] = os.path.join(folder, "documents")
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        bytecode.keep_in(os.path.join(folder, "bytecode"))
if "PYTHONPYCACHEPREFIX" in os.environ:
    sys.dont_write_bytecode, sys.pycache_prefix = False, os.environ["PYTHONPYCACHEPREFIX"]
if "PYTEST_XDIST_WORKER" in os.environ:
    bytecode.share()

# a busy machine is slow, and no fault of what is tested; and each run draws the same examples, so
# that a test fails for what was changed and never by luck
settings.register_profile(
    "troth",
    deadline=None,
    max_examples=60,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
#: Other examples each time, and so many times as many: what luck finds, it finds before CI.
settings.register_profile("explore", settings.get_profile("troth"), derandomize=False)
settings.load_profile("troth")
TIMES = 20
# what `@given` takes note of, which Hypothesis does not publish
_SETTINGS = "_hypothesis_internal_use_settings"

# contracts and their schemas live as long as the tests do: a tenth of the time goes into looking at
# them again and again for what could be let go
gc.set_threshold(100_000, 20, 20)


def is_exploring(config: pytest.Config) -> bool:
    return bool(config.getoption("--hypothesis-profile", None) == "explore")


def pytest_configure(config: pytest.Config) -> None:
    # a newer Hypothesis draws from what is written in the modules that are loaded, too, and which
    # they are depends on the tests that the process has run
    if not is_exploring(config):
        with suppress(ImportError):
            from hypothesis.internal.conjecture import providers

            vars(providers)["is_local_module_file"] = lambda path: False


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Explore by the properties alone, with many more examples of each."""
    if not is_exploring(config):
        return
    tests = {id(item): getattr(item, "obj", None) for item in items}
    items[:] = [item for item in items if hasattr(tests[id(item)], _SETTINGS)]
    for test in {tests[id(item)] for item in items}:
        usual = getattr(test, _SETTINGS)
        setattr(test, _SETTINGS, settings(usual, max_examples=TIMES * usual.max_examples))
