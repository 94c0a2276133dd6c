"""Options of commands that can wait for the run that they make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from argosy_cli.options.shared import Duration
from argosy_schemas.errors import InvalidArgumentError

_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """How a command waits for the end of a run."""

    is_watched: bool
    is_awaited: bool
    with_log: bool
    timeout_seconds: float | None
    """``None``: as long as it takes."""

    @property
    def is_chosen(self) -> bool:
        """Whether it waits at all."""
        return self.is_shown or self.is_awaited

    @property
    def is_shown(self) -> bool:
        """Whether it shows the run live."""
        return self.is_watched or self.with_log


def following_options(command: _F) -> _F:
    """Add the options whose values :func:`make_following` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def make_following(
    *, is_watched: bool, is_awaited: bool, with_log: bool, timeout_seconds: float | None
) -> Following:
    """Return what the options ask for.

    Raises:
        InvalidArgumentError: There is a time, and nothing that waits.
    """
    following = Following(
        is_watched=is_watched,
        is_awaited=is_awaited,
        with_log=with_log,
        timeout_seconds=timeout_seconds,
    )
    if timeout_seconds is not None and not following.is_chosen:
        raise InvalidArgumentError("--timeout says how long to --wait; give both")
    return following


_OPTIONS = (
    click.option("-w", "--watch", "is_watched", is_flag=True, help="Show the run live to its end."),
    click.option("--wait", "is_awaited", is_flag=True, help="Wait for the end of the run."),
    click.option(
        "--log", "with_log", is_flag=True, help="Show the output of its tasks as well, live."
    ),
    click.option(
        "--timeout",
        "timeout_seconds",
        type=Duration(),
        metavar="TIME",
        help="Wait no longer than this, e.g. 90s, 15m or 2h; the run goes on.",
    ),
)
