"""The extras of the package, which some commands need."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from argosy_schemas.errors import MachineError


@contextmanager
def need_service() -> Generator[None]:
    """Explain an import that fails since the packages of the extra ``service`` are not installed.

    Raises:
        MachineError: One of them is not.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("argosy"):
            raise  # a bug
        raise MachineError(
            f"the service needs the package '{error.name}'; install Argosy with its extra 'service'"
        ) from error
