"""Artifacts to and from each kind of store, and what is refused."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from argosy_schemas.errors import FinalTaskError, StoreError, TaskError
from argosy_schemas.formats.records import Content, ContentKind, Reason
from argosy_schemas.untrusted_files import UntrustedPath
from argosy_store.digests import BLOCK_BYTES
from argosy_store.local import trees
from argosy_store.local.trees import UntrustedTree
from argosy_store.stores import Stores
from argosy_store.transfer import (
    download,
    inspect_content,
    is_same_content,
    is_unchanged,
    upload,
)
from contents import shape
from servers import S3Server

BIG = os.urandom(1024) * (20 * 1024)
"""20 MiB: more than one part."""

ABSENT = Content(kind=ContentKind.ABSENT)


def write_tree(directory: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return directory


def read_tree(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def stores(root: str) -> Stores:
    return Stores(root, patience_seconds=0)


@pytest.fixture
def uri(root: str) -> str:
    return f"{root.partition('?')[0]}/run/task/artifact"


@pytest.mark.parametrize(
    "data",
    [pytest.param(b"", id="empty"), pytest.param(b"12", id="small"), pytest.param(BIG, id="big")],
)
def test_a_file_comes_back_as_it_was(stores: Stores, uri: str, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "in").write_bytes(data)

    stored = upload(stores, tmp_path / "in", uri)
    found = inspect_content(stores, uri)
    got = download(stores, uri, tmp_path / "new" / "directory" / "out")

    expected = Content(kind=ContentKind.FILE, files=1, size_bytes=len(data))
    assert [shape(each) for each in (stored, found, got)] == [expected] * 3
    assert (tmp_path / "new/directory/out").read_bytes() == data
    assert os.listdir(tmp_path / "new/directory") == ["out"]


def test_a_directory_comes_back_as_it_was(stores: Stores, uri: str, tmp_path: Path) -> None:
    files = {
        "model.bin": BIG,
        "other.bin": BIG[::-1],
        "empty": b"",
        "deep/er/é #1 %41?.txt": b"text",
        "deep/.hidden": b"h",
    } | {f"many/{number}": str(number).encode() for number in range(50)}
    write_tree(tmp_path / "in", files)
    (tmp_path / "in" / "nothing" / "below").mkdir(parents=True)

    stored = upload(stores, tmp_path / "in", uri)
    found = inspect_content(stores, uri)
    got = download(stores, uri, tmp_path / "out")

    size = sum(map(len, files.values()))
    expected = Content(kind=ContentKind.DIRECTORY, files=len(files), size_bytes=size)
    assert [shape(each) for each in (stored, found, got)] == [expected] * 3
    assert read_tree(tmp_path / "out") == files


def test_an_absent_path_stores_nothing(stores: Stores, uri: str, tmp_path: Path) -> None:
    stored = upload(stores, tmp_path / "nothing", uri)
    got = download(stores, uri, tmp_path / "x" / "out")

    assert (stored, got) == (ABSENT, ABSENT)
    assert not (tmp_path / "x").exists()


def test_an_empty_directory_is_reported_and_stores_nothing(
    stores: Stores, uri: str, tmp_path: Path
) -> None:
    (tmp_path / "in" / "below").mkdir(parents=True)

    stored = upload(stores, tmp_path / "in", uri)

    assert stored == Content(kind=ContentKind.DIRECTORY)
    assert download(stores, uri, tmp_path / "out") == ABSENT
    assert is_unchanged(stores, uri, stored)


def test_a_name_that_only_begins_like_the_artifact_does_not_belong_to_it(
    stores: Stores, uri: str, tmp_path: Path
) -> None:
    write_tree(tmp_path, {"in/file": b"in", "other": b"out"})
    upload(stores, tmp_path / "in", uri)
    upload(stores, tmp_path / "other", f"{uri}2")
    upload(stores, tmp_path / "in", f"{uri}-2")

    download(stores, uri, tmp_path / "out")

    assert read_tree(tmp_path / "out") == {"file": b"in"}
    assert inspect_content(stores, uri[:-1]) == ABSENT


def test_a_trailing_slash_changes_nothing(stores: Stores, uri: str, tmp_path: Path) -> None:
    write_tree(tmp_path, {"in/file": b"in"})

    upload(stores, tmp_path / "in", f"{uri}/")

    assert inspect_content(stores, uri) == inspect_content(stores, f"{uri}/")


def test_what_changed_or_went_away_is_no_longer_there(
    stores: Stores, uri: str, tmp_path: Path
) -> None:
    write_tree(tmp_path, {"in/a": b"1", "in/b": b"2"})
    stored = upload(stores, tmp_path / "in", uri)
    before = is_unchanged(stores, uri, stored)
    store, key = stores.resolve(uri)
    store.delete(f"{key}/a")
    after = is_unchanged(stores, uri, stored)

    assert (before, after) == (True, False)
    assert not is_unchanged(stores, uri, ABSENT)


@pytest.mark.parametrize("name", ["in", "in/b"])
def test_other_bytes_of_the_same_size_are_noticed_without_reading_them(
    stores: Stores, uri: str, tmp_path: Path, name: str
) -> None:
    write_tree(tmp_path, {"in": b"1"} if name == "in" else {"in/a": b"0", "in/b": b"1"})
    stored = upload(stores, tmp_path / "in", uri)
    store, key = stores.resolve(f"{uri}/{name}".replace("/in", ""))
    before = is_unchanged(stores, uri, stored)
    store.put(key, b"2")

    assert (before, is_unchanged(stores, uri, stored)) == (True, False)


@pytest.mark.parametrize("size", [0, 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES])
def test_the_digest_of_a_file_is_that_of_the_digests_of_its_blocks(
    s3: S3Server, bucket: str, tmp_path: Path, size: int
) -> None:
    data = random.Random(size).randbytes(size)
    (tmp_path / "in").write_bytes(data)
    stores, uri = Stores(s3.url(bucket), patience_seconds=0), f"s3://{bucket}/k"

    stored = upload(stores, tmp_path / "in", uri)
    got = download(stores, uri, tmp_path / "out")

    starts = range(0, size, BLOCK_BYTES)
    blocks = [sha256(data[start : start + BLOCK_BYTES]).digest() for start in starts]
    assert stored.digest == got.digest == sha256(b"".join(blocks)).hexdigest()


def test_the_digest_of_a_directory_is_that_of_paths_sizes_and_digests(
    s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    write_tree(tmp_path, {"in/b": b"B", "in/a/c": b"AC"})
    stores, uri = Stores(s3.url(bucket), patience_seconds=0), f"s3://{bucket}/k"

    stored = upload(stores, tmp_path / "in", uri)
    got = download(stores, uri, tmp_path / "out")

    rows = [
        [path, len(data), sha256(sha256(data).digest()).hexdigest()]
        for path, data in (("a/c", b"AC"), ("b", b"B"))
    ]
    text = json.dumps(rows, separators=(",", ":"))
    assert stored.digest == got.digest == sha256(text.encode()).hexdigest()


def test_local_files_are_not_read_for_a_digest(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"1")

    stored = upload(Stores(), tmp_path / "in", f"file://{tmp_path}/stored")

    assert (stored.digest, stored.etag is None) == (None, False)


def test_contents_of_which_less_is_known_agree_in_the_rest() -> None:
    old = Content(kind=ContentKind.FILE, files=1, size_bytes=1)
    full = replace(old, etag="e", digest="d")

    assert is_same_content(full, old)
    assert is_same_content(replace(full, etag=None), full)
    assert not is_same_content(replace(full, digest="other"), full)
    assert not is_same_content(replace(full, etag="other"), full)
    assert not is_same_content(replace(full, size_bytes=2), full)


def test_what_a_consumer_does_to_its_copy_does_not_reach_the_stored_artifact(
    stores: Stores, uri: str, tmp_path: Path
) -> None:
    (tmp_path / "in").write_bytes(b"stored")
    upload(stores, tmp_path / "in", uri)
    download(stores, uri, tmp_path / "out")

    (tmp_path / "in").write_bytes(b"changed by the producer")
    with (tmp_path / "out").open("r+b") as file:
        file.write(b"spoilt")

    download(stores, uri, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == b"stored"


def test_a_second_upload_replaces_the_first(stores: Stores, uri: str, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"a longer first content")
    upload(stores, tmp_path / "in", uri)
    (tmp_path / "in").write_bytes(b"second")
    upload(stores, tmp_path / "in", uri)

    download(stores, uri, tmp_path / "out")

    assert (tmp_path / "out").read_bytes() == b"second"


def test_links_are_followed_and_cut_where_they_lead_back(
    stores: Stores, uri: str, tmp_path: Path
) -> None:
    write_tree(tmp_path, {"in/a/x": b"x", "elsewhere/y": b"y", "data": b"z"})
    (tmp_path / "in" / "b").symlink_to("a")
    (tmp_path / "in" / "a" / "up").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "self").symlink_to(".")
    (tmp_path / "in" / "far").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "file").symlink_to(tmp_path / "data")

    upload(stores, tmp_path / "in", uri)
    download(stores, uri, tmp_path / "out")

    assert read_tree(tmp_path / "out") == {
        "a/x": b"x", "b/x": b"x", "far/y": b"y", "file": b"z",
    }  # fmt: skip


def test_an_artifact_that_is_a_link_is_what_it_leads_to(
    stores: Stores, uri: str, tmp_path: Path
) -> None:
    write_tree(tmp_path, {"in/a": b"1"})
    (tmp_path / "link").symlink_to("in")

    stored = upload(stores, tmp_path / "link", uri)

    assert shape(stored) == Content(kind=ContentKind.DIRECTORY, files=1, size_bytes=1)


def make_socket(path: Path) -> None:
    # The name in the file system stays when the socket is closed.
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path.name)
        os.rename(path.name, path)


def make_broken_link(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.fixture
def local(tmp_path: Path) -> tuple[Stores, str]:
    return Stores(), f"file://{tmp_path}/store/artifact"


@pytest.mark.parametrize(
    ("make", "what"),
    [
        pytest.param(os.mkfifo, "is a pipe; write files and directories only", id="fifo"),
        pytest.param(
            make_socket,
            "is a socket; write files and directories only",
            id="socket",
        ),
        pytest.param(
            make_broken_link,
            "is a link to 'nowhere', which does not exist; remove it",
            id="broken-link",
        ),
    ],
)
@pytest.mark.parametrize("where", ["", "in/"])
def test_what_no_store_can_hold_is_refused_by_name(
    local: tuple[Stores, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path], None],
    what: str,
    where: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    path = tmp_path / f"{where}odd"
    make(path)

    with pytest.raises(TaskError) as caught:
        upload(local[0], tmp_path / (where or "odd"), local[1])

    assert str(caught.value) == f"'{path}': {what}"
    assert caught.value.reason == Reason.INVALID_OUTPUT


@pytest.mark.parametrize("name", [b"not-\xff-utf8", b"new\nline"])
def test_a_file_name_that_no_store_can_hold_is_refused_by_name(
    local: tuple[Stores, str], tmp_path: Path, name: bytes
) -> None:
    (tmp_path / "in").mkdir()
    try:
        Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), b"in", name))).write_bytes(b"")
    except OSError as error:
        pytest.skip(f"no file here can have that name ({error.strerror})")

    with pytest.raises(StoreError, match="rename the file") as caught:
        upload(local[0], tmp_path / "in", local[1])

    assert not caught.value.retryable


@pytest.mark.parametrize("target", ["/etc/hostname", "../../secret", "/etc", "loop", "a"])
def test_no_link_in_an_untrusted_directory_is_followed(
    local: tuple[Stores, str], tmp_path: Path, target: str
) -> None:
    write_tree(tmp_path, {"secret": b"s", "shared/in/a": b"1"})
    (tmp_path / "shared/in/leak").symlink_to(target)

    with pytest.raises(TaskError, match=r"shared/in/leak': is a link; write files and directories"):
        upload(local[0], UntrustedPath(tmp_path / "shared", "in"), local[1])

    assert not list((tmp_path / "store").rglob("leak*"))


def test_no_link_on_the_way_to_an_untrusted_file_is_followed(
    local: tuple[Stores, str], tmp_path: Path
) -> None:
    write_tree(tmp_path, {"outside/secret": b"s", "shared/a": b"1"})
    (tmp_path / "shared/outputs").symlink_to(tmp_path / "outside")

    with pytest.raises(TaskError, match=r"secret': leads through the link 'outputs'"):
        upload(local[0], UntrustedPath(tmp_path / "shared", "outputs/secret"), local[1])


def test_an_untrusted_file_that_becomes_a_link_is_not_uploaded(tmp_path: Path) -> None:
    """Between the moment it is listed and the moment it is read."""
    write_tree(tmp_path, {"secret": b"s", "shared/in/a": b"1"})
    (file,) = UntrustedTree(UntrustedPath(tmp_path / "shared", "in")).list_files()
    (tmp_path / "shared/in/a").unlink()
    (tmp_path / "shared/in/a").symlink_to(tmp_path / "secret")

    with pytest.raises(TaskError, match=r"in/a': leads through the link 'a'"), file.open():
        pytest.fail("it can be read")


def test_an_untrusted_directory_is_uploaded_whole(
    local: tuple[Stores, str], tmp_path: Path
) -> None:
    write_tree(tmp_path, {"shared/in/a": b"1", "shared/in/deep/er/b": b"22", "shared/in/c": b""})

    stored = upload(local[0], UntrustedPath(tmp_path / "shared", "in"), local[1])

    assert (stored.kind, stored.files, stored.size_bytes) == (ContentKind.DIRECTORY, 3, 3)
    assert (tmp_path / "store/artifact/deep/er/b").read_bytes() == b"22"


@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_tree_that_is_too_deep_is_refused_in_one_line(
    local: tuple[Stores, str], tmp_path: Path, is_trusted: bool
) -> None:
    path = tmp_path / "in"
    path.mkdir()
    descriptor = os.open(path, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=descriptor)
        outer, descriptor = descriptor, os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(outer)
    os.close(descriptor)

    with pytest.raises(TaskError, match=r"has more than 200 directories one inside the other"):
        upload(local[0], path if is_trusted else UntrustedPath(tmp_path, "in"), local[1])
    subprocess.run(["rm", "-r", path], check=True)  # pytest would not get that deep


@pytest.mark.parametrize("is_trusted", [True, False])
def test_the_name_of_an_unfinished_file_is_refused(
    local: tuple[Stores, str], tmp_path: Path, is_trusted: bool
) -> None:
    """A local store would not list it, and the artifact would lack the file."""
    write_tree(tmp_path, {"in/.mine.argosy-part": b"1"})

    with pytest.raises(TaskError, match=r"has a name that Argosy gives to unfinished files"):
        upload(local[0], tmp_path / "in" if is_trusted else UntrustedPath(tmp_path, "in"), local[1])


def test_an_untrusted_directory_has_a_bounded_number_of_files(
    local: tuple[Stores, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees, "MAX_FILES", 3)
    write_tree(tmp_path, {f"in/{number}/x": b"" for number in range(4)})

    with pytest.raises(TaskError, match="has more than 3 files; pack them into archives"):
        upload(local[0], UntrustedPath(tmp_path, "in"), local[1])


def test_an_untrusted_file_larger_than_any_object_is_refused(
    local: tuple[Stores, str], tmp_path: Path
) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        try:
            file.truncate(6 * 2**40)
        except OSError as error:
            pytest.skip(f"no file here can be that large ({error.strerror})")

    with pytest.raises(TaskError, match="more than any store takes; divide it"):
        upload(local[0], UntrustedPath(tmp_path, "sparse"), local[1])


def test_a_file_and_a_directory_of_one_name_are_an_error_that_names_both(
    moto: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in moto.environment.items():
        monkeypatch.setenv(name, value)
    moto.client().create_bucket(Bucket="clash")
    for key in ("a/b", "a/b/c"):
        moto.client().put_object(Bucket="clash", Key=key, Body=b"x")

    with pytest.raises(FinalTaskError) as caught:
        download(Stores(moto.url("clash")), "s3://clash/a/b", tmp_path / "out")

    assert str(caught.value) == (
        "s3://clash/a/b: a file and a directory are stored under this name ('a/b/c'); "
        "move one of them"
    )


def test_a_file_in_the_place_of_a_directory_is_an_error_that_names_it(
    local: tuple[Stores, str], tmp_path: Path
) -> None:
    write_tree(tmp_path, {"in/a/b": b"1", "out/a": b"file", "store/artifact": b"file"})

    with pytest.raises(StoreError, match="a file is where a directory should be"):
        upload(local[0], tmp_path / "in", local[1])
    upload(local[0], tmp_path / "in", f"{local[1]}2")
    with pytest.raises(StoreError, match="a file is where a directory should be"):
        download(local[0], f"{local[1]}2", tmp_path / "out")


def test_an_object_that_goes_away_while_it_is_read_is_an_error(
    s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    stores = Stores(s3.url(bucket), patience_seconds=0)
    store, key = stores.resolve(f"s3://{bucket}/a")
    store.put(key, b"x")
    info = store.head(key)
    assert info is not None
    store.delete(key)

    with pytest.raises(StoreError, match=f"s3://{bucket}/a: the object is gone"):
        store.get_file(info, tmp_path / "out")

    assert os.listdir(tmp_path) == []


def test_an_object_that_changes_while_it_is_read_is_an_error(
    s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    stores = Stores(s3.url(bucket), patience_seconds=0)
    store, key = stores.resolve(f"s3://{bucket}/a")
    store.put(key, b"before")
    info = store.head(key)
    assert info is not None
    store.put(key, b"after!")

    with pytest.raises(StoreError, match="the object changed while it was read; run again"):
        store.get_file(info, tmp_path / "out")

    assert os.listdir(tmp_path) == []


def test_a_pipe_in_a_local_store_is_not_an_object(
    local: tuple[Stores, str], tmp_path: Path
) -> None:
    write_tree(tmp_path, {"store/artifact/a": b"1"})
    os.mkfifo(tmp_path / "store/artifact/pipe")

    got = download(local[0], local[1], tmp_path / "out")

    assert shape(got) == Content(kind=ContentKind.DIRECTORY, files=1, size_bytes=1)
    assert inspect_content(local[0], f"{local[1]}/pipe") == ABSENT


def test_a_loop_of_links_in_a_local_store_is_cut(local: tuple[Stores, str], tmp_path: Path) -> None:
    write_tree(tmp_path, {"store/artifact/a": b"1", "store/artifact/deep/b": b"2"})
    (tmp_path / "store/artifact/deep/up").symlink_to("..")

    got = download(local[0], local[1], tmp_path / "out")

    assert shape(got) == Content(kind=ContentKind.DIRECTORY, files=2, size_bytes=2)
    assert is_same_content(inspect_content(local[0], local[1]), got)
