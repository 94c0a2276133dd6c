"""Fixtures of the engine's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine_steps import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A home of its own."""
    return Machine(tmp_path / "home")
