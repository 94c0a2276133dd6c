"""Log records under names that begin with ``argosy.``, at no cost where nobody listens.

``logging`` takes 10 ms to import, and a driver runs once per task. A caller who wants records has
imported ``logging`` to configure it; where it is not loaded, a record would reach nobody.

There are three levels: WARNING for what a service fails at while nobody waits for an answer, INFO
for what takes time or is repeated (an environment that is built, a request that is retried), DEBUG
for the rest. What a person who waits has to see is not logged: it is an event, a notice or an
error.
"""

from __future__ import annotations

import sys
from typing import Final

ROOT_NAME: Final = "argosy"
"""The name that all names of loggers begin with."""

_DEBUG: Final = 10
_INFO: Final = 20
_WARNING: Final = 30
_CALLER: Final = 3
"""Levels of the stack between ``logging`` and whoever writes a record."""


class Logger:
    """Writes records of one name."""

    def __init__(self, name: str) -> None:
        """Make the logger ``argosy.<name>``."""
        self._name = f"{ROOT_NAME}.{name}"

    def debug(self, message: str, *values: object) -> None:
        """Record ``message % values`` at the level DEBUG."""
        self._log(_DEBUG, message, values)

    def info(self, message: str, *values: object) -> None:
        """Record ``message % values`` at the level INFO."""
        self._log(_INFO, message, values)

    def warning(self, message: str, *values: object) -> None:
        """Record ``message % values`` at the level WARNING."""
        self._log(_WARNING, message, values)

    def _log(self, level: int, message: str, values: tuple[object, ...]) -> None:
        if "logging" not in sys.modules:
            return
        import logging  # waits for a thread that is importing it

        root = logging.getLogger(ROOT_NAME)
        if not root.handlers:
            root.addHandler(logging.NullHandler())
        logging.getLogger(self._name).log(level, message, *values, stacklevel=_CALLER)
