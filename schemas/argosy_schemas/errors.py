"""Errors that reach a person.

* ArgosyError
  - InvalidPipelineError    the file breaks a rule of the KFP format; its author must act
  - UnsupportedError        the file is valid, this release cannot run it
  - InvalidArgumentError    a parameter, option or run id that the caller gave is wrong
  - TaskError               one task cannot go on
    + FinalTaskError        trying again cannot help (type, literal, missing input)
      . UnknownTaskError    the pipeline has no such task, see argosy_schemas.ir.task_tree
    + RetryableTaskError    trying again may help (store, network)
  - StoreError              an object store refused or could not be reached
  - MachineError            this machine lacks something (a command, space, permission)

Exit codes of the command line follow from these classes: see ``argosy_cli``.
"""

from __future__ import annotations

from dataclasses import dataclass


class ArgosyError(Exception):
    """A known failure, told in one sentence without a full stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong in a pipeline file."""

    message: str
    """What is wrong and what to do, one sentence, no full stop."""

    path: str = ""
    """Where in the document, e.g. ``root.dag.tasks.train``; empty for the file as a whole."""

    file: str | None = None
    line: int | None = None
    """One-based; ``None`` where the text has no position (for example an empty file)."""

    def __str__(self) -> str:
        place = "" if self.file is None else self.file
        if self.line is not None:
            place = f"{place}:{self.line}"
        return ": ".join(part for part in (place, self.path, self.message) if part)


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


class TaskError(ArgosyError):
    """A task cannot go on.

    Attributes:
        reason: One word for machines, from :class:`argosy_schemas.formats.records.Reason`.
    """

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class FinalTaskError(TaskError):
    """Trying the task again cannot help: a wrong type, an unknown literal, a missing input."""


class RetryableTaskError(TaskError):
    """Trying the task again may help: the store did not answer, the network failed."""


class StoreError(ArgosyError):
    """An object store refused an operation or could not be reached.

    Attributes:
        retryable: Whether the same call may succeed later.
    """

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable


class MachineError(ArgosyError):
    """This machine lacks something that the run needs: a command, disk space, a permission."""
