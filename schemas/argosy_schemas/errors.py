"""Errors that reach a person.

* ArgosyError
  - InvalidPipelineError    the file breaks a rule of the KFP format; its author must act
  - UnsupportedError        the file is valid, this release cannot run it
  - InvalidArgumentError    a parameter, option or run id that the caller gave is wrong
    + PipelineFileError     the file that the caller named holds no pipeline that can be read
  - TaskError               one task cannot go on
    + FinalTaskError        trying again cannot help (type, literal, missing input)
      . UnknownTaskError    the pipeline has no task at this path
    + RetryableTaskError    trying again may help (store, network)
  - StoreError              an object store refused or could not be reached
  - ClusterError            a cluster does not do what it was asked
    + UnreachableClusterError  its API server does not answer
    + AccessDeniedError     the credentials are missing or old, or lack a right
    + MissingObjectError    there is no such object, namespace, or kind of objects
    + RefusedObjectError    it does not take an object: invalid, over a quota, a webhook
      . NameTakenError      another object has its name
  - MachineError            this machine lacks something (a command, space, permission)

Exit codes of the command line follow from these classes: see ``argosy_cli``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ArgosyError(Exception):
    """A known failure; its message is one sentence without a full stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong in a pipeline file."""

    message: str
    """What is wrong and what to do, one sentence, no full stop."""

    path: str = ""
    """The path in the document, e.g. ``root.dag.tasks.train``; empty for the file as a whole."""

    file: str | None = None
    line: int | None = None
    """One-based; ``None`` where the text has no position (for example an empty file)."""

    def __str__(self) -> str:
        location = "" if self.file is None else self.file
        if self.line is not None:
            location = f"{location}:{self.line}"
        return ": ".join(part for part in (location, self.path, self.message) if part)


class InvalidPipelineError(ArgosyError):
    """The pipeline file breaks rules of the KFP format.

    Attributes:
        problems: All of them, in document order; never empty.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class UnsupportedError(InvalidPipelineError):
    """The pipeline is valid KFP that Argosy cannot run, e.g. a ``resolver`` executor."""


class InvalidArgumentError(ArgosyError):
    """A value that the caller gave for a run is wrong, e.g. a parameter of the wrong type."""


class PipelineFileError(InvalidArgumentError):
    """The file that the caller named holds no pipeline that can be read.

    Attributes:
        file: The file.
        problem: What is wrong and what to do; it follows the name of the file.
    """

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(f"'{file}' {problem}")
        self.file = file
        self.problem = problem


class Reason(StrEnum):
    """Why a task did not succeed, for machines."""

    COMMAND_FAILED = "CommandFailed"
    """The user's command ended with a non-zero status."""
    COMMAND_KILLED = "CommandKilled"
    """The user's command was ended by a signal."""
    COMMAND_NOT_FOUND = "CommandNotFound"
    """The command does not exist in the image or on this machine."""
    ENVIRONMENT_FAILED = "EnvironmentFailed"
    """The Python environment or the container of the component could not be made."""
    INVALID_INPUT = "InvalidInput"
    """An input is missing, of the wrong type, or not among the literals."""
    INVALID_OUTPUT = "InvalidOutput"
    """The command succeeded and an output is missing or of the wrong type."""
    ARGUMENT_TOO_LONG = "ArgumentTooLong"
    """A value does not fit into one process argument."""
    STORE_FAILED = "StoreFailed"
    """An object store refused or did not answer."""
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    CANCELED = "Canceled"
    """The run was stopped."""
    UPSTREAM = "Upstream"
    """A task that this task depends on did not succeed."""
    CONDITION_FALSE = "ConditionFalse"
    CONDITION_FAILED = "ConditionFailed"
    """The condition, or the items of the loop, could not be evaluated."""
    UNSUPPORTED = "Unsupported"
    """Valid KFP that cannot run here, e.g. a volume claim without Kubernetes."""
    INTERNAL = "Internal"
    """A bug in Argosy."""


class TaskError(ArgosyError):
    """A task cannot go on.

    Attributes:
        reason: Why, for machines.
    """

    def __init__(self, message: str, *, reason: Reason) -> None:
        super().__init__(message)
        self.reason = reason


class FinalTaskError(TaskError):
    """Trying the task again cannot help: a wrong type, an unknown literal, a missing input."""


class UnknownTaskError(FinalTaskError):
    """The pipeline has no such task: a path comes from another version of it."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"{problem}; compile the pipeline again, workflow and IR do not belong together",
            reason=Reason.INTERNAL,
        )


class RetryableTaskError(TaskError):
    """Trying the task again may help: the store did not answer, the network failed."""


class StoreError(ArgosyError):
    """An object store refused an operation or could not be reached.

    Attributes:
        retryable: Whether the same call may succeed later.
        denied: Whether the credentials do not include a right that the call needs.
    """

    def __init__(self, message: str, *, retryable: bool, denied: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.denied = denied


class ClusterError(ArgosyError):
    """A cluster does not do what it was asked."""


class UnreachableClusterError(ClusterError):
    """The API server does not answer, or is too busy to; the same call may succeed later."""


class AccessDeniedError(ClusterError):
    """The credentials are missing or have expired, or they do not include a right."""


class MissingObjectError(ClusterError):
    """The cluster has no such object, namespace, or kind of objects."""


class MissingNameError(MissingObjectError):
    """The namespace has objects of this kind, or may have, and none of this name."""


class RefusedObjectError(ClusterError):
    """The cluster does not take an object: it is invalid, or a quota or a webhook forbids it."""


class NameTakenError(RefusedObjectError):
    """Another object has the name of one that was to be created."""


class MachineError(ArgosyError):
    """This machine lacks something that the run needs: a command, disk space, a permission."""
