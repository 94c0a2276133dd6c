"""Whether the service answers, and in which mode."""

from __future__ import annotations

from google.protobuf.empty_pb2 import Empty

from argosy_service.protos.healthz_pb2 import GetHealthzResponse
from argosy_service.resources.context import Context


def get_healthz(context: Context, request: Empty) -> GetHealthzResponse:
    """Return the mode of the service."""
    return GetHealthzResponse(multi_user=context.access.is_multi_user, pipeline_store="database")
