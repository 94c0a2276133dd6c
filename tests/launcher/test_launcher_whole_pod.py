"""Whole pods of an SDK pipeline: driver, ``exec`` in a root of its own, launcher, and S3."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from argosy_schemas.formats.packed_ir import pack
from argosy_schemas.formats.records import AttemptRecord, Content, ContentKind
from argosy_schemas.names import RunId, TaskPath
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_store.run_records import RunRecords
from argosy_store.stores import open_store
from contents import shape
from launcher_pods import SYSTEM_PATH, UNSHARE
from servers import S3Server

# A root in memory that shows this machine, but for its own /tmp and the volumes of the pod.
ENTER = """
set -e
root=$1 volumes=$2 python=$3
shift 3
mount --make-rprivate /
mount -t tmpfs tmpfs "$root"
for path in /*; do
    name=${path#/}
    if [ -L "$path" ]; then cp -P "$path" "$root/$name"
    elif [ -d "$path" ] && [ "$name" != tmp ]; then
        mkdir "$root/$name"
        mount --rbind "$path" "$root/$name"
    fi
done
mkdir -m 1777 "$root/tmp"
# The environment of these tests may lie below /tmp, which is the pod's own.
mkdir -p "$root$python"
mount --rbind "$python" "$root$python"
# As in the template of a pod: nothing private, and what is published is read-only.
for path in argosy/published argosy/exchange s3 gcs minio; do
    mkdir -p "$root/$path"
    mount --bind "$volumes/$path" "$root/$path"
done
mount -o remount,bind,ro "$root/argosy/published"
exec chroot "$root" "$@"
"""


PIPELINE = """
import sys
from typing import NamedTuple
from kfp import compiler, dsl

@dsl.component(install_kfp_package=False)
def train(
    text: str, model: dsl.Output[dsl.Model], report: dsl.Output[dsl.HTML]
) -> NamedTuple("Trained", n=int, data=dsl.Dataset):
    import os

    with open(model.path, "w") as file:
        file.write(text)
    model.metadata["accuracy"] = 0.5
    report.custom_path = "/tmp/report"
    os.mkdir("/tmp/report")
    with open("/tmp/report/index.html", "w") as file:
        file.write("<p>")
    data = dsl.Dataset(uri=dsl.get_uri("rows"), metadata={"rows": 2})
    os.makedirs(data.path)
    for name in ("a", "b"):
        with open(f"{data.path}/{name}", "w") as file:
            file.write(name)
    print("trained")
    return 7, data

@dsl.component(install_kfp_package=False)
def use(n: int, model: dsl.Input[dsl.Model], data: dsl.Input[dsl.Dataset]) -> str:
    import os

    with open(model.path) as file:
        return f"{n} {file.read()} {sorted(os.listdir(data.path))} {model.metadata}"

@dsl.pipeline(name="whole")
def whole(text: str = "weights") -> str:
    done = train(text=text)
    return use(n=done.outputs["n"], model=done.outputs["model"], data=done.outputs["data"]).output

compiler.Compiler().compile(whole, sys.argv[1])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Runs pods one by one, each in a directory of its own."""

    directory: Path
    environment: dict[str, str]
    """Of driver and launcher."""

    def run(self, task: str) -> tuple[int, str]:
        """Run the pod of a task; return main's exit code and what it wrote to its logs."""
        pod = self.directory / uuid.uuid4().hex
        own = ("argosy/private", "argosy/published", "argosy/exchange")
        for name in (*own, "s3", "gcs", "minio"):
            (pod / "volumes" / name).mkdir(parents=True)
            (pod / "volumes" / name).chmod(0o777)
        (pod / "root").mkdir()
        settings = {
            **os.environ,
            **self.environment,
            "ARGOSY_TASK": task,
            "ARGOSY_ATTEMPT": pod.name,
            "ARGOSY_MOUNTED_AT": str(pod / "volumes"),
        }
        driver = [sys.executable, "-m", "argosy_driver"]
        subprocess.run(driver, env=settings, check=True, timeout=60)
        launcher = subprocess.Popen([sys.executable, "-m", "argosy_launcher"], env=settings)
        try:
            main = subprocess.run(
                [
                    *(*UNSHARE, ENTER, "enter", str(pod / "root"), str(pod / "volumes")),
                    sys.prefix,
                    *("/argosy/published/exec", "-t", "/tmp/termination-log"),
                ],
                env={"PATH": f"{Path(sys.executable).parent}:{SYSTEM_PATH}"},
                capture_output=True,
                check=False,
                timeout=120,
            )
            launcher.wait(timeout=60)
        finally:
            launcher.kill()
            launcher.wait()
        return main.returncode, (main.stdout + main.stderr).decode()


def success(store: str, task: str) -> AttemptRecord:
    record = RunRecords(open_store(store), RunId("run-1")).read_success(TaskPath(task))
    assert record is not None
    return record


@pytest.mark.usefixtures("own_mounts")
def test_the_tasks_of_a_pipeline_run_each_in_its_pod(
    s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    file = tmp_path / "whole.yaml"
    (tmp_path / "whole.py").write_text(PIPELINE)
    compile_it = [sys.executable, "-W", "ignore", str(tmp_path / "whole.py"), str(file)]
    subprocess.run(compile_it, check=True, timeout=120)
    pipeline = read_pipeline(file.read_bytes(), file=str(file))
    store, root = s3.url(bucket, "argosy"), s3.url(bucket, "artifacts")
    parameters: dict[str, Any] = {"text": "heavy"}
    cluster = Cluster(
        directory=tmp_path,
        environment={
            "ARGOSY_RUN": "run-1",
            "ARGOSY_NAME": "whole-x7k2p",
            "ARGOSY_CREATED": "2024-05-01T12:00:00Z",
            "ARGOSY_IR": base64.b64encode(pack(pipeline)).decode(),
            "ARGOSY_STORE": store,
            "ARGOSY_ROOT": root,
            "ARGOSY_CACHE": "true",
            "ARGOSY_PARAMETERS": base64.b64encode(json.dumps(parameters).encode()).decode(),
        },
    )

    trained = cluster.run("train")
    used = cluster.run("use")

    record = success(store, "train")
    root_uri = f"s3://{bucket}/artifacts/whole/run-1/train/{record.attempt_id}"
    assert (trained[0], used[0]) == (0, 0), f"{trained[1]}\n{used[1]}"
    assert "trained\n" in trained[1]
    assert record.outputs.parameters == {"n": 7}
    assert {
        name: [(each.uri, shape(each.content)) for each in artifacts]
        for name, artifacts in record.outputs.artifacts.items()
    } == {
        "model": [(f"{root_uri}/model", Content(kind=ContentKind.FILE, files=1, size_bytes=5))],
        "report": [
            (f"{root_uri}/report", Content(kind=ContentKind.DIRECTORY, files=1, size_bytes=3))
        ],
        "data": [(f"{root_uri}/rows", Content(kind=ContentKind.DIRECTORY, files=2, size_bytes=2))],
    }
    assert success(store, "use").outputs.parameters == {
        "Output": "7 heavy ['a', 'b'] {'accuracy': 0.5}"
    }


@pytest.mark.usefixtures("own_mounts")
@pytest.mark.parametrize(
    ("store", "reason"),
    [
        pytest.param(
            "{{=workflow.parameters['argosy-store']}}",
            "the workflow names no store; submit it with '-p argosy-store=URL', or compile it with "
            "'--store URL' (final)",
            id="nobody gave the parameter",
        ),
        pytest.param(
            "/var/argosy",
            "the store '/var/argosy' lies in this container and ends with it; name one that all "
            "pods reach: s3://, minio://, gs:// or az:// (final)",
            id="a path",
        ),
    ],
)
def test_a_pod_whose_store_would_end_with_it_does_not_run_its_task(store: str, reason: str) -> None:
    """It has root's rights, so that nothing but the driver keeps it from writing there."""
    script = 'mount -t tmpfs tmpfs /dev; "$@"; status=$?; cat /dev/termination-log; exit "$status"'
    settings = {
        "ARGOSY_TASK": "train",
        "ARGOSY_RUN": "run-1",
        "ARGOSY_NAME": "whole-x7k2p",
        "ARGOSY_CREATED": "2024-05-01T12:00:00Z",
        "ARGOSY_IR": "ref:0",
        "ARGOSY_STORE": store,
        "ARGOSY_ATTEMPT": "pod-uid",
    }

    ended = subprocess.run(
        [*UNSHARE, script, "sh", sys.executable, "-m", "argosy_driver"],
        env={"PATH": SYSTEM_PATH, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (ended.returncode, ended.stdout) == (1, reason)
