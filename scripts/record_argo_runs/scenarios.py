"""Write what the controllers of Argo are to be recorded with, from runs of the embedded engine.

    python scripts/record_argo_runs/scenarios.py FILE

Runs each pipeline of ``tests/argo_runs.py`` and writes its compiled workflow, and how each pod
ended, by the name of its node. ``README.md`` says what to do with the file.
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from argo_runs import RUNS, ArgoRun
from argosy_engine import assembly
from argosy_engine.controller.nodes import PodNode
from argosy_engine.pods.protocol import PodOutcome
from argosy_engine.reporter import Reporter
from argosy_launcher.endings.process_end import get_pod_exit_code
from argosy_schemas.formats.records import Reason


def scenario(run: ArgoRun) -> dict[str, Any]:
    """Return a workflow and how its pods end."""
    pods: dict[str, Any] = {}

    class Recorder(Reporter):
        def pod_ended(self, node: PodNode, outcome: PodOutcome, at: datetime) -> None:
            super().pod_ended(node, outcome, at)
            failure = outcome.failure
            stopped = failure is not None and failure.reason in (
                Reason.CANCELED,
                Reason.DEADLINE_EXCEEDED,
            )
            # What a stop keeps from its end has another end at the exit.
            pods[node.name] = {
                "phase": outcome.phase.value,
                "message": outcome.message,
                "exitCode": get_pod_exit_code(failure),
                "outputs": {
                    each.name: outcome.outputs.get(each.name, each.default)
                    for each in node.template.outputs
                },
                "stopped": stopped,
            }

    with tempfile.TemporaryDirectory() as home, mock.patch.object(assembly, "Reporter", Recorder):
        run.run(Path(home))
    workflow = dict(run.compiled().workflow)
    workflow["metadata"] = {"name": "wf", "namespace": "default", "uid": "run"}
    return {"workflow": workflow, "pods": pods, "stop": run.is_stopped}


def main() -> None:
    """Write the file."""
    scenarios = {name: scenario(run) for name, run in RUNS.items()}
    Path(sys.argv[1]).write_text(json.dumps(scenarios))


if __name__ == "__main__":
    main()
