"""A relay between clients and a server, which can be away for a while."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Generator
from types import TracebackType


class Relay:
    """Passes connections on to a server, or closes them at once."""

    def __init__(self, address: str, server: tuple[str, int]) -> None:
        """Listen on a free port of an address of this machine."""
        self._server = server
        self._listener = socket.create_server((address, 0))
        self._is_away = threading.Event()
        self._open: set[socket.socket] = set()
        self.refused = 0
        """How many connections were closed at once."""
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        """Host and port of the relay."""
        host, port = self._listener.getsockname()[:2]
        return f"{host}:{port}"

    def __enter__(self) -> Relay:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.close()
        self._close_all()

    @contextlib.contextmanager
    def interrupted(self) -> Generator[None]:
        """Be away: close what is open and whatever comes."""
        self._is_away.set()
        self._close_all()
        try:
            yield
        finally:
            self._is_away.clear()

    def wait_for_refusals(self, *, seconds: float) -> None:
        """Wait until somebody was refused, and then for as long as ``seconds``."""
        deadline = time.monotonic() + 120
        while not self.refused:
            assert time.monotonic() < deadline, "nobody came"
            time.sleep(0.1)
        time.sleep(seconds)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._is_away.is_set():
                self.refused += 1
                client.close()
                continue
            server = socket.create_connection(self._server)
            self._open |= {client, server}
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self._copy, args=pair, daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                target.sendall(chunk)
        for each in (source, target):
            self._close(each)

    def _close(self, each: socket.socket) -> None:
        self._open.discard(each)
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()

    def _close_all(self) -> None:
        for each in tuple(self._open):
            self._close(each)
