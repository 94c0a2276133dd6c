"""``argosy-launcher [SHARED [VOLUME…]]``: the sidecar of a step's pod.

``SHARED`` is where the shared volume is mounted, ``/argosy`` if not given; each ``VOLUME`` another
one that main mounts at the same path. ``ARGOSY_STORE`` names the store. Tests run pods with
directories of their own, also by ``ARGOSY_MOUNTED_AT``, which stands for ``/`` in all these paths;
``ARGOSY_TICK_SECONDS`` is the protocol's second.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from types import FrameType

ENV_TICK = "ARGOSY_TICK_SECONDS"


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Finish the step of this pod; return 0 when main has its verdict and the step is stored."""
    asked_to_stop = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        # Main is told too. It will report, and there is still something to store then.
        asked_to_stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    # Only now: most of the time until the first beat goes into it, and a stop may come meanwhile.
    from argosy_launcher.container import run_container

    return run_container(
        arguments,
        environment,
        asked_to_stop=asked_to_stop,
        tick_seconds=float(environment.get(ENV_TICK, "1")),
    )


def run() -> None:
    """Be the command ``argosy-launcher``."""
    sys.exit(main(sys.argv[1:], os.environ))


if __name__ == "__main__":
    run()
