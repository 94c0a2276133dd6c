"""Names of the templates that stand for no component or loop."""

from __future__ import annotations

from typing import Final

from argosy_schemas.ir.from_json import ROOT

POD_TEMPLATE: Final = "pod"
DECIDE_TEMPLATE: Final = "decide"
MET_TEMPLATE: Final = "met"
ON_EXIT: Final = "on-exit"
STOPPED_TEMPLATE: Final = "stopped"
RUN_TEMPLATE: Final = "run"
"""In a WorkflowTemplate: what a step of another workflow refers to."""

RESERVED: Final = (
    ROOT,
    DECIDE_TEMPLATE,
    POD_TEMPLATE,
    MET_TEMPLATE,
    ON_EXIT,
    STOPPED_TEMPLATE,
    RUN_TEMPLATE,
)
"""Names that no component may take."""
