"""``python -m argosy_launcher [SHARED [VOLUME…]]``: the sidecar of a step's pod.

``SHARED`` is where the shared volume is mounted, ``/argosy`` if not given; each ``VOLUME`` another
one that main mounts at the same path. Tests run pods with directories of their own.
``ARGOSY_STORE`` names the store; ``ARGOSY_TICK_SECONDS`` is the protocol's second, for tests.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from argosy_launcher.container import SHARED_VOLUMES, LauncherContainer
from argosy_launcher.exchange import Exchange
from argosy_schemas.errors import ArgosyError, InvalidArgumentError
from argosy_schemas.pod import ENV_STORE, SHARED_PATH
from argosy_store.stores import Stores

ENV_TICK = "ARGOSY_TICK_SECONDS"


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Finish the step of this pod; return 0 when main has its verdict and the step is stored."""
    shared = Path(arguments[0] if arguments else SHARED_PATH)
    exchange = Exchange(shared / "exchange", tick_seconds=float(environment.get(ENV_TICK, "1")))

    def stop(_number: int, _frame: FrameType | None) -> None:
        # Main is told too. It will report, and there is still something to store then.
        exchange.asked_to_stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        url = environment.get(ENV_STORE)
        if not url:
            raise InvalidArgumentError(
                f"the variable '{ENV_STORE}' of container 'launcher' is empty; submit the workflow "
                "with the parameter 'argosy-store'"
            )
        with Stores(url) as stores:
            LauncherContainer(
                shared=shared,
                exchange=exchange,
                stores=stores,
                store=stores.open(url),
                now=lambda: datetime.now(UTC),
                say=_say,
                volumes=(shared, *map(Path, arguments[1:])) if arguments else SHARED_VOLUMES,
            ).run()
    except ArgosyError as error:
        return _give_up(exchange, str(error))
    except Exception as error:
        # The edge of the process: main must not wait for a launcher that is gone.
        traceback.print_exc()
        return _give_up(exchange, f"{type(error).__name__}: {error}; this is a fault of Argosy")
    return 0


def _give_up(exchange: Exchange, reason: str) -> int:
    _say(reason)
    exchange.start()
    exchange.conclude(1, reason)
    return 1


def _say(line: str) -> None:
    print(f"argosy: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
