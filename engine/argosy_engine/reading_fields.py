"""Read single fields of a workflow, and say where one stands that cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias

from argosy_engine.refusal import EngineRefusal
from argosy_expressions.errors import ExpressionError

Object: TypeAlias = Mapping[str, Any]


def object_at(holder: Object, name: str) -> Object:
    """Return the object of a name; empty where there is none."""
    value: Object | None = holder.get(name)
    return {} if value is None else value


def objects(holder: Object, name: str) -> Sequence[Object]:
    """Return the list of a name; empty where there is none."""
    value: Sequence[Object] | None = holder.get(name)
    return () if value is None else value


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


def inputs_of(template: Object) -> dict[str, str | None]:
    """Return the input parameters of a template with their defaults."""
    parameters = objects(object_at(template, "inputs"), "parameters")
    return {
        str(one["name"]): None if one.get("default") is None else str(one["default"])
        for one in parameters
    }


def default_of(source: Object) -> str | None:
    """Return the default of an output; ``None`` where it has none."""
    return None if source.get("default") is None else str(source["default"])


def whole_number(place: Place, holder: Object, name: str) -> int | None:
    """Return a number that may be written as text; ``None`` where there is none."""
    value = holder.get(name)
    if value is None:
        return None
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise place.refuse(f"is '{value}', not a whole number") from error


def checked(parse: Callable[[str], Any], text: str, place: Place) -> Any:
    """Return what ``parse`` makes of an expression; refuse one that cannot be evaluated here."""
    try:
        return parse(text)
    except ExpressionError as error:
        raise place.refuse(f"cannot be evaluated here: {error}") from error
