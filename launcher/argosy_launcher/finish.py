"""Finish a step: store what its command left behind, and say how it ended.

One function for every outcome. What it does, in this order, is safe to be killed anywhere and done
again: artifacts and log, then the attempt record, then the success record, then the cache entry.
Readers take data from the success record alone, so nothing before it is seen by anybody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from argosy_launcher.process_end import ProcessEnd
from argosy_schemas.records import AttemptRecord, Failure
from argosy_schemas.step import Step

if TYPE_CHECKING:
    from argosy_store import CacheEntries, RunRecords, Stores


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What became of a step."""

    record: AttemptRecord
    """As stored; of an adopted step, what would have been. Where an earlier attempt had succeeded
    already, ``outputs`` are that attempt's, for they are what every reader sees."""

    control: str = ""
    """Base64 of the JSON of the step's control entries; empty when it has none, or failed."""

    exit_code: int = 0
    """What the pod's main container ends with: the command's own code where it failed (128 + n
    for signal n), 1 where the command succeeded and the step did not."""

    failure: Failure | None = None
    """``None`` exactly when the step succeeded."""

    warnings: tuple[str, ...] = ()
    """One sentence each: what went wrong without failing the step, e.g. the cache entry."""


def finish(
    step: Step,
    ended: ProcessEnd | None,
    *,
    stores: Stores,
    records: RunRecords,
    cache: CacheEntries,
    now: Callable[[], datetime],
    locate: Callable[[str], Path] = Path,
) -> Finished:
    """Store what ``step`` left behind and return what became of it.

    Args:
        step: What the driver prepared.
        ended: How its command ended; ``None`` exactly when its decision was not ``RUN``.
        stores: Where artifacts go, by URI.
        records: Of the run that the step belongs to.
        cache: Where the fingerprint of the step is remembered.
        now: The time in UTC.
        locate: Where this process finds what the command knows as the given path. They differ on
            a cluster only, for files outside the volumes that main shares with the launcher.

    Raises:
        StoreError: The store refused, or did not answer for as long as its retries last. Nothing
            that readers look at was written; the same call may be made again.
    """
    raise NotImplementedError
