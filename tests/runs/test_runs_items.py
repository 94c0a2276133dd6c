"""A loop's iterations are called by their items."""

from __future__ import annotations

import pytest

from argosy_runs.viewing.items import label_item
from argosy_schemas.formats.records import Artifact
from argosy_schemas.ir.model import ArtifactType
from argosy_schemas.names import ArtifactUri
from argosy_schemas.values import JsonValue


@pytest.mark.parametrize(
    ("item", "label"),
    [
        ("red", "red"),
        ("", ""),
        (3, "3"),
        (0.5, "0.5"),
        (True, "true"),
        (None, "null"),
        ({"name": "red", "size": 3}, "red"),
        ({"sizes": [1, 2], "depth": 3}, "3"),
        ([{"a": 1}, "second"], "second"),
        ({"a": {"b": "c"}}, '{"a":{"b":"c"}}'),
        ([], "[]"),
        ("two\nlines", "two\\nlines"),
        ("x" * 41, f"{'x' * 40}…"),
        ("x" * 40, "x" * 40),
    ],
)
def test_a_label_is_the_text_of_an_item_or_of_its_first_scalar(item: JsonValue, label: str) -> None:
    assert label_item(item) == label


@pytest.mark.parametrize(
    ("uri", "label"),
    [("s3://b/rows.csv", "s3://b/rows.csv"), (f"s3://b/{'x' * 40}/1", f"…{'x' * 38}/1")],
)
def test_a_label_is_the_end_of_an_artifacts_uri(uri: str, label: str) -> None:
    artifact = Artifact(name="data", uri=ArtifactUri(uri), type=ArtifactType())

    assert label_item(artifact) == label
