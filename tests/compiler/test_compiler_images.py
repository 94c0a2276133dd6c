"""Images from a registry of one's own."""

from __future__ import annotations

from typing import Any

import pytest

from argosy_compiler import compile_pipeline
from argosy_compiler.argo.images import map_image, parse_image_rules
from argosy_compiler.options import CompileOptions
from argosy_schemas.errors import InvalidArgumentError
from driver_support import dag, leaf, pipeline, task


@pytest.mark.parametrize(
    ("image", "mapped"),
    [
        ("python:3.11", "reg.example.org/hub/library/python:3.11"),
        ("docker.io/library/python:3.11", "reg.example.org/hub/library/python:3.11"),
        ("bitnami/redis@sha256:0", "reg.example.org/hub/bitnami/redis@sha256:0"),
        ("ghcr.io/argosy/argosy:1", "reg.example.org/argosy:1"),
        ("ghcr.io/argosy-labs/x", "ghcr.io/argosy-labs/x"),
        ("ghcr.io/other/x", "ghcr.io/other/x"),
        ("localhost/x", "localhost/x"),
        ("localhost:5000/x", "reg.example.org/local/x"),
        ("busybox", "reg.example.org/small"),
    ],
)
def test_the_longest_source_decides(image: str, mapped: str) -> None:
    rules = parse_image_rules(
        [
            "docker.io=reg.example.org/hub",
            "ghcr.io/argosy/=reg.example.org/",
            "busybox=reg.example.org/small",
            "localhost:5000=reg.example.org/local",
        ]
    )

    assert map_image(image, rules) == mapped


def test_all_containers_take_their_images_by_the_rules() -> None:
    of = pipeline(dag({"a": task("comp-a")}), {"comp-a": leaf()})
    rules = parse_image_rules(["docker.io=r.example.org/hub", "ghcr.io=r.example.org"])

    spec: Any = compile_pipeline(of, CompileOptions(image_rules=rules)).workflow["spec"]

    (pod,) = (one for one in spec["templates"] if "container" in one)
    images = [one["image"] for one in (*pod["initContainers"], pod["container"], *pod["sidecars"])]
    assert all(image.startswith("r.example.org/") for image in images), images


def test_every_text_that_is_no_rule_is_named() -> None:
    texts = ["docker.io", "=x", "x=", "python=a", "docker.io/library/python=b"]

    with pytest.raises(InvalidArgumentError) as refused:
        parse_image_rules(texts)

    lines = str(refused.value).splitlines()
    assert [line.split("'")[1] for line in lines] == [*texts[:3], "docker.io/library/python"]
    assert "twice" in lines[-1]
