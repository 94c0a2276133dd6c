"""Names and URLs of a compilation, checked before they are in a workflow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argosy._cluster_options import check_cluster_options
from argosy_compiler.options import DEFAULT_IMAGE, CompileOptions, IrPlacement
from argosy_schemas.errors import InvalidArgumentError
from cli_processes import argosy

EXAMPLE = Path(__file__).parents[2] / "examples" / "01-hello" / "pipeline.yaml"

DIGEST = "sha256:" + "a" * 64

TAKEN: list[dict[str, Any]] = [
    {},
    {"image": "alpine"},
    {"image": "localhost:5000/team/argosy:1.0_rc-1"},
    {"image": "Registry.Example/a__b/c-d.e:V1"},
    {"image": f"ghcr.io/argosy/argosy:0.1.0@{DIGEST}"},
    {"image": "{{workflow.parameters.registry}}/argosy:{{workflow.parameters.version}}"},
    {"store_secret": "store.eu-1", "service_account": "argosy"},
    {"store": "s3://bucket/argosy?endpoint=http://minio:9000&region=eu-1"},
    {"store": "minio://bucket?disable_ssl=true", "root": "gs://b/{{workflow.name}}"},
    {"store": "az://container/key", "root": "s3://b/what?ever"},
]

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"image": ""}, f"--image is empty; name one, such as {DEFAULT_IMAGE}"),
    (
        {"image": "bad image"},
        f"--image 'bad image' is not an image reference; write it like {DEFAULT_IMAGE}",
    ),
    ({"image": "Team/argosy/Driver"}, "--image 'Team/argosy/Driver' is not an image reference"),
    ({"image": "argosy:"}, "--image 'argosy:' is not an image reference"),
    ({"image": "argosy@sha256:abc"}, "--image 'argosy@sha256:abc' is not an image reference"),
    (
        {"store_secret": "Bad_Name"},
        "--store-secret 'Bad_Name' is not a valid Kubernetes name; use lower case letters,"
        " digits, '-' and '.', and begin and end with a letter or digit",
    ),
    ({"store_secret": ""}, "--store-secret is empty; write a name or leave the option out"),
    ({"store_secret": "a..b"}, "--store-secret 'a..b' is not a valid Kubernetes name"),
    ({"store_secret": "a" * 254}, "is not a valid Kubernetes name"),
    ({"service_account": "A b"}, "--service-account 'A b' is not a valid Kubernetes name"),
    ({"service_account": ""}, "--service-account is empty"),
    ({"store": ""}, "--store is empty; write a URL or leave the option out"),
    (
        {"store": "nix"},
        "--store 'nix' is local to one machine, so pods cannot share it; use s3://, minio://,"
        " gs:// or az://",
    ),
    ({"store": "file:///tmp/x"}, "--store 'file:///tmp/x' is local to one machine"),
    ({"store": "memory://x"}, "--store 'memory://x' is local to one machine"),
    (
        {"store": "ftp://x"},
        "--store 'ftp://x' has the scheme 'ftp'; use s3://, minio://, gs:// or az://",
    ),
    ({"store": "s3://"}, "--store 's3://' names no bucket; write s3://BUCKET/KEY"),
    (
        {"store": "s3://b/x?bad=1"},
        "--store s3://b/x: 'bad' is not an option of s3:// URLs; use endpoint, region,",
    ),
    ({"root": "s3://b/x?bad=1"}, "--root s3://b/x: 'bad' is not an option of s3:// URLs"),
    ({"root": "ftp://x"}, "--root 'ftp://x' has the scheme 'ftp'"),
    ({"root": "gs://"}, "--root 'gs://' names no bucket"),
    ({"root": "out"}, "--root 'out' is local to one machine"),
]


@pytest.mark.parametrize("given", TAKEN)
def test_what_a_cluster_can_use_is_taken(given: dict[str, Any]) -> None:
    check_cluster_options(replace(CompileOptions(), **given))


@pytest.mark.parametrize(("given", "message"), REFUSED)
def test_what_no_cluster_can_use_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        check_cluster_options(replace(CompileOptions(), **given))

    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_pipeline_in_the_store_needs_a_store() -> None:
    with pytest.raises(InvalidArgumentError, match="--ir store needs --store URL"):
        check_cluster_options(CompileOptions(ir=IrPlacement.STORE))


def test_all_that_is_wrong_comes_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    words = ("--image", "", "--store", "nix", "--ir", "store", "--service-account", "A b")

    ended = argosy("compile", str(EXAMPLE), *words, "-o", "workflow.json", cwd=tmp_path)

    assert ended.status == 2
    assert [error.split()[0] for error in ended.errors] == [
        "--image",
        "--service-account",
        "--store",
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_root_of_the_pipeline_is_told_with_file_and_line(tmp_path: Path) -> None:
    text = EXAMPLE.read_text()
    (tmp_path / "p.yaml").write_text(f"{text}defaultPipelineRoot: s3://bucket/k?region=r\n")
    line = text.count("\n") + 1

    ended = argosy("compile", "p.yaml", cwd=tmp_path)
    other = argosy("compile", "p.yaml", "--root", "s3://bucket/k", cwd=tmp_path)

    assert (ended.status, other.status) == (2, 0)
    assert ended.errors == [
        f"p.yaml:{line}: defaultPipelineRoot: s3://bucket/k?region=r: the root that a pipeline "
        "names has options, which only --root takes; run or compile with --root and this URL"
    ]
