"""``argosy plan``: what a run would do, and that it does just that."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from cli_processes import Ended, argosy, broken_groups, shell_pipeline

Json = dict[str, Any]

EXAMPLES = Path(__file__).parents[2] / "examples"
GOLDEN = Path(__file__).parents[1] / "golden"


def plan(name: str, *words: str, cwd: Path) -> dict[str, str]:
    ended = argosy("plan", str(EXAMPLES / name / "pipeline.yaml"), "-o", "json", *words, cwd=cwd)
    assert ended.status == 0, ended.err
    return verdicts(ended)


def verdicts(ended: Ended) -> dict[str, str]:
    return {task["path"]: task["verdict"] for task in ended.result["tasks"]}


def run(name: str, *words: str, cwd: Path) -> Ended:
    ended = argosy("run", str(EXAMPLES / name / "pipeline.yaml"), "-o", "json", *words, cwd=cwd)
    assert ended.status == 0, ended.err
    return ended


def test_nothing_is_written_and_what_follows_a_run_is_open(tmp_path: Path) -> None:
    assert plan("09-conditions", cwd=tmp_path) == {
        "condition-branches-1": "run or cached",
        "condition-branches-1/condition-2": "unknown",
        "condition-branches-1/condition-2/say": "unknown",
        "condition-branches-1/condition-3": "unknown",
        "condition-branches-1/condition-3/say-2": "unknown",
        "condition-branches-1/condition-4": "unknown",
        "condition-branches-1/condition-4/say-3": "unknown",
        "grade": "run",
        "say-4": "run or cached",
    }
    assert not (tmp_path / ".argosy" / "runs").exists()


def test_what_is_in_the_cache_is_known_with_all_that_follows(tmp_path: Path) -> None:
    first = run("09-conditions", "-p", "score=60", cwd=tmp_path)

    planned = argosy(
        *("plan", str(EXAMPLES / "09-conditions" / "pipeline.yaml"), "-o", "json"),
        *("-p", "score=60"),
        cwd=tmp_path,
    )

    assert verdicts(planned) == {
        "condition-branches-1": "cached",
        "condition-branches-1/condition-2": "skipped",
        "condition-branches-1/condition-2/say": "not run",
        "condition-branches-1/condition-3": "cached",
        "condition-branches-1/condition-3/say-2": "cached",
        "condition-branches-1/condition-4": "skipped",
        "condition-branches-1/condition-4/say-3": "not run",
        "grade": "cached",
        "say-4": "cached",
    }
    (grade,) = [task for task in planned.result["tasks"] if task["path"] == "grade"]
    assert grade["cached_from"]["run_id"] == first.result["run_id"]
    again = run("09-conditions", "-p", "score=60", cwd=tmp_path)
    assert {
        task["path"]: task["cached"]
        for task in again.result["tasks"]
        if task["kind"] == "container" and task["state"] == "SUCCEEDED"
    } == {"condition-branches-1/condition-3/say-2": True, "grade": True, "say-4": True}


def test_another_parameter_makes_another_plan(tmp_path: Path) -> None:
    run("09-conditions", "-p", "score=60", cwd=tmp_path)

    assert plan("09-conditions", "-p", "score=90", cwd=tmp_path)["grade"] == "run"
    assert plan("09-conditions", "-p", "score=60", "--no-cache", cwd=tmp_path)["grade"] == "run"


def test_without_the_cache_every_task_would_run(tmp_path: Path) -> None:
    """Also one of which it is not known what it receives."""
    found = plan("03-train", "--no-cache", cwd=tmp_path)

    assert set(found.values()) == {"run"}


def test_loops_are_listed_by_iteration_once_their_items_are_known(tmp_path: Path) -> None:
    assert plan("10-loops", "-p", "count=2", cwd=tmp_path) == {
        "for-loop-1": "unknown",
        "for-loop-1/*/square": "unknown",
        "numbers": "run",
        "total": "run or cached",
    }
    run("10-loops", "-p", "count=2", cwd=tmp_path)

    assert plan("10-loops", "-p", "count=2", cwd=tmp_path) == {
        "for-loop-1": "cached",
        "for-loop-1/0/square": "cached",
        "for-loop-1/1/square": "cached",
        "numbers": "cached",
        "total": "cached",
    }


def golden(name: str, *words: str, cwd: Path) -> Ended:
    ended = argosy("plan", str(GOLDEN / f"{name}.ir.yaml"), "-o", "json", *words, cwd=cwd)
    assert ended.status == 0, ended.err
    return ended


def test_why_a_group_cannot_be_known_is_said_once(tmp_path: Path) -> None:
    ended = golden("conditions/nested", cwd=tmp_path)

    assert {task["path"]: (task["verdict"], task["reason"]) for task in ended.result["tasks"]} == {
        "condition-1": (
            "unknown",
            "input 'pipelinechannel--inner-Output' depends on 'inner/say-2'",
        ),
        "condition-1/say-2": ("unknown", None),
        "inner": ("run", None),
        "inner/condition-1": ("run or cached", None),
        "inner/condition-1/condition-2": (
            "unknown",
            "input 'pipelinechannel--word' depends on 'say'",
        ),
        "inner/condition-1/condition-2/say": ("unknown", None),
        "inner/say-2": ("run", None),
        "say": ("run", None),
    }


def test_a_known_loop_in_one_that_cannot_be_counted_has_its_iterations(tmp_path: Path) -> None:
    ended = golden("loops/dynamic", cwd=tmp_path)

    found = verdicts(ended)
    assert [path for path in found if path.startswith("for-loop-2/")] == [
        "for-loop-2/*/condition-4",
        "for-loop-2/*/condition-4/number",
        "for-loop-2/*/for-loop-3",
        "for-loop-2/*/for-loop-3/0/say-2",
        "for-loop-2/*/for-loop-3/1/say-2",
    ]
    assert ended.result["argo"]["open_loops"] == 3


def test_a_skipped_iteration_has_its_tasks_and_the_others_do_not_mind(tmp_path: Path) -> None:
    ended = golden("loops/static", cwd=tmp_path)

    assert verdicts(ended) == {
        "for-loop-2": "run",
        "for-loop-2/0/condition-3": "run",
        "for-loop-2/0/condition-3/say-2": "run",
        "for-loop-2/0/say": "run",
        "for-loop-2/1/condition-3": "skipped",
        "for-loop-2/1/condition-3/say-2": "not run",
        "for-loop-2/1/say": "run",
    }


def test_tasks_that_do_the_same_would_all_run_though_the_first_may_serve_the_others(
    tmp_path: Path,
) -> None:
    document = with_caching(
        shell_pipeline("alike", dict.fromkeys("ab", 'printf x > "$0"'), after={"b": "a"})
    )
    (tmp_path / "p.json").write_text(json.dumps(document))

    planned = argosy("plan", "p.json", "-o", "json", cwd=tmp_path)
    ran = argosy("run", "p.json", "-o", "json", cwd=tmp_path)

    assert verdicts(planned) == {"a": "run", "b": "run"}
    assert planned.task("a")["fingerprint"] == planned.task("b")["fingerprint"]
    assert [ran.task(path)["cached"] for path in "ab"] == [False, True]


def test_what_is_told_of_its_run_has_no_fingerprint(tmp_path: Path) -> None:
    ended = golden("exits/handler", cwd=tmp_path)

    # It is told the final status, which names the run.
    assert ended.task("report")["verdict"] == "run"
    assert ended.task("report")["fingerprint"] is None


def with_caching(pipeline: str) -> dict[str, Any]:
    """Return an IR as JSON with the cache on for all tasks of its root."""
    document: dict[str, Any] = json.loads(pipeline)
    for task in document["root"]["dag"]["tasks"].values():
        task["cachingOptions"] = {"enableCache": True}
    return document


def test_what_is_new_in_each_run_has_no_fingerprint(tmp_path: Path) -> None:
    given = {
        "name": "{{$.pipeline_job_name}}",
        "run-id": "{{$.pipeline_job_uuid}}",
        "task-id": "{{$.pipeline_task_uuid}}",
        "time": "{{$.pipeline_job_create_time_utc}}",
        "workspace": "{{$.workspace_path}}",
    }
    word = '{"word": {"parameterType": "STRING", "defaultValue": ""}}'
    document = with_caching(shell_pipeline("new", dict.fromkeys(given, "true"), inputs=word))
    for key, task in document["root"]["dag"]["tasks"].items():
        task["inputs"]["parameters"]["word"] = {"runtimeValue": {"constant": given[key]}}
    (tmp_path / "p.json").write_text(json.dumps(document))

    ended = argosy("plan", "p.json", "-o", "json", cwd=tmp_path)

    assert [
        (task["path"], task["verdict"], task["reason"], task["fingerprint"])
        for task in ended.result["tasks"]
    ] == [(path, "run", "its inputs are new in each run", None) for path in given]


def test_what_is_imported_from_the_workspace_is_new_in_each_run(tmp_path: Path) -> None:
    """As opposed to what mounts it, whoever reads that need not be told the workspace."""
    document = with_caching(shell_pipeline("new", {"read": "true"}))
    dataset = {"artifactType": {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"}}
    task = document["root"]["dag"]["tasks"]["read"]
    task["dependentTasks"] = ["importer"]
    task["inputs"] = {
        "artifacts": {
            "data": {
                "taskOutputArtifact": {
                    "producerTask": "importer",
                    "outputArtifactKey": "artifact",
                }
            }
        }
    }
    document["components"]["comp-read"]["inputDefinitions"] = {"artifacts": {"data": dataset}}
    document["components"]["comp-importer"] = {
        "executorLabel": "exec-importer",
        "outputDefinitions": {"artifacts": {"artifact": dataset}},
    }
    document["deploymentSpec"]["executors"]["exec-importer"] = {
        "importer": {
            "artifactUri": {"constant": "file://{{$.workspace_path}}/data"},
            "typeSchema": dataset["artifactType"],
        }
    }
    document["root"]["dag"]["tasks"]["importer"] = {
        "taskInfo": {"name": "importer"},
        "componentRef": {"name": "comp-importer"},
    }
    (tmp_path / "p.json").write_text(json.dumps(document))

    ended = argosy("plan", "p.json", "-o", "json", cwd=tmp_path)

    assert ended.task("read")["reason"] == "its inputs are new in each run"


def test_an_exit_task_with_a_key_of_its_own_follows_a_group_that_is_cached(tmp_path: Path) -> None:
    """Its final status names the run, and only its key lets it come from another one."""
    document = with_caching(shell_pipeline("exits", {"say": "echo > $0", "report": "echo > $0"}))
    tasks = document["root"]["dag"]["tasks"]
    document["components"]["comp-group"] = {"dag": {"tasks": {"say": tasks.pop("say")}}}
    tasks["group"] = {"taskInfo": {"name": "group"}, "componentRef": {"name": "comp-group"}}
    tasks["report"] |= {
        "cachingOptions": {"enableCache": True, "cacheKey": "report"},
        "dependentTasks": ["group"],
        "inputs": {"parameters": {"status": {"taskFinalStatus": {"producerTask": "group"}}}},
        "triggerPolicy": {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"},
    }
    document["components"]["comp-report"]["inputDefinitions"] = {
        "parameters": {"status": {"parameterType": "TASK_FINAL_STATUS"}}
    }
    (tmp_path / "p.json").write_text(json.dumps(document))
    argosy("run", "p.json", cwd=tmp_path)

    planned = argosy("plan", "p.json", "-o", "json", cwd=tmp_path)

    assert verdicts(planned) == {"group": "cached", "group/say": "cached", "report": "cached"}


def test_nothing_runs_in_a_group_that_cannot_start(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(broken_groups())

    ended = argosy("plan", "p.json", "-p", "word=", "-o", "json", cwd=tmp_path)

    found = verdicts(ended)
    assert found["condition-1"] == "fail"
    assert found["condition-1/say"] == "not run"
    assert found["for-loop-1"] == "fail"
    assert found["for-loop-1/say"] == "not run"


def test_tasks_that_make_and_delete_claims_are_planned(tmp_path: Path) -> None:
    file = str(GOLDEN / "kubernetes" / "claims.ir.yaml")

    ended = argosy("plan", file, cwd=tmp_path)

    assert ended.status == 0
    assert ended.out.splitlines()[:4] == [
        "run            createpvc  creates or deletes a volume claim",
        "run            deletepvc  creates or deletes a volume claim",
        "run            say        its inputs are new in each run",
        "3 tasks: 3 run",
    ]
    assert ended.err == ""


def test_importers_are_registered_and_need_no_pod(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("1\n")

    ended = argosy(
        *("plan", str(EXAMPLES / "06-importer" / "pipeline.yaml"), "-o", "json"),
        *("-p", f"uri={tmp_path / 'data.csv'}"),
        cwd=tmp_path,
    )

    assert [(task["kind"], task["verdict"]) for task in ended.result["tasks"]] == [
        ("container", "run"),
        ("importer", "register"),
    ]
    assert ended.result["argo"]["pods"] == 1


def test_a_loop_over_nothing_is_empty_and_what_follows_runs(tmp_path: Path) -> None:
    run("10-loops", "-p", "count=0", cwd=tmp_path)

    assert plan("10-loops", "-p", "count=0", cwd=tmp_path) == {
        "for-loop-1": "empty",
        "numbers": "cached",
        "total": "cached",
    }


def test_a_plan_refuses_what_compile_refuses(tmp_path: Path) -> None:
    source = (GOLDEN / "loops" / "static.ir.yaml").read_text()
    items = json.dumps([{"name": "a", "wanted": True}] * 3000)
    (tmp_path / "p.yaml").write_text(re.sub(r"raw: .*", f"raw: '{items}'", source))

    planned = argosy("plan", "p.yaml", cwd=tmp_path)
    made = argosy("compile", "p.yaml", cwd=tmp_path)

    assert (planned.status, planned.out) == (2, "")
    assert planned.errors == made.errors
    assert "has 3,000 iterations of 4 nodes, 12,000 in all" in planned.errors[0]


def test_the_text_ends_with_what_the_workflow_costs_on_argo(tmp_path: Path) -> None:
    ended = argosy("plan", str(EXAMPLES / "03-train" / "pipeline.yaml"), cwd=tmp_path)

    assert ended.status == 0
    lines = ended.out.splitlines()
    assert lines[0] == "run or cached  evaluate  input 'model' depends on 'fit'"
    assert lines[lines.index("on Argo") + 1].startswith("  pods: 4 for 4 tasks, ")
    assert lines[-1].startswith("  bytes of the workflow: ")


def test_a_plan_refuses_what_a_run_refuses(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(
        shell_pipeline("p", {"a": "true"}, inputs='{"n": {"parameterType": "NUMBER_INTEGER"}}')
    )

    ended = argosy("plan", "p.json", "-p", "n=x", cwd=tmp_path)

    assert (ended.status, ended.out) == (2, "")
    assert "'n'" in ended.errors[0]


@pytest.mark.parametrize("name", ["01-hello", "03-train", "10-loops"])
def test_numbers_on_argo_are_those_of_compile(name: str, tmp_path: Path) -> None:
    file = str(EXAMPLES / name / "pipeline.yaml")

    planned = argosy("plan", file, cwd=tmp_path)
    made = argosy("compile", file, "--stats", cwd=tmp_path)

    lines = planned.out.splitlines()
    assert lines[lines.index("on Argo") + 1 :] == [f"  {line}" for line in made.err.splitlines()]


def test_a_pipeline_too_large_to_travel_inside_is_sized_as_in_a_store(tmp_path: Path) -> None:
    names = {f"say-{number}-{hash_of(number)}": "true" for number in range(800)}
    (tmp_path / "p.json").write_text(shell_pipeline("large", names))

    planned = argosy("plan", "p.json", "-o", "json", cwd=tmp_path)
    made = argosy("compile", "p.json", cwd=tmp_path)

    assert "use --store URL to put it there" in made.errors[0]
    assert planned.result["argo"]["ir_bytes"] > 32 * 1024


def hash_of(number: int) -> str:
    """Return a text that does not get shorter where it is packed."""
    return hashlib.sha256(str(number).encode()).hexdigest()


def nested_loops() -> str:
    """Return the IR of a pipeline with a loop over its input ``items``, and one in that."""
    document = json.loads(shell_pipeline("loops", {"say": "true"}))
    tasks = document["root"]["dag"]["tasks"]
    say = tasks.pop("say")
    listed = {"inputDefinitions": {"parameters": {"items": {"parameterType": "LIST"}}}}
    given = {"inputs": {"parameters": {"items": {"componentInputParameter": "items"}}}}
    looped = json.loads(json.dumps(listed))
    looped["inputDefinitions"]["parameters"]["item"] = {"parameterType": "NUMBER_INTEGER"}

    def loop(key: str, component: str) -> dict[str, object]:
        return {
            "taskInfo": {"name": key},
            "componentRef": {"name": component},
            **given,
            "parameterIterator": {"items": {"inputParameter": "items"}, "itemInput": "item"},
        }

    tasks["outer"] = loop("outer", "comp-outer")
    document["root"] |= listed
    document["components"] |= {
        "comp-outer": {"dag": {"tasks": {"inner": loop("inner", "comp-inner")}}, **looped},
        "comp-inner": {"dag": {"tasks": {"say": say}}, **looped},
    }
    return json.dumps(document)


def test_words_and_paths_of_what_does_not_run_are_those_of_the_run(tmp_path: Path) -> None:
    document = json.loads(nested_loops())
    task = document["root"]["dag"]["tasks"]["outer"]
    condition = "inputs.parameter_values['items'] == 'no'"
    task["triggerPolicy"] = {"condition": condition}
    document["components"]["comp-group"] = {
        "dag": {"tasks": {"outer": {**task, "triggerPolicy": {}}}},
        "inputDefinitions": document["root"]["inputDefinitions"],
    }
    group = {key: task[key] for key in ("inputs", "triggerPolicy")}
    document["root"]["dag"]["tasks"]["group"] = {
        "taskInfo": {"name": "group"},
        "componentRef": {"name": "comp-group"},
        **group,
    }
    (tmp_path / "p.json").write_text(json.dumps(document))
    words = ("p.json", "-p", "items=[1]", "-o", "json")

    planned = argosy("plan", *words, cwd=tmp_path)
    ran = argosy("run", *words, cwd=tmp_path)

    assert verdicts(planned) == {
        task["path"]: task["state"].lower().replace("_", " ") for task in ran.result["tasks"]
    }
    assert verdicts(planned) == {
        "group": "skipped",
        "group/outer": "not run",
        "group/outer/inner": "not run",
        "group/outer/inner/say": "not run",
        "outer": "skipped",
        "outer/inner": "not run",
        "outer/inner/say": "not run",
    }


def test_paths_are_those_of_the_run_but_for_iterations_and_groups_are_told_by_what_is_in_them(
    tmp_path: Path,
) -> None:
    run("10-loops", "-p", "count=2", cwd=tmp_path)

    planned = plan("10-loops", "-p", "count=2", cwd=tmp_path)
    ran = run("10-loops", "-p", "count=2", cwd=tmp_path)

    rows = {task["path"]: task for task in ran.result["tasks"]}
    assert {path for path, row in rows.items() if row["kind"] == "iteration"} == {
        "for-loop-1/0",
        "for-loop-1/1",
    }
    assert set(planned) == {path for path, row in rows.items() if row["kind"] != "iteration"}
    loop = rows["for-loop-1"]
    assert (planned["for-loop-1"], loop["state"], loop["cached"]) == ("cached", "SUCCEEDED", False)


def test_importers_count_as_tasks_in_plan_and_run(tmp_path: Path) -> None:
    file = str(EXAMPLES / "06-importer" / "pipeline.yaml")
    (tmp_path / "lines").write_text("one\n")
    words = (file, "-p", f"uri={tmp_path / 'lines'}")

    planned = argosy("plan", *words, cwd=tmp_path)
    ran = argosy("run", *words, cwd=tmp_path)

    assert "2 tasks: 1 run, 1 register" in planned.out.splitlines()
    assert "(2 tasks: 2 succeeded)" in ran.out
