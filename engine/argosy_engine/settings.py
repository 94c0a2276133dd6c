"""What a caller chooses for a run on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from argosy_driver.stand_ins import StandIns

PIPELINE_ROOT = "pipeline"
"""As :attr:`RunSettings.root`: write artifacts where the pipeline file says."""


class RunnerName(StrEnum):
    """How main commands start."""

    PROCESS = "process"
    """As processes of this machine, without their images."""
    DOCKER = "docker"
    """In containers of their images, by the program ``docker``."""
    PODMAN = "podman"
    """Likewise, by the program ``podman``."""


def get_default_jobs() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux; counts what a container leaves us
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """Where and how a run takes place; the same settings serve many runs."""

    home: Path = Path(".argosy")
    """Holds records, cache, logs, journals, and artifacts unless ``root`` says otherwise."""

    root: str | None = None
    """URI below which artifacts are written; ``pipeline``: the pipeline's ``defaultPipelineRoot``;
    ``None``: inside ``home``."""

    cache: bool = True
    """Whether results of earlier runs may be reused."""

    jobs: int = field(default_factory=get_default_jobs)
    """How many tasks may run at once."""

    runner: RunnerName = RunnerName.PROCESS
    """How main commands start."""

    keep_pins: bool = False
    """Whether a component gets the very ``kfp`` version that its file pins."""

    grace: timedelta = timedelta(seconds=5)
    """How long a process may take to end after SIGTERM before it is killed."""

    stand_ins: StandIns = field(default_factory=StandIns)
    """What tasks get in place of objects of a cluster. A run that goes on has what it was started
    with as well."""

    environment: Mapping[str, str] | None = None
    """What tasks may inherit from; ``None``: the environment of this process."""
