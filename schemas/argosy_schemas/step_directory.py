"""A step as a directory on the volume that the containers of its pod share.

``argv`` and ``env`` are for ``exec``, a C program without a JSON parser: entries ended by a NUL
byte each. ``open`` lists, in the same form, the paths whose modes ``exec`` opens up when the
command has ended, so that a launcher under another UID can read them. ``step.json`` is the whole
:class:`argosy_schemas.step.Step`, for the launcher. It is written last, so a directory that holds
it is complete.
"""

from __future__ import annotations

from pathlib import Path

from argosy_schemas.step import Step


def write_step(directory: Path, step: Step) -> None:
    """Write ``step`` for ``exec`` and the launcher; whatever was there before is replaced."""
    raise NotImplementedError


def read_step(directory: Path) -> Step:
    """Return the step that the driver wrote.

    Raises:
        FinalTaskError: The directory holds no step, or one of a newer major version.
    """
    raise NotImplementedError
