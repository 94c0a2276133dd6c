"""Read what stands in a DAG that is written inline in a task, as Argo resolves it.

Argo resolves the tags of such a DAG along with the task that holds it, in the DAG around. So a
simple tag has its value from there, and all others have to be in one that yields the tag of the
inner DAG, see :mod:`argosy_expressions.argo.deferred`. All else is refused: it would be another
value than the one that stands there, or Argo would wait for it forever.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from argosy_engine.workflow.fields import TAG, Object, Place
from argosy_expressions.argo.deferred import recovered

_INPUT = "inputs.parameters."
_REQUIRED = ".Succeeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The task that a DAG is inline in."""

    required: frozenset[str]
    """Tasks that have succeeded when it begins."""
    handed_on: frozenset[str]
    """Inputs of the DAG around that the inner one has under the same name."""
    is_loop: bool
    around: Holder | None = None
    """That of the DAG that the task stands in, if it is inline as well."""

    def text(self, text: str, place: Place) -> str:
        """Return a text of the inner DAG as that DAG has it.

        Raises:
            EngineRefusal: It has a tag that the DAG around would resolve to something else.
        """
        if self.around is not None:
            text = self.around.text(text, place)
        found = recovered(text)
        for problem in self._problems(text):
            raise place.refuse(problem)
        if not found.gates <= self.required:
            gate = min(found.gates - self.required)
            raise place.refuse(f"is resolved before '{gate}' has succeeded; wait for that task")
        if found.needs_item and not self.is_loop:
            raise place.refuse("waits for an item, and no loop holds it")
        return found.text

    def _problems(self, text: str) -> Iterator[str]:
        for tag in TAG.finditer(text):
            name = tag[1].strip()
            if recovered(tag[0]).text != tag[0]:
                continue
            if name.startswith("="):
                yield "holds an expression that is resolved in the DAG around"
            if name.startswith(_INPUT) and name.removeprefix(_INPUT) not in self.handed_on:
                yield f"reads '{name}', which is resolved in the DAG around"
            if name == "item" and self.is_loop:
                yield "reads 'item', which is that of the loop around"


def read_holder(task: Object, place: Place, around: Holder | None) -> Holder:
    """Return the holder of what is inline in ``task``.

    Args:
        task: The task.
        place: Where it stands.
        around: What holds the DAG of the task, if that is inline as well.

    Raises:
        EngineRefusal: As :meth:`Holder.text` of ``around``.
    """

    def seen(text: object) -> object:
        return around.text(text, place) if around and isinstance(text, str) else text

    terms = [term.strip() for term in str(task.get("depends") or "").split("&&")]
    return Holder(
        required=frozenset(
            term.removesuffix(_REQUIRED) for term in terms if term.endswith(_REQUIRED)
        ),
        handed_on=frozenset(
            str(one.get("name"))
            for one in place.at("arguments").objects(
                place.object_at(task, "arguments"), "parameters"
            )
            if seen(one.get("value")) == f"{{{{{_INPUT}{one.get('name')}}}}}"
        ),
        is_loop="withSequence" in task,
        around=around,
    )
