"""What a caller should know before a run: settings that have no effect on this machine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from argosy_driver.planning.needed_objects import Needed
from argosy_engine.home.local_run import LocalRun
from argosy_engine.settings import RunSettings
from argosy_engine.workflow.model import DagTask, DagTemplate, PodTemplate, Workflow
from argosy_schemas.pod import PATCH_INPUT

_NAMED_TASKS = 3
_PATCH = "podSpecPatch"
_KEY = re.compile(r'"([A-Za-z]+)":')
_PATCHED = frozenset({"affinity", "imagePullSecrets", "nodeSelector", "resources", "tolerations"})
"""Settings of a patch that the engine ignores."""


def list_notices(run: LocalRun, settings: RunSettings, missing: Needed) -> Iterator[str]:
    """Yield one sentence for each kind of thing that is passed over or missing."""
    workflow, pipeline = run.workflow, run.pipeline
    if missing:
        named = [f"{kind} '{name}' ({_some(of)})" for (kind, name), of in missing.items()]
        options = dict.fromkeys(kind.format_option(name) for kind, name in missing)
        yield f"not on this machine: {', '.join(named)}; give {', '.join(options)}"
    users = list_kubernetes_settings(workflow)
    if users or workflow.settings:
        listed = [*workflow.settings, *(f"{name} ({_some(of)})" for name, of in users.items())]
        yield f"without effect on this machine: {', '.join(listed)}"
    if pipeline.default_pipeline_root and settings.root is None:
        yield (
            f"artifacts stay in '{settings.home}' and do not go to the pipeline's root "
            f"'{pipeline.default_pipeline_root}'; '--root pipeline' sends them there"
        )


def list_kubernetes_settings(workflow: Workflow) -> dict[str, list[str]]:
    """Return what tasks ask of Kubernetes, and which tasks do, both sorted."""
    found: dict[str, set[str]] = {}
    for template in workflow.templates.values():
        for task in template.tasks if isinstance(template, DagTemplate) else ():
            pod = workflow.templates[task.template]
            for name in pod.settings if isinstance(pod, PodTemplate) else ():
                for one in _read_patch(task) if name == _PATCH else (name,):
                    found.setdefault(one, set()).add(task.name)
    return {name: sorted(found[name]) for name in sorted(found)}


def _read_patch(task: DagTask) -> Iterable[str]:
    """Return the settings in the patch of a task's pod."""
    text = dict(task.arguments).get(PATCH_INPUT, "")
    keys = _KEY.findall(text)
    # Some patches come from the DAG around the task.
    return _PATCHED.intersection(keys) if keys else (_PATCH,)


def _some(tasks: Sequence[str]) -> str:
    more = len(tasks) - _NAMED_TASKS
    named = ", ".join(tasks[:_NAMED_TASKS])
    return f"{named} and {more} more" if more > 0 else named
