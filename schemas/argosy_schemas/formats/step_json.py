"""Convert a step to deterministic JSON, and back; ``argv`` and ``env`` included."""

from __future__ import annotations

from argosy_schemas.formats.dataclass_json import read_document, to_members
from argosy_schemas.formats.step import STEP_VERSION, Step
from argosy_schemas.values import to_json


def step_to_json(step: Step) -> str:
    """Return the text of ``step.json``."""
    return to_json(to_members(step))


def step_from_json(text: str | bytes) -> Step:
    """Return the step in ``text``.

    Raises:
        FormatError: It is damaged, or of a newer major version.
    """
    return read_document(
        Step, text, what="The step", newest=STEP_VERSION, advice="run the task again"
    )
