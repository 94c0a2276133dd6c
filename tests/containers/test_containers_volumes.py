"""Volumes are where the code of an image looks for them."""

from __future__ import annotations

from pathlib import Path

import argosy
from container_programs import IMAGE, Program
from sdk_compiled import compile_with_sdk

# The path is put together from parts, as by a program that has it inside.
SOURCE = f'''
from kfp import dsl, kubernetes

@dsl.container_component
def copy(said: dsl.OutputPath(str)):
    script = 'd=$(printf "/%s" data); s=$(printf "/%s" login); '
    script += 'cat "$d/word" "$s/token" > "$0"; cat "$s/token" > "$d/copy"; '
    script += '! touch "$s/new" 2> /dev/null'
    return dsl.ContainerSpec(image="{IMAGE}", command=["sh", "-ec", script], args=[said])

@dsl.pipeline(name="volumes")
def pipeline():
    task = copy()
    kubernetes.mount_pvc(task, "data", "/data", sub_path="part")
    kubernetes.use_secret_as_volume(task, "login", "/login")
'''


def test_a_container_mounts_directories_where_a_pod_mounts_volumes(
    program: Program, tmp_path: Path
) -> None:
    for file, text in {"data/part/word": "hello\n", "login/token": "abc\n"}.items():
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).write_text(text)

    result = argosy.run(
        compile_with_sdk(tmp_path, SOURCE),
        home=tmp_path / "home",
        runner=program.name,
        claims={"data": tmp_path / "data"},
        secrets={"login": tmp_path / "login"},
    )

    assert result.error is None
    assert result.tasks[0].outputs.parameters == {"said": "hello\nabc\n"}
    assert (tmp_path / "data" / "part" / "copy").read_text() == "abc\n"
