"""``argosy compile``, as a person calls it."""

from __future__ import annotations

import json
from pathlib import Path

from cli_processes import argosy

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_stats_say_pods_sizes_and_limits_beside_the_workflow(tmp_path: Path) -> None:
    ended = argosy("compile", str(EXAMPLES / "10-loops" / "pipeline.yaml"), "--stats", cwd=tmp_path)

    lines = ended.err.splitlines()
    assert ended.status == 0
    assert lines[0] == "pods: 3 for 3 tasks, 1.00 per task (0 decide, 0 are volume claims)"
    assert lines[2] == "loops of a length known at run time, counted once: 1"
    size = len(json.dumps(json.loads(ended.out), separators=(",", ":"), ensure_ascii=False))
    assert lines[-1] == f"bytes of the workflow: {size:,} of 1,048,576 ({size / 10485.76:.1f} %)"
