"""What the process says by its exit status."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit statuses of ``argosy``; documented in ``docs/cli.md``."""

    SUCCEEDED = 0
    """Done; for ``run``: the run succeeded."""
    FAILED = 1
    """The run failed, or could not start on this machine."""
    USAGE = 2
    """Wrong usage, or an invalid pipeline or parameter; nothing ran."""
    INTERNAL = 70
    """A fault of Argosy itself."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C or a signal."""
