"""The process that runs one run, ``python -m argosy_service.engines.local.worker``.

Its order is JSON on standard input; what it has to say of a run that could not begin is its last
line on standard error. It may be started any number of times for one run: of several workers one
goes on at a time, and what was done before is not done again.
"""

from __future__ import annotations

import fcntl
import gc
import json
import sys
from pathlib import Path
from typing import Any

from argosy_engine.home.compile_cache import compile_cached
from argosy_engine.run import resume_run, run_workflow
from argosy_engine.settings import RunnerName, RunSettings
from argosy_runs.local.home import RunFiles
from argosy_schemas.checking.run_parameters import write_run_parameters
from argosy_schemas.errors import ArgosyError
from argosy_schemas.formats.packed_ir import unpack
from argosy_schemas.names import RunId
from argosy_service.engines.local.journals import count_ends
from argosy_service.spec_documents import make_source

_MAX_SPEC_BYTES = 128 * 2**20


def work(order: Any) -> None:
    """Begin a run or go on with it, as its order says, and return at its end.

    Raises:
        ArgosyError: It cannot begin.
    """
    home, run_id = Path(order["home"]), RunId(order["run_id"])
    # A service that was killed may have started a worker that has not come to the run's own lock.
    with Path(order["log"]).open("ab") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        _work_alone(order, home, run_id)


def _work_alone(order: Any, home: Path, run_id: RunId) -> None:
    files = RunFiles(home, run_id)
    settings = RunSettings(
        home=home,
        root=order["root"] or None,
        cache=order["cache"],
        jobs=order["jobs"],
        runner=RunnerName(order["runner"]),
    )
    if files.spec.exists():
        # One that ended since it was ordered did so while nobody saw it.
        if count_ends(files.journal) <= order["ends"]:
            resume_run(run_id, settings=settings)
        return
    compiled = compile_cached(make_source(order["spec"]), home=home, max_size_bytes=_MAX_SPEC_BYTES)
    parameters = write_run_parameters(unpack(compiled.ir), order["parameters"])
    run_workflow(
        compiled.workflow, compiled.ir, settings=settings, parameters=parameters, run_id=run_id
    )


def main() -> int:
    """Work on the run that standard input names; return 1 where it could not begin."""
    gc.set_threshold(100_000, 50)
    try:
        order = json.load(sys.stdin)
    except ValueError:
        return 1  # who started this process has ended meanwhile, and starts another one
    try:
        work(order)
    except ArgosyError as error:
        print(f"error: {' '.join(str(error).splitlines())}", file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
