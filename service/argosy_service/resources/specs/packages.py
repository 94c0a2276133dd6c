"""Packages of pipelines: a file of YAML or JSON, alone or in a zip or tar.gz."""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from lzma import LZMAError
from pathlib import PurePosixPath
from typing import IO, Final

from argosy_service.errors import InvalidRequestError
from argosy_service.resources.specs.specs import MAX_SPEC_BYTES

_TEXTS: Final = (".yaml", ".yml", ".json")
_PREFERRED: Final = "pipeline.yaml"
_ADVICE: Final = "give a .yaml, .json, .zip or .tar.gz file"
_DAMAGES: Final = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    LZMAError,
    OSError,
    EOFError,
    ValueError,
)


def open_package(data: bytes, *, file: str) -> tuple[bytes, str]:
    """Return the text in a package, and the name of its file.

    Args:
        data: The package.
        file: Its name, whose extension counts.

    Raises:
        InvalidRequestError: It is no package, damaged, empty, or too large when unpacked.
    """
    if file.lower().endswith(_TEXTS):
        return data, file
    try:
        if data.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                items = archive.infolist()
                name = _choose([item.filename for item in items if not item.is_dir()], file)
                with archive.open(name) as entry:
                    return _read(entry, file), name
        if data.startswith(b"\x1f\x8b"):
            with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
                name = _choose([member.name for member in tar if member.isfile()], file)
                member = tar.extractfile(name)
                assert member is not None, "it is a file"
                return _read(member, file), name
    except _DAMAGES as error:
        raise InvalidRequestError(f"{file}: The archive is damaged: {error}; {_ADVICE}") from error
    except (NotImplementedError, RuntimeError) as error:
        raise InvalidRequestError(
            f"{file}: The archive cannot be read: {error}; upload the .yaml file in it"
        ) from error
    raise InvalidRequestError(f"{file}: The file is no pipeline; {_ADVICE}")


def _choose(names: list[str], file: str) -> str:
    """Return the entry that is the pipeline."""
    if not names:
        raise InvalidRequestError(f"{file}: The archive has no file; {_ADVICE}")
    for name in names:
        if PurePosixPath(name).name == _PREFERRED and len(PurePosixPath(name).parts) == 1:
            return name
    if not names[0].lower().endswith(_TEXTS):
        raise InvalidRequestError(
            f"{file}: The archive has no {_PREFERRED}, and its first file '{names[0]}' is no YAML; "
            f"name the pipeline {_PREFERRED} in the archive"
        )
    return names[0]


def _read(entry: IO[bytes], file: str) -> bytes:
    text = entry.read(MAX_SPEC_BYTES + 1)
    if len(text) > MAX_SPEC_BYTES:
        raise InvalidRequestError(
            f"{file}: The pipeline is larger than 32 MiB when unpacked; pass large constants as "
            "artifacts"
        )
    return text
