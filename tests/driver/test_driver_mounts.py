"""Directories in the place of mount paths, in texts of a pipeline."""

from __future__ import annotations

import pytest

from argosy_driver.preparing.mounts import Mounts
from argosy_schemas.values import JsonValue

MOUNTS = Mounts(
    {"/data": "/home/me/claim", "/data/models": "/home/me/models", "/mnt/a.b": "/m"},
    kept=("/data/me/.argosy", "s3://bucket", ""),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/data", "/home/me/claim"),
        ("/data/", "/home/me/claim/"),
        ("/data/file.txt", "/home/me/claim/file.txt"),
        ("/data/models/m", "/home/me/models/m"),
        (
            "open('/data/f'); open(\"/data/g\")",
            "open('/home/me/claim/f'); open(\"/home/me/claim/g\")",
        ),
        ("f'/data/{name}'", "f'/home/me/claim/{name}'"),
        ("cp /data/a /data/b", "cp /home/me/claim/a /home/me/claim/b"),
        ("--in=/data:/data/x", "--in=/home/me/claim:/home/me/claim/x"),
        ("file:///data/x", "file:///home/me/claim/x"),
        ("It is in /data. All of it.", "It is in /home/me/claim. All of it."),
        ("/mnt/a.b/c /mnt/axb/c", "/m/c /mnt/axb/c"),
    ],
)
def test_a_mount_path_becomes_its_directory(text: str, expected: str) -> None:
    assert MOUNTS.replace_in_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "/database",
        "/data-old/x",
        "/data.csv",
        "/srv/data",
        "./data ../data ~/data",
        "s3://bucket/data/x https://host/data",
        "${HOME}/data $(pwd)/data {root}/data $X/data",
        "dir/*/data",
        "/data/me/.argosy/runs/1/work",
        "os.sep + 'data'",
    ],
)
def test_what_only_looks_like_a_mount_path_stays(text: str) -> None:
    assert MOUNTS.replace_in_text(text) == text


def test_texts_inside_values_have_directories_too() -> None:
    value: JsonValue = {"/data": ["/data/x", 3, None], "deep": {"path": "/data"}}

    assert MOUNTS.replace_in(value) == {
        "/data": ["/home/me/claim/x", 3, None],
        "deep": {"path": "/home/me/claim"},
    }
