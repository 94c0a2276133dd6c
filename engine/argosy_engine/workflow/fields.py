"""Read single fields of a workflow, and say where one stands that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, cast

from argosy_engine.workflow.refusal import EngineRefusal
from argosy_expressions.argo import check
from argosy_expressions.errors import ExpressionError

Object: TypeAlias = Mapping[str, Any]


class Place:
    """Where in the workflow something stands, for refusals."""

    def __init__(self, template: str, field: str) -> None:
        self.template = template
        self.field = field

    def at(self, name: str) -> Place:
        """Return the place of a field in this one."""
        return Place(self.template, f"{self.field}.{name}" if self.field else name)

    def refuse(self, problem: str) -> EngineRefusal:
        """Return the error that says what is wrong here."""
        return EngineRefusal(self.template, self.field, problem)

    def refuse_unknown(self, holder: Object, known: Collection[str]) -> None:
        """Raise if ``holder`` has a field that is not among ``known``."""
        for name in sorted(holder.keys() - set(known)):
            raise self.at(name).refuse("is not interpreted by the embedded engine; remove it")

    def object_at(self, holder: Object, name: str) -> Object:
        """Return the object of a name; empty where there is none."""
        value: object = holder.get(name)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise self.at(name).refuse("has to be an object")
        return cast("Object", value)

    def objects(self, holder: Object, name: str) -> Sequence[Object]:
        """Return the list of objects of a name; empty where there is none."""
        value: object = holder.get(name)
        return () if value is None else self.at(name).as_objects(value)

    def as_list(self, value: object) -> Sequence[object]:
        """Return the list that stands here."""
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise self.refuse("has to be a list")
        return cast("Sequence[object]", value)

    def as_objects(self, value: object) -> Sequence[Object]:
        """Return the list of objects that stands here."""
        items = self.as_list(value)
        if not all(isinstance(item, Mapping) for item in items):
            raise self.refuse("has to be a list of objects")
        return cast("Sequence[Object]", items)

    def text(self, holder: Object, name: str) -> str:
        """Return the text of a name, which has to be there."""
        value: object = holder.get(name)
        if value is None:
            raise self.at(name).refuse("is missing; give it a text")
        if not isinstance(value, str):
            raise self.at(name).refuse("has to be a text")
        return value

    def optional_text(self, holder: Object, name: str) -> str | None:
        """Return the text of a name; ``None`` where there is none."""
        return None if holder.get(name) is None else self.text(holder, name)

    def named(self, holder: Object, name: str) -> Iterator[tuple[str, Object]]:
        """Yield the objects of a list with their names, each of which may come once."""
        here, names = self.at(name), set[str]()
        for one in self.objects(holder, name):
            found = here.text(one, "name")
            if found in names:
                raise here.refuse(f"has '{found}' twice; rename one of them")
            names.add(found)
            yield found, one

    def whole_number(self, holder: Object, name: str, *, least: int) -> int | None:
        """Return a number that may be written as text; ``None`` where there is none."""
        value: object = holder.get(name)
        if value is None:
            return None
        try:
            number = int(value) if isinstance(value, int | str) else None
        except ValueError:
            number = None
        if number is None or isinstance(value, bool):
            raise self.at(name).refuse(f"is '{value}', not a whole number")
        if number < least:
            raise self.at(name).refuse(f"is {number}; it has to be {least} or more")
        return number


# As Argo finds them: from the first braces to the next closing ones.
TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


def check_tags(text: str, place: Place) -> None:
    """Refuse an expression in a tag before anything runs, not when its turn comes."""
    if "{{" not in text:
        return
    for tag in TAG.findall(text):
        if tag.startswith("="):
            checked(check, tag[1:], place)
    if "{{" in TAG.sub("", text):
        raise place.refuse("has a tag without an end; close it with '}}'")


def checked(parse: Callable[[str], Any], text: str, place: Place) -> Any:
    """Return what ``parse`` makes of an expression; refuse one that cannot be evaluated here."""
    try:
        return parse(text)
    except ExpressionError as error:
        raise place.refuse(f"cannot be evaluated here: {error}") from error
