"""A user's own Python in a run: a file or a module, with what is to be done before each request.

    def before_request(request, sending):   # a troth.Request -> another, or None for the same
    def token():                            # the credential, or (credential, seconds it is good)

Either may be async.  What goes wrong in it is told with its place in the user's file.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from types import ModuleType
from typing import Any

from troth.errors import TrothError, nearest
from troth.http.exchange import Request

#: What a hook may define.
NAMES = ("before_request", "token")


class BadHook(TrothError):
    """A hook cannot be used, or went wrong; *where* is the file or module, perhaps with a line."""

    where: str
    why: str

    def __str__(self) -> str:
        return f"--hook {self.where}: {self.why}"


@dataclass(frozen=True, slots=True)
class Sending:
    """What a request is sent for.

    *operation* is its name, *phase* and *case* are those of reports, *about* says what it tries.
    One that is not *authenticated* is to be refused for its credential, or has none: what a hook
    adds to it in the fields of the document's security schemes is not sent.  *token* is the
    credential of the run.
    """

    operation: str
    phase: str
    case: str
    about: str
    authenticated: bool
    token: str | None


@dataclass(frozen=True, slots=True)
class Hook:
    """What a user's file or module has for a run."""

    name: str
    before_request: Callable[..., Any] | None
    token: Callable[..., Any] | None

    async def changed(self, request: Request, sending: Sending) -> Request:
        """*request* as `before_request` will have it.  Raises BadHook."""
        if self.before_request is None:
            return request
        given = (request, sending)[: _parameters(self.before_request)]
        result = await self.call(self.before_request, *given)
        if result is None:
            return request
        if not isinstance(result, Request):
            why = f"before_request gave {_a(result)}; it gives a troth.Request, or None"
            raise BadHook(self.name, why)
        wrong = [
            field.name
            for field in fields(Request)
            if type(getattr(result, field.name)) is not type(getattr(request, field.name))
        ]
        if wrong:
            held = _a(getattr(result, wrong[0]))
            raise BadHook(self.name, f"before_request gave a request whose {wrong[0]} is {held}")
        return result

    async def call(self, function: Callable[..., Any], *given: Any) -> Any:
        """What *function* of the user's gives.  Raises BadHook."""
        try:
            result = function(*given)
            return await result if inspect.isawaitable(result) else result
        except Exception as fault:
            raise BadHook(*_told(self.name, fault, function.__name__)) from fault


def load(name: str) -> Hook:
    """The hook in the file *name*, or in the module of that name.  Raises BadHook."""
    try:
        module = _file(name) if name.endswith(".py") or "/" in name else _module(name)
    except BadHook:
        raise
    except SyntaxError as fault:
        raise BadHook(f"{name}:{fault.lineno}", f"not Python: {fault.msg}") from fault
    except Exception as fault:
        raise BadHook(*_told(name, fault, "")) from fault
    found = {each: getattr(module, each, None) for each in NAMES}
    for each, function in found.items():
        if function is not None and not callable(function):
            raise BadHook(name, f"{each} is {_a(function)}, not a function")
    if not any(found.values()):
        own = [each for each, value in vars(module).items() if inspect.isfunction(value)]
        near = next((near for near in (nearest(each, NAMES) for each in own) if near), None)
        advice = f"; did you mean {near!r}?" if near else ""
        raise BadHook(name, f"it defines neither before_request nor token{advice}")
    return Hook(name, found["before_request"], found["token"])


def _file(name: str) -> ModuleType:
    path = Path(name)
    if not path.is_file():
        raise BadHook(name, "there is no such file")
    spec = importlib.util.spec_from_file_location(f"troth_hook_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise BadHook(name, "its name does not end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look for theirs there
    spec.loader.exec_module(module)
    return module


def _module(name: str) -> ModuleType:
    if "" not in sys.path:
        sys.path.insert(0, "")  # as `python -m` has it: a user's module is in the working folder
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as fault:
        if fault.name is None or not f"{name}.".startswith(f"{fault.name}."):
            raise  # the module is there, and asks for another that is not
        raise BadHook(name, "there is no such module; a file is named with its .py") from None


def _parameters(function: Callable[..., Any]) -> int:
    """Of the two arguments that a hook is given, so many it takes."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 2
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in parameters):
        return 2
    return min(2, sum(each.kind in kinds for each in parameters))


def _told(name: str, fault: Exception, function: str) -> tuple[str, str]:
    """Where in the user's file *fault* was raised, and what it says."""
    frames = traceback.extract_tb(fault.__traceback__)
    own = [
        frame
        for frame in frames
        if frame.filename != __file__ and "importlib" not in frame.filename
    ]
    where = f"{own[-1].filename}:{own[-1].lineno}" if own else name
    inside = f"{function} raised " if function else ""
    return where, f"{inside}{type(fault).__name__}" + (f": {fault}" if str(fault) else "")


def _a(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
