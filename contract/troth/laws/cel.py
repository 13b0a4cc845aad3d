"""The CEL library, without its command line.

`import cel` also imports the shell that the library ships (typer, rich, prompt_toolkit): 0.2 s and
25 MB that nobody here uses.  A stand-in takes its place for the time of the import.
"""

from __future__ import annotations

import sys
from types import ModuleType

_SHELL = "cel.cli"

if "cel" in sys.modules:
    import cel
else:
    sys.modules[_SHELL] = ModuleType(_SHELL)
    try:
        import cel
    finally:
        # whoever wants the shell still gets it
        del sys.modules[_SHELL]
    vars(cel).pop("cli", None)

__all__ = ["cel"]
