"""A store in a bucket of S3, MinIO, Google Cloud Storage or Azure, using obstore."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotSupportedError, PreconditionError

from argosy_schemas.atomic_files import replace_atomically
from argosy_schemas.errors import StoreError
from argosy_store.digests import BLOCK_BYTES, digest_block, join_blocks
from argosy_store.local.files import make_read_error, make_write_error
from argosy_store.objects import (
    ObjectInfo,
    StoredFile,
    check_key,
    make_object_changed_error,
    make_object_gone_error,
)
from argosy_store.parallel import for_each
from argosy_store.remote.clients import is_unsigned, make_client
from argosy_store.remote.errors import is_missing_object, make_remote_error

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ObjectStore as Client

T = TypeVar("T")

PART_BYTES: Final = BLOCK_BYTES
"""The size of one request for a big file; so each download of a part gives one digest."""
PARTS_AT_A_TIME: Final = 4
_MOST_PARTS: Final = 9_000
"""S3 allows 10,000."""


class RemoteStore:
    """The objects of a bucket."""

    def __init__(self, client: Client, url: str, *, unsigned: bool = False) -> None:
        """Make the store; ``unsigned`` says that the client sends no credentials."""
        self._client = client
        self._url = url
        self._unsigned = unsigned

    @property
    def url(self) -> str:
        """See :class:`~argosy_store.objects.ObjectStore`, also for the other methods."""
        return self._url

    @property
    def concurrency(self) -> int:
        return 8

    def get(self, key: str) -> bytes | None:
        return self._call_unless_missing(
            "read", key, lambda: bytes(obstore.get(self._client, key).bytes())
        )

    def put(self, key: str, data: bytes) -> None:
        self._call("write", key, lambda: obstore.put(self._client, key, data, use_multipart=False))

    def put_if_absent(self, key: str, data: bytes) -> bool:
        check_key(key, url=self._url)
        try:
            obstore.put(self._client, key, data, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return False
        except NotSupportedError:
            pass
        except (BaseError, OSError) as error:
            if not _is_not_implemented(error):
                raise self._make_error(key, "write", error) from error
        else:
            return True
        if self.exists(key):
            return False
        self.put(key, data)
        return True

    def head(self, key: str) -> ObjectInfo | None:
        return self._call_unless_missing(
            "look at", key, lambda: _object_info(obstore.head(self._client, key))
        )

    def exists(self, key: str) -> bool:
        return self.head(key) is not None

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        below = check_key(prefix, url=self._url) if prefix else None
        # The stubs name a type of a package that only Arrow tables need.
        pages = obstore.list(  # pyright: ignore[reportUnknownMemberType]
            self._client, below, chunk_size=1000
        )
        while True:
            page = self._call("list", prefix, lambda: next(pages, None), check=False)
            if page is None:
                return
            for meta in page:
                # The client returns the directory marker "a/" as an empty object "a".
                if meta["size"] > 0 or self.exists(meta["path"]):
                    yield _object_info(meta)

    def delete(self, key: str) -> None:
        self._call_unless_missing("delete", key, lambda: obstore.delete(self._client, key))

    def put_file(self, key: str, path: Path) -> StoredFile:
        try:
            with open(path, "rb", buffering=0) as file:
                source = _DigestingFile(file)
                return self._put_opened(key, source)
        except OSError as error:
            raise make_read_error(path, error) from error

    def _put_opened(self, key: str, source: _DigestingFile) -> StoredFile:
        part = source.part_bytes
        # Bigger parts mean fewer at a time, so that memory stays bounded.
        width = max(1, PARTS_AT_A_TIME * PART_BYTES // part)
        put = partial(obstore.put, self._client, key)
        if source.size_bytes <= part:
            data = source.read()
            result = self._call("write", key, lambda: put(data, use_multipart=False))
        else:
            result = self._call(
                "write",
                key,
                lambda: put(
                    iter(source), use_multipart=True, chunk_size=part, max_concurrency=width
                ),
            )
        return StoredFile(
            size_bytes=source.bytes_read, etag=result["e_tag"], digest=source.digest()
        )

    def get_file(self, info: ObjectInfo, path: Path) -> str | None:
        blocks: dict[int, bytes] = {}
        try:
            with replace_atomically(path) as part, open(part, "xb", buffering=0) as file:
                os.ftruncate(file.fileno(), info.size_bytes)
                for_each(
                    lambda start: blocks.update(
                        {start: self._write_part(info, start, file.fileno())}
                    ),
                    range(0, info.size_bytes, PART_BYTES),
                    width=min(PARTS_AT_A_TIME, -(-info.size_bytes // PART_BYTES)),
                )
        except OSError as error:
            raise make_write_error(path, error) from error
        return join_blocks(blocks[start] for start in sorted(blocks))

    def get_range(self, info: ObjectInfo, start: int, end: int) -> bytes:
        return bytes(self._read_range(info, start, end))

    def _write_part(self, info: ObjectInfo, start: int, file: int) -> bytes:
        """Write one part of an object to its place in a file, and return its digest."""
        view = self._read_range(info, start, min(start + PART_BYTES, info.size_bytes))
        digest = digest_block(view)
        while view:
            written = os.pwrite(file, view, start)
            view = view[written:]
            start += written
        return digest

    def _read_range(self, info: ObjectInfo, start: int, end: int) -> memoryview:
        options: obstore.GetOptions = {"range": (start, end)}
        if info.etag is not None:
            options["if_match"] = info.etag
        try:
            data = obstore.get(self._client, info.key, options=options).bytes()
        except PreconditionError as error:
            raise make_object_changed_error(self._url, info.key) from error
        except (BaseError, OSError) as error:
            if isinstance(error, FileNotFoundError) and is_missing_object(error):
                raise make_object_gone_error(self._url, info.key) from error
            raise self._make_error(info.key, "read", error) from error
        view = memoryview(data)
        if len(view) != end - start:
            raise StoreError(
                f"{self._url}/{info.key}: the store sent {len(view)} bytes of {end - start}",
                retryable=True,
            )
        return view

    def _make_error(self, key: str, action: str, error: Exception) -> StoreError:
        return make_remote_error(self._url, key, action, error, unsigned=self._unsigned)

    def _call_unless_missing(self, action: str, key: str, call: Callable[[], T]) -> T | None:
        check_key(key, url=self._url)
        try:
            return call()
        except FileNotFoundError as error:
            if is_missing_object(error):
                return None
            raise self._make_error(key, action, error) from error
        except (BaseError, OSError) as error:
            raise self._make_error(key, action, error) from error

    def _call(self, action: str, key: str, call: Callable[[], T], *, check: bool = True) -> T:
        if check:
            check_key(key, url=self._url)
        try:
            return call()
        except (BaseError, OSError) as error:
            raise self._make_error(key, action, error) from error


class _DigestingFile:
    """Yields a file in parts, which are whole blocks, and digests them on the way."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self._blocks: list[bytes] = []
        self.size_bytes = os.fstat(file.fileno()).st_size
        self.part_bytes = BLOCK_BYTES * max(1, -(-self.size_bytes // (_MOST_PARTS * BLOCK_BYTES)))
        self.bytes_read = 0

    def __iter__(self) -> Iterator[bytes]:
        while data := self.read():
            yield data

    def read(self) -> bytes:
        """Return the next part; the last ones are shorter and empty."""
        # What is appended meanwhile does not belong to the artifact.
        wanted = min(self.part_bytes, self.size_bytes - self.bytes_read)
        data = self._file.read(wanted)
        while len(data) < wanted and (more := self._file.read(wanted - len(data))):
            data += more
        self.bytes_read += len(data)
        view = memoryview(data)
        starts = range(0, len(view), BLOCK_BYTES)
        self._blocks += [digest_block(view[start : start + BLOCK_BYTES]) for start in starts]
        return data

    def digest(self) -> str:
        """Return the digest of what was read."""
        return join_blocks(self._blocks)


def open_bucket(scheme: str, bucket: str, options: Mapping[str, str]) -> RemoteStore:
    """Return the store of a bucket without connecting to it.

    Raises:
        StoreError: The options or the environment are invalid.
    """
    client = make_client(scheme, bucket, options)
    return RemoteStore(client, f"{scheme}://{bucket}", unsigned=is_unsigned(options))


def _object_info(meta: ObjectMeta) -> ObjectInfo:
    return ObjectInfo(
        key=meta["path"],
        size_bytes=meta["size"],
        etag=meta["e_tag"],
        modified=meta["last_modified"].astimezone(UTC),
    )


def _is_not_implemented(error: Exception) -> bool:
    return "<Code>NotImplemented</Code>" in str(error) or "501 Not Implemented" in str(error)
