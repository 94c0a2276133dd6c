"""Real pipelines: all are read, but those that are invalid on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest

from argosy_schemas.formats.packed_ir import pack, unpack
from argosy_schemas.reading.pipeline import read_pipeline
from schemas_specs import CORPUS, refusal

FILES = sorted(CORPUS.rglob("*.yaml"))
VALID = [path for path in FILES if "invalid" not in path.parts]

pytestmark = pytest.mark.skipif(not FILES, reason="the corpus is not beside this checkout")


def name_of(path: Path) -> str:
    return str(path.relative_to(CORPUS))


@pytest.mark.parametrize("path", VALID, ids=name_of)
def test_a_real_pipeline_is_read_and_packed(path: Path) -> None:
    pipeline = read_pipeline(path.read_bytes(), file=path.name)

    unpacked = unpack(pack(pipeline))
    assert unpacked.root == pipeline.root
    assert dict(unpacked.components) == pipeline.components


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "empty_file.yaml",
            "p.yaml: The file holds nothing but comments or blank lines; "
            "compile the pipeline again",
        ),
        (
            "invalid_yaml.yaml",
            "p.yaml:3: components_1: Unknown field 'components_1'; did you mean 'components'?",
        ),
    ],
)
def test_an_invalid_pipeline_is_refused(name: str, message: str) -> None:
    assert refusal((CORPUS / "invalid" / name).read_bytes()) == message
