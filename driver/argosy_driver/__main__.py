"""``argosy-driver [decide]``: the init container of a step's pod, or a deciding pod.

Its settings are variables, see :mod:`argosy_driver.settings`. Two more are for tests and for images
built otherwise: ``ARGOSY_MOUNTED_AT``, a directory in place of ``/`` for all paths of the pod, and
``ARGOSY_EXEC``, the path of ``exec``.

A failure is one line in ``/dev/termination-log``, marked if no retry can help, and the status 1.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from argosy_driver.container import DriverContainer
from argosy_driver.settings import read_settings
from argosy_schemas.errors import ArgosyError, MachineError
from argosy_schemas.formats.failures import make_failure
from argosy_schemas.formats.step import Decision, Step
from argosy_schemas.pod import format_pod_message
from argosy_store.pod_store import read_accesses, require_remote, require_secret
from argosy_store.stores import Stores

ENV_MOUNTED_AT = "ARGOSY_MOUNTED_AT"
ENV_EXEC = "ARGOSY_EXEC"
TERMINATION_LOG = "dev/termination-log"


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Prepare the step of this pod, or decide; return the exit status."""
    mounted_at = Path(environment.get(ENV_MOUNTED_AT) or "/")
    try:
        settings = read_settings(environment)
        if mounted_at == Path("/"):
            require_remote(settings.store)
        require_secret(environment, settings.store)
        roots = filter(None, (settings.store, settings.root))
        with Stores(*roots, accesses=read_accesses(environment), in_pod=True) as stores:
            driver = DriverContainer(
                settings=settings,
                stores=stores,
                mounted_at=mounted_at,
                now=lambda: datetime.now(UTC),
            )
            match arguments:
                case []:
                    step = driver.prepare(_executable(environment))
                    _say(f"task '{settings.task}': {step.decision.value}{_explain(step)}")
                case ["decide"]:
                    driver.decide()
                case _:
                    raise MachineError(f"unknown arguments {' '.join(arguments)!r}; give none")
    except ArgosyError as error:
        return _failed(str(error), mounted_at, final=make_failure(error).final)
    except OSError as error:
        where = f"'{error.filename}': " if error.filename else ""
        return _failed(
            f"{where}{error.strerror or error}; look at the volumes of this pod", mounted_at
        )
    except Exception as error:
        # The edge of the process: the pod has to say why, whatever it was.
        import traceback  # a failure is the only time it is needed

        traceback.print_exc()
        reason = f"{type(error).__name__}: {error}; this is a bug in Argosy"
        return _failed(reason, mounted_at)
    return 0


def _executable(environment: Mapping[str, str]) -> Path:
    given = environment.get(ENV_EXEC)
    if given:
        return Path(given)
    # Of the same distribution, found without importing the launcher's package.
    machine = {"arm64": "aarch64"}.get(os.uname().machine, os.uname().machine)
    for directory in map(Path, sys.path):
        path = directory / "argosy_launcher" / "bin" / f"exec-{machine}"
        if path.is_file():
            return path
    raise MachineError(f"there is no 'exec' for {machine} in this image; set {ENV_EXEC}")


def _explain(step: Step) -> str:
    """Return what a person needs to know who asked Argo to run the task again."""
    if step.decision is not Decision.ADOPTED or step.failure is not None:
        return ""
    return ", since it succeeded in this run; 'argo resubmit -p argosy-cache=false' runs all anew"


def _failed(reason: str, mounted_at: Path, *, final: bool = False) -> int:
    line = format_pod_message(reason, final=final)
    _say(line)
    try:
        (mounted_at / TERMINATION_LOG).write_text(line)
    except OSError as error:
        _say(f"the reason could not be written for Kubernetes: {error}")
    return 1


def _say(line: str) -> None:
    print(f"argosy: {line}", file=sys.stderr, flush=True)


def run() -> None:
    """Be the command ``argosy-driver``."""
    sys.exit(main(sys.argv[1:], os.environ))


if __name__ == "__main__":
    run()
