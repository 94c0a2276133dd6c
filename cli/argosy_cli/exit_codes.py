"""The exit statuses of the ``argosy`` command."""

from __future__ import annotations

from enum import IntEnum

from argosy_schemas.errors import (
    AccessDeniedError,
    ArgosyError,
    InvalidArgumentError,
    InvalidPipelineError,
    MissingObjectError,
    RefusedObjectError,
    UnreachableClusterError,
)


class ExitCode(IntEnum):
    """``docs/cli.md`` documents them."""

    SUCCEEDED = 0
    """Done; for ``run``: the run succeeded."""
    FAILED = 1
    """The run failed or could not start on this machine."""
    USAGE = 2
    """Wrong usage, or an invalid pipeline or parameter; nothing ran."""
    NOT_FOUND = 3
    """The cluster has no such object, namespace, or Argo."""
    DENIED = 4
    """Credentials or rights on the cluster are missing."""
    UNREACHABLE = 5
    """The cluster cannot be reached."""
    REFUSED = 6
    """The cluster refuses the workflow: it is invalid, over a quota, or its name is taken."""
    CANCELED = 7
    """The run on the cluster was stopped."""
    TIMED_OUT = 8
    """The time of ``--timeout`` passed; the run goes on."""
    INTERNAL = 70
    """A bug in Argosy."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C or a signal."""


def choose_exit_code(error: ArgosyError) -> ExitCode:
    """Return the exit status of a command that ends with an error."""
    match error:
        case InvalidPipelineError() | InvalidArgumentError():
            return ExitCode.USAGE
        case MissingObjectError():
            return ExitCode.NOT_FOUND
        case AccessDeniedError():
            return ExitCode.DENIED
        case UnreachableClusterError():
            return ExitCode.UNREACHABLE
        case RefusedObjectError():
            return ExitCode.REFUSED
        case _:
            return ExitCode.FAILED
