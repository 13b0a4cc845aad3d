"""What a run knows of what there is: values, and the paths under which they stand.

And values that nothing has, for requests of what there is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from troth import pointer as pointers
from troth.generation.parameters import examples, is_read, parameter_value, schema_of
from troth.generation.request_writer import UNSET
from troth.generation.source import Seeded
from troth.generation.values import Unsatisfiable
from troth.openapi.fillings import told_at
from troth.openapi.operation import Operation, Parameter
from troth.openapi.paths import PathTemplate, shape_of
from troth.openapi.resources import Resource
from troth.seed import Seed

#: A text that was drawn and is as long as this is nobody's by chance.
_UNLIKELY = 12


@dataclass(frozen=True, slots=True)
class Known:
    """A value that the server gave, below a path: that of *template*, with *texts* in it.

    *made* is the shape of the path of the item that this run has made and that it names, if one.
    """

    value: Any
    template: PathTemplate
    texts: tuple[str, ...]
    made: tuple[str, ...] = ()

    def above(self, other: PathTemplate) -> Mapping[str, str]:
        """The texts of the variables that *other* has in the same places.

        Or that it has one behind the other under the same names, wherever (`/{owner}/{repo}`).
        """
        shared: dict[str, str] = {}
        for index, (name, text) in enumerate(zip(other.names, self.texts, strict=False)):
            if self.template.literals[: index + 1] != other.literals[: index + 1]:
                break
            shared[name] = text
        return shared or self._among(other)

    def _among(self, other: PathTemplate) -> Mapping[str, str]:
        names, between = self.template.names, self.template.literals[1:-1]
        for start in range(len(other.names) - len(names) + 1 if len(names) > 1 else 0):
            end = start + len(names)
            if other.names[start:end] == names and other.literals[start + 1 : end] == between:
                return dict(zip(names, self.texts, strict=True))
        return {}

    def placed(self, resource: Resource, item: Any) -> Known:
        """The same, under the path of *item*, of *resource*, which it names.

        That is so if the item tells what the request has not: a repository in its `owner`.
        """
        own = template_of(resource)
        names = own.names[:-1] if own is not None else ()
        above = self.above(own) if own is not None else {}
        told = {name: told_at(item, name) for name in names if name not in above}
        if own is None or not told or None in told.values():
            return self
        found = {name: pointers.find(item, at) for name, at in told.items() if at is not None}
        texts = [above.get(name) or quote(str(found[name]), safe="") for name in names]
        return replace(self, template=own, texts=(*texts, quote(str(self.value), safe="")))

    def whole(self, resource: Resource) -> tuple[str, ...] | None:
        """The texts of the path of the item of *resource* that it names, if all are known."""
        own = template_of(resource)
        above = self.above(own) if own is not None else {}
        if own is None or not all(name in above for name in own.names[:-1]):
            return None
        above_it = [above[name] for name in own.names[:-1]]
        return (*above_it, quote(str(self.value), safe="")) if own.names else None


@lru_cache(maxsize=4096)
def template_of(resource: Resource) -> PathTemplate | None:
    """The path of an item of *resource*, as one of its operations has it; None: none does."""
    shape = shape_of(resource.path)[0]
    own = (each for role in resource.operations.values() for each in role)
    return next((each.template for each in own if shape_of(each.path)[0] == shape), None)


def parameter_of(operation: Operation, name: str) -> Parameter:
    """The parameter of the variable *name* of *operation*'s path, also where none is declared."""
    return next(
        (one for one in operation.parameters if (one.location, one.name) == ("path", name)),
        Parameter(name, "path", operation.pointer, style="simple", explode=False),
    )


def absent_value(operation: Operation, name: str, seed: Seed) -> Any:
    """A value of the variable *name* that nobody has given to anything; UNSET: there is none."""
    return next(_absent_values(parameter_of(operation, name), seed), UNSET)


def _absent_values(parameter: Parameter, seed: Seed) -> Iterator[Any]:
    schema = schema_of(parameter)
    source = Seeded(seed)
    digits = f"{source.below(16**12):012x}"
    made: list[Any] = [
        f"troth-none-{digits}",
        2**31 - 1 - source.below(10**6),
        999_000_000 + source.below(10**6),
        f"{digits[:8]}-{digits[8:]}-4{digits[:3]}-8{digits[3:6]}-{digits}",
        digits * 2,
    ]
    for value in made:
        if schema is None or (schema.is_valid(value) and is_read(parameter, value)):
            yield value
    known = set(map(str, examples(parameter)))
    try:
        value = parameter_value(parameter, source)
    except Unsatisfiable:
        return
    if len(str(value)) >= _UNLIKELY and str(value) not in known:
        yield value
