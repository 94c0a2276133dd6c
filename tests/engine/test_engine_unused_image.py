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
        (
            "the command ended with exit code 127 (a shell did not find a command): sh: 1: gsutil",
            "train:1",
            "; image 'train:1' is not used here: install the command and put it on PATH, "
            f"or {USE_IMAGE}",
        ),
        ("ValueError: negative demand", "train:1", ""),
        ("python3: can't open file '/src/train.py'", "", ""),
    ],
)
def test_what_the_image_would_have_had_is_told(message: str, image: str, added: str) -> None:
    explained = explain_unused_image(
        message, image, ("sh", "-c", "python3 -m kfp.dsl.executor_main")
    )

    assert explained == f"{message}{added}"


def test_a_container_component_is_not_told_to_list_packages() -> None:
    message = "ModuleNotFoundError: No module named 'trainer'"

    explained = explain_unused_image(message, "train:1", ("python3", "-m", "trainer"))

    assert explained == (
        f"{message}; image 'train:1', which has the code, is not used here: {USE_IMAGE}"
    )
