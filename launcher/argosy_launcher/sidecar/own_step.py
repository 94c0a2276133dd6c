"""Check that a step is about the pod of this launcher, before anything is written for it.

The step says what the launcher writes and where. It comes from a volume that only the driver of the
pod writes, so a difference means that somebody else could write there as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from argosy_schemas.errors import FinalTaskError, Reason
from argosy_schemas.formats.step import Step
from argosy_schemas.pod import ENV_ATTEMPT, ENV_RUN, ENV_TASK
from argosy_store.locations import join_uri


def check_own_step(step: Step, environment: Mapping[str, str]) -> None:
    """Check ids and targets of ``step``.

    Args:
        step: What the driver wrote.
        environment: Of this container, which the pod's specification sets.

    Raises:
        FinalTaskError: The step is about another task, or stores artifacts somewhere else.
    """
    ids = {ENV_RUN: step.run_id, ENV_TASK: step.task_path, ENV_ATTEMPT: step.attempt_id}
    for name, found in ids.items():
        if environment.get(name, found) != found:
            raise _make_error(f"is about '{found}', and '{name}' is '{environment[name]}'")
    if not step.root:
        return  # nothing of it is stored but records
    own = join_uri(step.root, step.pipeline, step.run_id, step.task_path, step.attempt_id)
    for target in _list_targets(step):
        if target != own and not target.startswith(f"{own}/"):
            raise _make_error(f"stores at '{target}', which is not below '{own}'")


def _list_targets(step: Step) -> Iterator[str]:
    for output in step.output_artifacts:
        yield output.uri
    for mapping in step.uri_mappings:
        yield mapping.stored


def _make_error(problem: str) -> FinalTaskError:
    return FinalTaskError(
        f"the step of this pod {problem}; look for what else mounts '/argosy/private'",
        reason=Reason.INTERNAL,
    )
