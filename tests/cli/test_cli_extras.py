"""Commands that need an extra of the package."""

from __future__ import annotations

import importlib

import pytest

from argosy_cli.extras import need_service
from argosy_schemas.errors import MachineError


def test_a_package_of_the_extra_that_is_missing_is_named() -> None:
    with pytest.raises(MachineError) as caught, need_service():
        importlib.import_module("nothing_here")

    assert str(caught.value) == (
        "the service needs the package 'nothing_here'; install Argosy with its extra 'service'"
    )


def test_a_missing_module_of_argosy_is_a_bug() -> None:
    with pytest.raises(ModuleNotFoundError), need_service():
        importlib.import_module("argosy_service.nothing_here")
