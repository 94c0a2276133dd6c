"""Finds or builds the Python environment that a container's command needs on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What to change in the environment of a task's process."""

    path_entries: tuple[str, ...] = ()
    """To put before ``PATH``, the first one first."""
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    description: str = ""
    """For people: what the environment holds and where it is."""


class Environments:
    """The cached environments of this user. Safe to use from several threads and processes."""

    def __init__(self, cache_directory: Path | None = None, *, keep_pins: bool = False) -> None:
        """Use ``cache_directory``, else ``ARGOSY_CACHE_DIR``, else the user's cache directory."""
        raise NotImplementedError

    def environment_for(
        self, argv: Sequence[str], image: str, *, task_directory: Path
    ) -> Environment:
        """Return the environment for a resolved command, building it if it is new.

        Args:
            argv: Command and arguments, placeholders resolved.
            image: The container image that the pipeline names.
            task_directory: Private to the attempt; what its command installs by itself goes there.

        Raises:
            FinalTaskError: With the reason ``ENVIRONMENT_FAILED``: the requirements cannot be
                installed here.
            RetryableTaskError: The same, but the index could not be reached.
        """
        raise NotImplementedError
