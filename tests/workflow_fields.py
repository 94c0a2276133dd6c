"""Read single fields of a workflow, and name the field that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, cast

from argosy_expressions.argo import check
from argosy_expressions.errors import ExpressionError

Object: TypeAlias = Mapping[str, Any]


class FormError(Exception):
    """The workflow has a form that the compiler does not write, or the engine does not read.

    Attributes:
        template: Name of the template; empty for the workflow itself.
        field: Where in it, e.g. ``dag.tasks.train.hooks``.
    """

    def __init__(self, template: str, field: str, problem: str) -> None:
        place = f"template '{template}'" if template else "workflow"
        super().__init__(f"{place}: '{field}' {problem}")
        self.template = template
        self.field = field


class Field:
    """A field of a template or of the workflow: reads its members, and names it in refusals."""

    def __init__(self, template: str, path: str) -> None:
        self.template = template
        self.path = path

    def at(self, name: str) -> Field:
        """Return the field of a name in this one."""
        return Field(self.template, f"{self.path}.{name}" if self.path else name)

    def refuse(self, problem: str) -> FormError:
        """Return the error that names this field and says what is wrong."""
        return FormError(self.template, self.path, problem)

    def refuse_unknown(self, holder: Object, known: Collection[str]) -> None:
        """Raise if ``holder`` has fields other than ``known``."""
        for name in sorted(holder.keys() - set(known)):
            raise self.at(name).refuse("is not interpreted by the embedded engine; remove it")

    def get_object(self, holder: Object, name: str) -> Object:
        """Return the object of a name; empty if it is absent."""
        value: object = holder.get(name)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise self.at(name).refuse("has to be an object")
        return cast("Object", value)

    def get_objects(self, holder: Object, name: str) -> Sequence[Object]:
        """Return the list of objects of a name; empty if it is absent."""
        value: object = holder.get(name)
        return () if value is None else self.at(name).check_objects(value)

    def check_list(self, value: object) -> Sequence[object]:
        """Return the value of this field, which has to be a list."""
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise self.refuse("has to be a list")
        return cast("Sequence[object]", value)

    def check_objects(self, value: object) -> Sequence[Object]:
        """Return the value of this field, which has to be a list of objects."""
        items = self.check_list(value)
        if not all(isinstance(item, Mapping) for item in items):
            raise self.refuse("has to be a list of objects")
        return cast("Sequence[Object]", items)

    def get_text(self, holder: Object, name: str) -> str:
        """Return the text of a name, which is required."""
        value: object = holder.get(name)
        if value is None:
            raise self.at(name).refuse("is missing; give it a text")
        if not isinstance(value, str):
            raise self.at(name).refuse("has to be a text")
        return value

    def get_optional_text(self, holder: Object, name: str) -> str | None:
        """Return the text of a name; ``None`` if it is absent."""
        return None if holder.get(name) is None else self.get_text(holder, name)

    def get_named(self, holder: Object, name: str) -> Iterator[tuple[str, Object]]:
        """Yield the objects of a list with their names, which have to differ."""
        here, names = self.at(name), set[str]()
        for one in self.get_objects(holder, name):
            found = here.get_text(one, "name")
            if found in names:
                raise here.refuse(f"has '{found}' twice; rename one of them")
            names.add(found)
            yield found, one

    def get_integer(self, holder: Object, name: str, *, least: int) -> int | None:
        """Return a number, which may be written as text; ``None`` if it is absent."""
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


# As in Argo, a tag ends at the first closing braces.
TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


def check_expressions(text: str, field: Field) -> None:
    """Raise if a tag of a text has no end, or holds an expression that cannot be evaluated."""
    if "{{" not in text:
        return
    for tag in TAG.findall(text):
        if tag.startswith("="):
            parse_expression(check, tag[1:], field)
    if "{{" in TAG.sub("", text):
        raise field.refuse("has a tag without an end; close it with '}}'")


def parse_expression(parse: Callable[[str], Any], text: str, field: Field) -> Any:
    """Parse an expression, and raise if it cannot be evaluated."""
    try:
        return parse(text)
    except ExpressionError as error:
        raise field.refuse(f"cannot be evaluated here: {error}") from error
