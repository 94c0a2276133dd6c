"""What machines ask all the time: whether the service lives, is ready, and what it counts."""

from __future__ import annotations

import json
from typing import Final

from sqlalchemy import func, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from argosy_schemas.errors import ArgosyError
from argosy_schemas.versions import get_installed_version
from argosy_service.api.database_errors import translate_database_errors
from argosy_service.database.tables import DELETED_RUNS, RUNS
from argosy_service.errors import UnavailableError
from argosy_service.metrics import Readings
from argosy_service.resources.context import Context

_STUCK_SECONDS: Final = 120.0
"""Jobs in the background whose round lasts longer hang.

One that fails each time is a matter of the metrics: requests can be answered all the same.
"""


class Probes:
    """Answers them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        metrics, health = context.metrics, context.health
        metrics.add_gauge(
            "argosy_runs", "Runs by state; PENDING ones wait for an engine.", self._count_runs
        )
        metrics.add_gauge(
            "argosy_deleted_runs",
            "Deleted runs that their engine has not removed.",
            self._count_deleted_runs,
        )
        metrics.add_gauge(
            "argosy_background_silence_seconds",
            "How long ago the jobs in the background did a round in which all went well.",
            lambda: {(): health.silence_seconds},
        )
        metrics.add_counter(
            "argosy_background_failures_total",
            "What the jobs in the background could not do, by job.",
            lambda: {(("job", job),): number for job, number in dict(health.failures).items()},
        )

    async def answer_livez(self, request: Request) -> Response:
        """Say that the process answers."""
        return _make_text("ok\n")

    async def answer_readyz(self, request: Request) -> Response:
        """Say whether requests may be sent: the service has a database, and is not stopping."""
        try:
            await run_in_threadpool(self._check)
        except ArgosyError as error:
            return _make_text(f"{error}\n", status=503)
        return _make_text("ok\n")

    async def answer_healthz(self, request: Request) -> Response:
        """Say what clients ask for at their start."""
        # By hand: clients want `multi_user` also where it is false, and the build.
        content = {
            "commit_sha": "unknown",
            "tag_name": get_installed_version("argosy"),
            "multi_user": self._context.access.is_multi_user,
            "pipeline_store": "database",
        }
        return Response(json.dumps(content), media_type="application/json")

    async def answer_metrics(self, request: Request) -> Response:
        """Return what was counted, for Prometheus."""
        text = await run_in_threadpool(self._context.metrics.write)
        return Response(text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    def _check(self) -> None:
        health = self._context.health
        if health.is_stopping:
            raise UnavailableError("the service is stopping")
        if health.round_seconds > _STUCK_SECONDS:
            raise UnavailableError(
                f"the jobs in the background have hung for {health.round_seconds:.0f} s"
            )
        with translate_database_errors(), self._context.database.read() as connection:
            connection.execute(select(RUNS.c.id).limit(1)).first()

    def _count_runs(self) -> Readings:
        query = select(RUNS.c.state, func.count()).group_by(RUNS.c.state).order_by(RUNS.c.state)
        with self._context.database.read() as connection:
            return {(("state", state),): count for state, count in connection.execute(query)}

    def _count_deleted_runs(self) -> Readings:
        query = select(func.count()).select_from(DELETED_RUNS)
        with self._context.database.read() as connection:
            return {(): connection.execute(query).scalar_one()}


def _make_text(text: str, *, status: int = 200) -> Response:
    return Response(text, status_code=status, media_type="text/plain")
