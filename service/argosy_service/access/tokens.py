"""Access for whoever knows a token: a file holds it, and is read again when it changes."""

from __future__ import annotations

import hmac
import os
import stat
import threading
from pathlib import Path
from typing import Final, TypeAlias

from argosy_schemas.errors import MachineError
from argosy_service.access.access import Action, Caller, Headers, find_bearer_token
from argosy_service.errors import UnauthenticatedError, UnavailableError

_MAX_BYTES: Final = 64 * 1024

_Mark: TypeAlias = tuple[int, int, int, int]


class TokenAccess:
    """Whoever sends one of the tokens of a file may do everything."""

    is_multi_user = False
    namespace = ""

    def __init__(self, file: Path) -> None:
        """Read the file: one token a line, so that an old one may go on beside a new one.

        Raises:
            MachineError: It cannot be read, everybody can read it, or it holds no token.
        """
        self._file = file
        self._lock = threading.Lock()
        self._mark, self._tokens = _read(file)

    def identify(self, headers: Headers) -> Caller:
        """Return nobody in particular, who knows a token.

        Raises:
            UnauthenticatedError: The request has none, or another one.
            UnavailableError: The file cannot be read any more.
        """
        given = find_bearer_token(headers)
        if given is None:
            raise UnauthenticatedError(
                "the request has no bearer token; give the SDK's Client existing_token=…"
            )
        # All of them are compared, each in a time that does not depend on what is right in it.
        sent = given.encode("latin-1", "replace")
        matches = [hmac.compare_digest(sent, each) for each in self._current()]
        if not any(matches):
            raise UnauthenticatedError(
                "the bearer token is not that of this service; ask its operator for the token"
            )
        return Caller()

    def check(self, caller: Caller, action: Action) -> None:
        """Refuse nothing."""

    def _current(self) -> tuple[bytes, ...]:
        with self._lock:
            try:
                if _mark(os.stat(self._file)) != self._mark:
                    self._mark, self._tokens = _read(self._file)
            except (OSError, MachineError) as error:
                raise UnavailableError(
                    "the service cannot read its token file any more; its operator has to mend it"
                ) from error
            return self._tokens


def _read(file: Path) -> tuple[_Mark, tuple[bytes, ...]]:
    try:
        with file.open("rb") as opened:
            status = os.fstat(opened.fileno())
            data = opened.read(_MAX_BYTES + 1)
    except OSError as error:
        raise MachineError(f"--token-file: '{file}' cannot be read: {error.strerror}") from error
    if status.st_mode & stat.S_IROTH:
        raise MachineError(
            f"--token-file: everybody on this machine can read '{file}'; chmod o-r, or give the "
            "volume of a Secret defaultMode 0440"
        )
    tokens = tuple(line.strip() for line in data.splitlines() if line.strip())
    if not tokens or len(data) > _MAX_BYTES or any(b" " in each for each in tokens):
        raise MachineError(
            f"--token-file: '{file}' does not hold a token a line; write one with "
            "openssl rand -hex 32"
        )
    return _mark(status), tokens


def _mark(status: os.stat_result) -> _Mark:
    return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
