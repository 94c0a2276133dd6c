"""What runs and recurring runs say of the pipeline that they execute, and of its parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf import json_format
from sqlalchemy import Connection, Row, select

from argosy_service.database.tables import SPECS
from argosy_service.protos.recurring_run_pb2 import RecurringRun
from argosy_service.protos.run_pb2 import PipelineVersionReference, Run
from argosy_service.protos.runtime_config_pb2 import RuntimeConfig
from argosy_service.resources.specs.specs import make_struct


def load_inline_specs(connection: Connection, rows: Sequence[Row[Any]]) -> Mapping[str, str]:
    """Return the texts of the specs that belong to no pipeline, by digest."""
    digests = {row.spec_digest for row in rows if not row.pipeline_id}
    if not digests:
        return {}
    found = connection.execute(select(SPECS).where(SPECS.c.digest.in_(digests)))
    return {row.digest: row.document for row in found}


def fill_source(message: Run | RecurringRun, row: Row[Any], specs: Mapping[str, str]) -> None:
    """Write into a message what it executes, and with which parameters.

    Args:
        message: Of a run or recurring run.
        row: Its row.
        specs: As :func:`load_inline_specs` returns them for the row.
    """
    if row.pipeline_id:
        reference = PipelineVersionReference(
            pipeline_id=row.pipeline_id, pipeline_version_id=row.pipeline_version_id
        )
        message.pipeline_version_reference.CopyFrom(reference)
    else:
        message.pipeline_spec.CopyFrom(make_struct(specs[row.spec_digest]))
    if row.parameters or row.pipeline_root:
        config = RuntimeConfig(pipeline_root=row.pipeline_root)
        json_format.ParseDict({"parameters": json.loads(row.parameters or "{}")}, config)
        message.runtime_config.CopyFrom(config)
