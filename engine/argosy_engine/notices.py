"""What a caller should know before a run: settings that have no effect on this machine."""

from __future__ import annotations

from collections.abc import Iterator

from argosy_engine.settings import RunSettings
from argosy_schemas.ir import ContainerExecutor, Pipeline, Resources

# These have an effect here as well.
_HONOURED = frozenset({"activeDeadlineSeconds"})


def notices(pipeline: Pipeline, settings: RunSettings) -> Iterator[str]:
    """Yield one sentence for each kind of thing that is passed over."""
    without_effect = kubernetes_settings(pipeline)
    if without_effect:
        listed = ", ".join(
            f"{name} ({', '.join(components)})" for name, components in without_effect.items()
        )
        yield f"without effect on this machine: {listed}"
    if pipeline.default_pipeline_root and settings.root is None:
        yield (
            f"artifacts stay in '{settings.home}' and do not go to the pipeline's root "
            f"'{pipeline.default_pipeline_root}'; '--root pipeline' sends them there"
        )


def kubernetes_settings(pipeline: Pipeline) -> dict[str, list[str]]:
    """Return what the pipeline asks of Kubernetes, and which components do, both sorted."""
    found: dict[str, set[str]] = {}
    for component in pipeline.components.values():
        label = component.executor_label
        if label is None:
            continue
        names = set(pipeline.kubernetes.get(label, {})) - _HONOURED
        executor = component.executor
        if isinstance(executor, ContainerExecutor) and executor.resources != Resources():
            names.add("resources")
        for name in names:
            found.setdefault(name, set()).add(component.name.removeprefix("comp-"))
    return {name: sorted(found[name]) for name in sorted(found)}
