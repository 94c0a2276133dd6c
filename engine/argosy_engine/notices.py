"""What a caller should know before a run: settings that have no effect on this machine."""

from __future__ import annotations

from collections.abc import Iterator

from argosy_engine.settings import RunSettings
from argosy_engine.workflow.model import DagTemplate, PodTemplate, Workflow
from argosy_schemas.ir.model import Pipeline

_NAMED_TASKS = 3


def list_notices(workflow: Workflow, pipeline: Pipeline, settings: RunSettings) -> Iterator[str]:
    """Yield one sentence for each kind of thing that is passed over."""
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
                found.setdefault(name, set()).add(task.name)
    return {name: sorted(found[name]) for name in sorted(found)}


def _some(tasks: list[str]) -> str:
    more = len(tasks) - _NAMED_TASKS
    named = ", ".join(tasks[:_NAMED_TASKS])
    return f"{named} and {more} more" if more > 0 else named
