"""Command, arguments and environment of a task, with all placeholders replaced."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from argosy_driver.preparing.task_placeholders import TaskPlaceholders
from argosy_driver.resolving.placeholders import expand, substitute
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Reason
from argosy_schemas.ir.model import ContainerExecutor
from argosy_schemas.ir.parameters import to_text
from argosy_schemas.names import TaskPath
from argosy_schemas.values import JsonValue

LONGEST_ARGUMENT_BYTES = 131_071
"""The limit of Linux for one argument or variable: MAX_ARG_STRLEN without the byte at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageCommand:
    """What an image runs by itself."""

    entrypoint: tuple[str, ...] = ()
    """Its ENTRYPOINT, which a component's command replaces."""
    arguments: tuple[str, ...] = ()
    """Its CMD, which a component's arguments replace."""


ReadImageCommand: TypeAlias = Callable[[str], ImageCommand]
"""Returns what an image runs by itself. Raises a task error if the image cannot be read."""


def make_command_line(
    executor: ContainerExecutor,
    placeholders: TaskPlaceholders,
    *,
    task_path: TaskPath,
    read_image: ReadImageCommand | None = None,
) -> tuple[str, ...]:
    """Return the arguments of the process, the command first.

    Args:
        executor: The executor.
        placeholders: The values of its placeholders.
        task_path: The task, for messages.
        read_image: Asked if the component has no command; ``None``: images cannot be read.

    Raises:
        FinalTaskError: There is no command, or Linux cannot pass an argument.
        TaskError: The image cannot be read.
    """
    argv = tuple(
        text
        for element in (*executor.command, *executor.args)
        for text in expand(element, placeholders, placeholders.is_present)
    )
    entrypoint, elsewhere = "cannot be seen from here", ", or use 'argosy run --runner docker'"
    if not executor.command and read_image is not None:
        image = read_image(substitute(executor.image, placeholders))
        argv = (*image.entrypoint, *(argv or image.arguments))
        entrypoint, elsewhere = "does not exist", ""
    if not argv or (not executor.command and argv[0].startswith("-")):
        raise FinalTaskError(
            f"task '{task_path}': the component has no command, and the entrypoint inside image "
            f"'{executor.image}' {entrypoint}; set 'command' in its container spec{elsewhere}",
            reason=Reason.UNSUPPORTED,
        )
    for index, text in enumerate(argv):
        _check(text, f"argument {index} of the command", placeholders.parameters, task_path)
    return argv


def make_environment(
    executor: ContainerExecutor, placeholders: TaskPlaceholders, *, task_path: TaskPath
) -> tuple[tuple[str, str], ...]:
    """Return the environment variables that the component sets, each name once.

    Raises:
        FinalTaskError: Linux cannot pass a variable.
    """
    variables = {name: substitute(value, placeholders) for name, value in executor.env}
    for name, value in variables.items():
        _check(
            f"{name}={value}", f"environment variable '{name}'", placeholders.parameters, task_path
        )
    return tuple(variables.items())


def _check(text: str, what: str, parameters: Mapping[str, JsonValue], task_path: TaskPath) -> None:
    if "\0" in text:
        raise FinalTaskError(
            f"task '{task_path}': {what} contains a NUL character{_culprit(parameters, chr(0))}, "
            "which no process can get; pass it as an artifact",
            reason=Reason.INVALID_INPUT,
        )
    try:
        size = len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError as error:
        raise FinalTaskError(
            f"task '{task_path}': {what} contains {error.object[error.start]!a}, half of a "
            "character; pass it as an artifact",
            reason=Reason.INVALID_INPUT,
        ) from error
    if size > LONGEST_ARGUMENT_BYTES:
        raise FinalTaskError(
            f"task '{task_path}': {what} has {size} bytes, and Linux takes "
            f"{LONGEST_ARGUMENT_BYTES}; {_largest(parameters)}pass large values as artifacts",
            reason=Reason.ARGUMENT_TOO_LONG,
        )


def _largest(parameters: Mapping[str, JsonValue]) -> str:
    sizes = {
        name: len(to_text(value).encode("utf-8", "surrogatepass"))
        for name, value in parameters.items()
    }
    if not sizes:
        return ""
    name = max(sorted(sizes), key=lambda each: sizes[each])
    return f"the largest input is '{name}' with {sizes[name]} bytes; "


def _culprit(parameters: Mapping[str, JsonValue], character: str) -> str:
    for name in sorted(parameters):
        value = parameters[name]
        if isinstance(value, str) and character in value:
            return f" from input '{name}'"
    return ""
