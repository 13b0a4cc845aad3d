"""What cannot stand where it stands is taken out of a document's tree, and told.

Afterwards every member that `grammar` knows has the type that it gives it, so that whoever reads
the tree meets only what has a meaning: a member of another type is as good as absent, a schema
that is none accepts anything.  `Positions` keeps what was written, since overlays change that.
Leaves to others: references, and what the values mean.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from troth import pointer as pointers
from troth.document.grammar import FORMS, MEMBERS, TEXTS, UNQUOTED, Form, Member, expected, fits
from troth.document.source import Positions
from troth.document.spec_errors import BadSchema, Faults, WrongType, name_of
from troth.errors import Place

#: The kinds of object that an empty one can stand for: it says nothing, and asks for nothing.
_HOLLOW = frozenset({"schema", "response", "media-type", "header", "path-item", "parameter"})

#: A number that is no shorter than this is not written out.
_LONG = 10**20

#: The keywords of a schema that no value is held to.
_ANNOTATIONS = frozenset(
    ("title", "description", "$comment", "deprecated", "examples", "xml", "externalDocs")
)
#: The kinds whose members all have names of the author's, and what each of them is.
_NAMED: dict[str, tuple[Member | None, Form | None]] = {
    "callback": (Member("one", "path-item"), None),
    "security-requirement": (None, TEXTS),
}


@dataclass(slots=True, eq=False)
class Mender:
    """The mending of one tree: *loosened* are the schemas that say less than was written."""

    root: dict[str, Any]
    positions: Positions
    faults: Faults
    loosened: list[str] = field(default_factory=list)

    def members(self, value: dict[str, Any], at: str, kind: str) -> None:
        """Take out what *value*, of *kind* and at *at*, cannot hold."""
        known, forms = MEMBERS[kind], FORMS.get(kind, {})
        told = BadSchema if kind == "schema" else WrongType
        if kind == "path-item":
            self.methods(value, at)
        for name in list(value):
            if kind in _NAMED and not name.startswith("x-"):
                member, form = _NAMED[kind]
            else:
                member, form = known.get(name), forms.get(name)
            if member is not None:
                self.held(value, name, member, pointers.join(at, name), told)
            elif form is not None:
                self.form(value, name, form, pointers.join(at, name), told)

    def methods(self, value: dict[str, Any], at: str) -> None:
        """Read the members of the Path Item *value* as what they are in lower case: `GET`."""
        known = MEMBERS["path-item"]
        for name in [name for name in value if name not in known and name.lower() in known]:
            lower, here = name.lower(), pointers.join(at, name)
            fault = f"`{name}` has to be written `{lower}`"
            advice = f"It is left out: there is a `{lower}` too." if lower in value else ""
            self.faults.add(WrongType(fault, place=self.place(here), pointer=here, advice=advice))
            if lower not in value:
                self.rename(value, name, lower)
            else:
                self.drop(value, name)

    def form(
        self, value: dict[str, Any], name: str, form: Form, at: str, told: type[WrongType]
    ) -> None:
        """Hold the member *name* of *value*, which stands at *at*, to its *form*."""
        held = value[name]
        if not form.fits(held):
            # YAML's null with nothing beside it is a type; with something, one that was not written
            is_unwritten = held is None and len(value) > 1
            meant = None if form.meant is None or is_unwritten else form.meant(held)
            if meant is None:
                is_odd = form.advice == UNQUOTED and not isinstance(held, str)
                self.tell(told, held, at, form.words, "" if is_odd else form.advice)
                self.drop(value, name)
                if told is BadSchema and name not in _ANNOTATIONS:
                    self.loosened.append(at.rpartition("/")[0])
            else:
                self.tell(told, held, at, form.words, f"Read as {json.dumps(meant)}.")
                self.put(value, name, meant)
        elif form.each is not None and not all(map(form.each.fits, held)):
            known = self.positions.of.get(id(held), {})
            noted: dict[Any, int] = {}
            left: list[Any] = []
            for index, item in enumerate(held):
                if form.each.fits(item):
                    noted[len(left)] = known.get(index, 0)
                    left.append(item)
                else:
                    self.tell(told, item, pointers.join(at, index), form.each.words)
            self.put(value, name, left)
            self.positions.of[id(left)] = noted

    def held(
        self, value: dict[str, Any], name: str, member: Member, at: str, told: type[WrongType]
    ) -> None:
        """Mend what the *member* called *name* of *value*, which stands at *at*, holds."""
        held, kind = value[name], member.kind
        if member.shape == "one":
            if not fits(held, kind):
                self.tell(told, held, at, expected(kind))
                self.drop(value, name)
                self.loosened += [at.rpartition("/")[0]] if kind == "schema" else []
            return
        of, words = (list, "an array") if member.shape == "items" else (dict, "an object")
        is_empty = of is list and kind == "schema" and held == []  # JSON Schema 2020-12 §10.2.1
        if is_empty or not isinstance(held, of):
            self.tell(told, held, at, "an array with items in it" if is_empty else words)
            self.drop(value, name)
            self.loosened += [at.rpartition("/")[0]] if kind == "schema" else []
            return
        for key, item in list(held.items() if isinstance(held, dict) else enumerate(held)):
            if member.shape == "patterned" and key.startswith("x-"):
                continue
            if not fits(item, kind):
                here = pointers.join(at, key)
                self.tell(told, item, here, expected(kind))
                if kind in _HOLLOW or isinstance(held, list):
                    self.put(held, key, {})
                    self.loosened.append(here)
                else:
                    self.drop(held, key)

    def tell(
        self, kind: type[WrongType], value: Any, at: str, words: str, advice: str = ""
    ) -> None:
        """Tell that what stands at *at* is not what *words* call for."""
        found = name_of(value)
        # what is wrong is in the value; of others no word is said, as they may be another file's
        is_shown = kind is BadSchema and at.endswith(("/type", "/required"))
        is_bound = "number" in words and type(value) in (int, float) and abs(value) < _LONG
        if is_bound or (is_shown and isinstance(value, (str, list))):
            found = json.dumps(value)[:60]
        fault = f"expected {words}, found {found}"
        self.faults.add(kind(fault, place=self.place(at), pointer=at, advice=advice))

    def place(self, pointer: str) -> Place | None:
        """Where the node at *pointer* was written."""
        return self.positions.find(self.root, pointer)

    # -- changes: the container stays the same object, since its identity is what has places

    def drop(self, container: dict[str, Any], name: str) -> None:
        """Take the member *name* out of *container*."""
        self._keep(container)
        del container[name]

    def put(self, container: Any, key: Any, value: Any) -> None:
        """Let *value* stand at *key* of *container*."""
        self._keep(container)
        if isinstance(value, (dict, list)):
            self.positions.of.setdefault(id(value), {})
        container[key] = value

    def rename(self, container: dict[str, Any], name: str, to: str) -> None:
        """Let what stands at *name* of *container* stand at *to*, as its last member."""
        self.put(container, to, container[name])
        noted = self.positions.of.get(id(container), {})
        if name in noted:
            noted[to] = noted[name]
        self.drop(container, name)

    def empty(self, container: dict[str, Any]) -> None:
        """Take every member out of *container*."""
        self._keep(container)
        container.clear()

    def fill(self, container: dict[str, Any], source: dict[str, Any]) -> None:
        """Let the members of *source* stand in *container*, in the place of its `$ref`."""
        self._keep(container)
        own = {name: item for name, item in container.items() if name != "$ref"}
        noted = self.positions.of.setdefault(id(container), {})
        known = self.positions.of.get(id(source), {})
        noted.update({name: known[name] for name in source if name in known and name not in own})
        container.clear()
        container.update(source)
        container.update(own)

    def _keep(self, container: Any) -> None:
        self.positions.originals.setdefault(id(container), copy.copy(container))

    def open_up(
        self, is_schema: Callable[[str], bool], referring: Mapping[str, Sequence[str]]
    ) -> None:
        """Let nothing that was taken out of a schema become a refusal by what stands around it.

        What accepts more than was meant makes `not` accept less, `if` apply more often, and `oneOf`
        meet one branch too many: the first two say nothing then, and the last is any of its
        branches.  *referring* are the pointers of the schemas that refer to the one at each.
        """
        seen, waiting = set(self.loosened), list(self.loosened)
        while waiting:
            at = waiting.pop()
            while at:
                new = [each for each in referring.get(at, ()) if each not in seen]
                seen.update(new)
                waiting += new
                around, _, last = at.rpartition("/")
                owner, _, keyword = around.rpartition("/")
                if last in ("not", "if") and is_schema(around):
                    for name in (last,) if last == "not" else ("if", "then", "else"):
                        self._loosen(around, name)
                elif (
                    keyword == "oneOf"
                    and is_schema(owner)
                    # a branch that others refer to keeps its place
                    and not any(each.startswith(f"{around}/") for each in referring)
                ):
                    self._loosen(owner, keyword)
                at = around

    def _loosen(self, at: str, keyword: str) -> None:
        schema = pointers.find(self.root, at)
        if not isinstance(schema, dict) or keyword not in schema:
            return
        if keyword == "oneOf" and "anyOf" not in schema:
            self.rename(schema, keyword, "anyOf")
        else:
            self.drop(schema, keyword)
