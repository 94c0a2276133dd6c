"""The error for a workflow that the engine does not interpret."""

from __future__ import annotations

from argosy_schemas.errors import ArgosyError


class EngineRefusal(ArgosyError):
    """The workflow has a field or a kind of template that the compiler never emits.

    Attributes:
        template: Name of the template; empty for the workflow itself.
        field: Where in it, e.g. ``dag.tasks.train.hooks``.
    """

    def __init__(self, template: str, field: str, problem: str) -> None:
        place = f"template '{template}'" if template else "workflow"
        super().__init__(f"{place}: '{field}' {problem}")
        self.template = template
        self.field = field
