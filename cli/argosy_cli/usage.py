"""Wrong usage that Click finds, told as all other errors are: what is wrong, and what to do."""

from __future__ import annotations

from collections.abc import Collection

import click


def usage_error(error: click.ClickException, command: str) -> str:
    """Return the message of an error of Click's: no full stop, and what to do behind a ``;``.

    Args:
        error: Of Click.
        command: As it was called, e.g. ``argosy run``.
    """
    message = _message(error)
    # What is wrong with a value says what it may be.
    is_of_value = isinstance(error, click.BadParameter) and not isinstance(
        error, click.MissingParameter
    )
    if is_of_value or ";" in message or not isinstance(error, click.UsageError):
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


def no_such_command(name: str, commands: Collection[str]) -> str:
    """Return the message for a command that does not exist."""
    from difflib import get_close_matches  # only where something is wrong

    near = get_close_matches(name, commands, n=1)
    advice = f"did you mean '{near[0]}'?" if near else f"it is one of {', '.join(commands)}"
    return f"there is no command '{name}'; {advice}"
