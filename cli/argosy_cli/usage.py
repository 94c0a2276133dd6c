"""How a command is used: the examples in its help, and messages for wrong usage.

A message says what is wrong and what to do, in the style of all other errors.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import click
from click.core import ParameterSource

from argosy_schemas.errors import InvalidArgumentError


def format_examples(*lines: str) -> str:
    """Return the epilog of a command: one example call per line.

    A line break within a call becomes a backslash and a new line, as a shell reads it.
    """
    # Click rewraps a paragraph unless it begins with a backspace.
    calls = (line.replace("\n", " \\\n      ") for line in lines)
    return "\n".join(("\b", "Examples:", *(f"  {call}" for call in calls)))


def list_typed_options(context: click.Context) -> dict[str, str]:
    """Return the options that stand on the command line: name of the parameter to the option."""
    return {
        str(each.name): max(each.opts, key=len)
        for each in context.command.params
        if context.get_parameter_source(str(each.name)) is ParameterSource.COMMANDLINE
    }


def refuse_options(names: Iterable[str], why: str) -> None:
    """Refuse the first of these options that stands on the command line.

    Those from a configuration file or a variable serve many commands, and are not refused.

    Args:
        names: Parameters of the current command.
        why: What the options are for and what to do; it follows the name of the option.

    Raises:
        InvalidArgumentError: One of them stands there.
    """
    typed = list_typed_options(click.get_current_context())
    for name in names:
        if name in typed:
            raise InvalidArgumentError(f"{typed[name]} {why}")


def explain_usage_error(error: click.ClickException, command: str) -> str:
    """Return the message for an error that Click raised: no full stop, advice after a ``;``.

    Args:
        error: The error of Click.
        command: The command that the user called, e.g. ``argosy run``.
    """
    message = _message(error)
    # The message about a wrong value already lists the right ones.
    is_about_value = isinstance(error, click.BadParameter) and not isinstance(
        error, click.MissingParameter
    )
    if is_about_value or ";" in message or not isinstance(error, click.UsageError):
        return message
    return f"{message}; see '{command} --help'"


def _message(error: click.ClickException) -> str:
    match error:
        case click.NoSuchOption():
            message = f"there is no option '{error.option_name}'"
            near = error.possibilities
            return f"{message}; did you mean '{near[0]}'?" if near else message
        case click.MissingParameter(param=click.Parameter() as parameter):
            return f"{parameter.human_readable_name} is missing"
        case click.BadParameter(param=click.Option() as option):
            return f"{option.opts[-1]}: {error.message.rstrip('.')}"
        case _:
            message = error.format_message().rstrip(".")
            return f"{message[:1].lower()}{message[1:]}"


def explain_unknown_command(name: str, commands: Collection[str]) -> str:
    """Return the message for a command that does not exist."""
    from difflib import get_close_matches  # only an error needs it

    near = get_close_matches(name, commands, n=1)
    advice = f"did you mean '{near[0]}'?" if near else f"it is one of {', '.join(commands)}"
    return f"there is no command '{name}'; {advice}"
