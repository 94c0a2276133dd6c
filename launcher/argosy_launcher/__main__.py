"""``argosy-launcher [DIRECTORY [VOLUME…]]``: the sidecar of a step's pod.

``DIRECTORY`` holds the mount paths of Argosy's volumes, ``/argosy`` by default; each ``VOLUME`` is
the path of another volume that main mounts at the same path. ``ARGOSY_STORE`` names the store. For
tests, ``ARGOSY_MOUNTED_AT`` is a directory that replaces ``/`` in all these paths, and
``ARGOSY_TICK_SECONDS`` is the length of the protocol's second.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from types import FrameType

ENV_TICK = "ARGOSY_TICK_SECONDS"
_STOPS = (signal.SIGTERM, signal.SIGINT)


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Finish the step of this pod; return 0 when the step is stored and main has its verdict."""
    asked_to_stop = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        # Main gets the signal too, and reports; its outputs and log are still to be stored.
        asked_to_stop.set()

    for number in _STOPS:
        signal.signal(number, stop)
    # After the handlers: the import takes most of the time until the first heartbeat, and a signal
    # may come meanwhile.
    from argosy_launcher.sidecar.container import run_container

    return run_container(
        arguments,
        environment,
        asked_to_stop=asked_to_stop,
        tick_seconds=float(environment.get(ENV_TICK, "1")),
    )


def run() -> None:
    """Run as the command ``argosy-launcher``."""
    code = main(sys.argv[1:], os.environ)
    # Argo stops sidecars as soon as main has ended. By then this interpreter may be on its way out,
    # where it resets handlers, and a pod that has succeeded would count as failed.
    for number in _STOPS:
        signal.signal(number, signal.SIG_IGN)
    sys.exit(code)


if __name__ == "__main__":
    run()
