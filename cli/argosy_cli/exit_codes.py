"""The exit statuses of the ``argosy`` command."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """``docs/cli.md`` documents them."""

    SUCCEEDED = 0
    """Done; for ``run``: the run succeeded."""
    FAILED = 1
    """The run failed or could not start on this machine."""
    USAGE = 2
    """Wrong usage, or an invalid pipeline or parameter; nothing ran."""
    INTERNAL = 70
    """A bug in Argosy."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C or a signal."""
