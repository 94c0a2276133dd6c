"""A package index with the KFP SDK that is installed for development."""

from __future__ import annotations

import zipfile
from importlib.metadata import distribution
from pathlib import Path


def write_sdk_wheel(directory: Path) -> str:
    """Write a wheel of the SDK into a directory, and return its version."""
    kfp = distribution("kfp")
    with zipfile.ZipFile(directory / f"kfp-{kfp.version}-py3-none-any.whl", "w") as wheel:
        for file in kfp.files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                wheel.write(str(file.locate()), str(file))
    return kfp.version
