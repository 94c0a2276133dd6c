"""Write what controllers recorded as the data of the tests.

    python scripts/record_argo_runs/collect.py VERSION=FILE ... > tests/runs/data/argo_runs.json

Members that nobody reads are left out, times are one and the same, and versions whose nodes are
equal share them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_NODE = frozenset(
    {"id", "name", "displayName", "type", "templateName", "phase", "boundaryID", "message"}
    | {"startedAt", "finishedAt", "inputs", "children", "nodeFlag"}
)
_TIME = "2026-01-01T00:00:00Z"


def main() -> None:
    """Print the data."""
    recorded: dict[str, dict[str, Any]] = {}
    for word in sys.argv[1:]:
        version, _, file = word.partition("=")
        for name, workflow in json.loads(Path(file).read_text()).items():
            case = recorded.setdefault(name, {"spec": _spec(workflow["spec"]), "ends": []})
            status = _status(workflow["status"])
            same = next((end for end in case["ends"] if end["status"] == status), None)
            if same is None:
                case["ends"].append({"versions": [version], "status": status})
            else:
                same["versions"].append(version)
    print(json.dumps(recorded, indent=1, sort_keys=True))


def _spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the spec with pods of which only the commands are left."""
    return {**spec, "templates": [_template(each) for each in spec["templates"]]}


def _template(template: Mapping[str, Any]) -> dict[str, Any]:
    if "container" not in template:
        return dict(template)
    command = template["container"].get("command", [])
    return {"name": template["name"], "container": {"command": command}}


def _status(status: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("phase", "message", "startedAt", "finishedAt")
    return {
        **{name: _at(name, status[name]) for name in kept if name in status},
        "nodes": {
            key: {name: _at(name, value) for name, value in node.items() if name in _NODE}
            for key, node in status["nodes"].items()
        },
    }


def _at(name: str, value: Any) -> Any:
    return _TIME if name.endswith("At") and value is not None else value


if __name__ == "__main__":
    main()
