"""Run ``argosy`` as a person does: each command a process of its own, its streams apart."""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coverage import Coverage

ARGOSY = str(Path(sys.executable).with_name("argosy"))
TIMEOUT_SECONDS = 240
coverage_file = ""
"""Where the coverage of commands is added to that of the tests; empty: it is not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def result(self) -> Any:
        """The one JSON object on standard output."""
        return json.loads(self.out)

    @property
    def errors(self) -> list[str]:
        """The error lines, without their prefix."""
        return [
            line.removeprefix("error: ")
            for line in self.err.splitlines()
            if line.startswith("error: ")
        ]

    @property
    def notes(self) -> list[str]:
        """The notices, without their prefix."""
        lines = self.err.splitlines()
        return [line.removeprefix("note: ") for line in lines if line.startswith("note: ")]

    def task(self, path: str) -> Any:
        """The task of that path in the JSON."""
        (task,) = [task for task in self.result["tasks"] if task["path"] == path]
        return task


def argosy(
    *words: str,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Ended:
    """Run a command in ``cwd``, whose ``.argosy`` is its home, and wait for its end.

    Python reads its own variables when it starts, so a command with another ``environment`` is
    started for itself.
    """
    variables = dict(os.environ if environment is None else environment)
    # Libraries of macOS must not be used on both sides of a fork.
    if environment is None and sys.platform == "linux":
        return _server().run(words, cwd=cwd, timeout_seconds=timeout_seconds)
    ended = subprocess.run(
        [ARGOSY, *words],
        cwd=cwd,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
    return Ended(status=ended.returncode, out=ended.stdout, err=ended.stderr)


class _Server:
    """The process of :mod:`cli_server`, until this one ends."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("cli_server.py")), coverage_file],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # so that nothing is read beyond a line, and `select` tells the truth
        )
        atexit.register(self._stop)

    def run(self, words: Sequence[str], *, cwd: Path, timeout_seconds: float) -> Ended:
        """Run a command with the environment of this process."""
        with tempfile.TemporaryDirectory() as streams:
            out, err = Path(streams, "out"), Path(streams, "err")
            out.touch()
            err.touch()
            request = {
                "words": words,
                "directory": str(cwd),
                "environment": dict(os.environ),
                "out": str(out),
                "err": str(err),
                "is_measured": Coverage.current() is not None,
            }
            assert self._process.stdin is not None
            self._process.stdin.write(f"{json.dumps(request)}\n".encode())
            status = self._wait(words, timeout_seconds)
            return Ended(status=status, out=out.read_text(), err=err.read_text())

    def _wait(self, words: Sequence[str], timeout_seconds: float) -> int:
        answers = self._process.stdout
        assert answers is not None
        child = int(answers.readline())
        if not select.select([answers], [], [], timeout_seconds)[0]:
            os.kill(child, signal.SIGKILL)
            answers.readline()
            raise subprocess.TimeoutExpired([ARGOSY, *words], timeout_seconds)
        return int(answers.readline())

    def _stop(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


_server = functools.cache(_Server)


def workspace_import(uri: str) -> str:
    """Return a pipeline that imports into its workspace; ``read`` prints path and content."""
    dataset = {"artifactType": {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"}}
    document = json.loads(shell_pipeline("workspace", {"read": "true"}))
    dag = document["root"]["dag"]
    produced = {"producerTask": "import", "outputArtifactKey": "artifact"}
    dag["tasks"] = {
        "import": {"taskInfo": {"name": "import"}, "componentRef": {"name": "comp-import"}},
        "read": {
            "taskInfo": {"name": "read"},
            "componentRef": {"name": "comp-read"},
            "dependentTasks": ["import"],
            "cachingOptions": {"enableCache": True},
            "inputs": {"artifacts": {"data": {"taskOutputArtifact": produced}}},
        },
    }
    document["components"] = {
        "comp-import": {
            "executorLabel": "exec-import",
            "outputDefinitions": {"artifacts": {"artifact": dataset}},
        },
        "comp-read": {
            "executorLabel": "exec-read",
            "inputDefinitions": {"artifacts": {"data": dataset}},
        },
    }
    importer = {
        "artifactUri": {"constant": uri},
        "typeSchema": dataset["artifactType"],
        "downloadToWorkspace": True,
    }
    reader = {
        "image": "alpine",
        "command": ["sh", "-c", 'echo "$0"; cat "$0"'],
        "args": ["{{$.inputs.artifacts['data'].path}}"],
    }
    document["deploymentSpec"]["executors"] = {
        "exec-import": {"importer": importer},
        "exec-read": {"container": reader},
    }
    workspace = {"platforms": {"kubernetes": {"pipelineConfig": {"workspace": {"size": "1Gi"}}}}}
    return f"{json.dumps(document)}\n---\n{json.dumps(workspace)}\n"


def broken_groups() -> str:
    """Return the IR of a pipeline with two groups and an importer, which fail if ``word`` is empty.

    The condition of the first is on its number, the items of the second are its JSON. A third
    group, ``outer``, holds a task that fails always, and a fourth one like the first.
    """
    document = json.loads(shell_pipeline("groups", {"say": "true", "bad": "exit 3"}))
    word = {"inputDefinitions": {"parameters": {"word": {"parameterType": "STRING"}}}}
    given = {"inputs": {"parameters": {"word": {"componentInputParameter": "word"}}}}
    root = document["root"]
    tasks = root["dag"]["tasks"]
    say, bad = tasks.pop("say"), tasks.pop("bad")

    def task(key: str, component: str, **more: Any) -> dict[str, Any]:
        more = {"componentRef": {"name": component}, **more}
        return {key: {"taskInfo": {"name": key}, **given, **more}}

    condition = {"triggerPolicy": {"condition": "int(inputs.parameter_values['word']) > 3"}}
    items = {"parameterIterator": {"items": {"inputParameter": "word"}, "itemInput": "item"}}
    inner = task("inner", "comp-group", **condition)
    tasks |= {
        **task("condition-1", "comp-group", **condition),
        **task("for-loop-1", "comp-loop", **items),
        **task("importer", "comp-importer"),
        **task("outer", "comp-outer"),
    }
    looped = {"parameters": {**word["inputDefinitions"]["parameters"]}}
    looped["parameters"]["item"] = {"parameterType": "STRING"}
    dataset = {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"}
    document["components"] |= {
        "comp-group": {"dag": {"tasks": {"say": say}}, **word},
        "comp-loop": {"dag": {"tasks": {"say": say}}, "inputDefinitions": looped},
        "comp-outer": {"dag": {"tasks": {"bad": bad, **inner}}, **word},
        "comp-importer": {
            "executorLabel": "exec-importer",
            **word,
            "outputDefinitions": {"artifacts": {"artifact": {"artifactType": dataset}}},
        },
    }
    document["deploymentSpec"]["executors"]["exec-importer"] = {
        "importer": {"artifactUri": {"runtimeParameter": "word"}, "typeSchema": dataset}
    }
    root.update(word)
    return json.dumps(document)


def shell_pipeline(
    name: str, scripts: Mapping[str, str], *, inputs: str = "{}", after: Mapping[str, str] = {}
) -> str:
    """Return the IR of a pipeline whose tasks are ``sh`` scripts, each with an output ``text``.

    A script finds the file of its output as ``$0`` and the pipeline's input ``word``, where
    ``inputs`` declares it, as ``$1``.

    Args:
        name: Of the pipeline.
        scripts: Task key to script.
        inputs: ``inputDefinitions.parameters`` as JSON.
        after: Task key to the task that it waits for.
    """
    declared = json.loads(inputs)
    root_inputs = {"inputDefinitions": {"parameters": declared}} if declared else {}
    return json.dumps(
        {
            "schemaVersion": "2.1.0",
            "sdkVersion": "kfp-2.17.0",
            "pipelineInfo": {"name": name},
            "root": {
                **root_inputs,
                "dag": {
                    "tasks": {
                        key: {
                            "taskInfo": {"name": key},
                            "componentRef": {"name": f"comp-{key}"},
                            **({"dependentTasks": [after[key]]} if key in after else {}),
                            "inputs": {
                                "parameters": {
                                    one: {"componentInputParameter": one} for one in declared
                                }
                            },
                        }
                        for key in scripts
                    }
                },
            },
            "components": {
                f"comp-{key}": {
                    "executorLabel": f"exec-{key}",
                    **root_inputs,
                    "outputDefinitions": {"parameters": {"text": {"parameterType": "STRING"}}},
                }
                for key in scripts
            },
            "deploymentSpec": {
                "executors": {
                    f"exec-{key}": {
                        "container": {
                            "image": "debian:12",
                            "command": ["sh", "-ec", script],
                            "args": [
                                "{{$.outputs.parameters['text'].output_file}}",
                                *(f"{{{{$.inputs.parameters['{one}']}}}}" for one in declared),
                            ],
                        }
                    }
                    for key, script in scripts.items()
                }
            },
        }
    )
