"""A command that failed for want of its image says which one, and what to do."""

from __future__ import annotations

import pytest

from argosy_engine.pods.unused_image import explain_unused_image

USE_IMAGE = "run the pipeline with '--runner docker' or '--runner podman', or on a cluster"


@pytest.mark.parametrize(
    ("message", "image", "added"),
    [
        (
            "ModuleNotFoundError: No module named 'numpy.linalg'",
            "registry.example.org/train:1",
            "; image 'registry.example.org/train:1' is not used here: list the package "
            f"that has 'numpy' in 'packages_to_install', or {USE_IMAGE}",
        ),
        (
            "ModuleNotFoundError: No module named 'numpy'",
            "python:3.11-slim",
            "; list the package that has 'numpy' in 'packages_to_install'",
        ),
        (
            "python3: can't open file '/src/train.py': [Errno 2] No such file or directory",
            "train:1",
            f"; image 'train:1', which has the code, is not used here: {USE_IMAGE}",
        ),
        (
            "RuntimeError: No components found in `kfp_config.ini`",
            "train:1",
            f"; image 'train:1', which has the code, is not used here: {USE_IMAGE}",
        ),
        ("ValueError: negative demand", "train:1", ""),
        ("python3: can't open file '/src/train.py'", "", ""),
    ],
)
def test_what_the_image_would_have_had_is_told(message: str, image: str, added: str) -> None:
    assert explain_unused_image(message, image) == f"{message}{added}"
