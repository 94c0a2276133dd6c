"""``argosy plan``: what a run would do, and that it does just that."""

import copy
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
        "inner": ("run or cached", None),
        "inner/condition-1": ("run or cached", None),
        "inner/condition-1/condition-2": (
            "unknown",
            "input 'pipelinechannel--word' depends on 'say'",
        ),
        "inner/condition-1/condition-2/say": ("unknown", None),
        "inner/say-2": (
            "run or cached",
            "'inner/condition-1/condition-2/say' may do the same",
        ),
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
    assert ended.result["argo"]["pods"] == {
        "certain": 3,
        "possible": 0,
        "open_loops": [{"path": "for-loop-2", "per_iteration": 3}],
        "deciding": 0,
    }


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
    assert ended.result["argo"]["pods"]["certain"] == 3


def test_of_tasks_that_do_the_same_each_may_be_served_by_another(tmp_path: Path) -> None:
    ended = golden("exits/ignoring", cwd=tmp_path)

    first, second = ended.task("for-loop-2/0/say"), ended.task("for-loop-2/1/say")
    assert (first["verdict"], first["reason"]) == (
        "run or cached",
        "'for-loop-2/1/say' does the same",
    )
    assert (second["verdict"], second["reason"]) == (
        "run or cached",
        "'for-loop-2/0/say' does the same",
    )
    assert first["fingerprint"] == second["fingerprint"]
    assert ended.task("for-loop-2")["verdict"] == "run or cached"


def alike(**after: str) -> Json:
    """Return tasks that do the same, each after another one, or after none where it says ''."""
    scripts = {key: 'printf x > "$0"' for key in after}
    after = {key: before for key, before in after.items() if before}
    document: Json = json.loads(shell_pipeline("alike", scripts, after=after))
    for task in document["root"]["dag"]["tasks"].values():
        task["cachingOptions"] = {"enableCache": True}
    return document


def test_a_task_for_which_all_that_do_the_same_wait_runs(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps(alike(c="", b="c", a="b")))

    planned = argosy("plan", "p.json", "-o", "json", cwd=tmp_path)
    ran = argosy("run", "p.json", "-o", "json", cwd=tmp_path)

    assert verdicts(planned) == {"a": "run or cached", "b": "run or cached", "c": "run"}
    assert planned.task("a")["reason"] == "'c' does the same"
    assert [ran.task(path)["cached"] for path in "cba"] == [False, True, True]


def test_a_task_for_which_not_all_that_do_the_same_wait_may_be_cached(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps(alike(a="", b="a", c="")))

    planned = argosy("plan", "p.json", "-o", "json", cwd=tmp_path)

    assert set(verdicts(planned).values()) == {"run or cached"}


def looped(component: Json, *, items: list[str]) -> Json:
    """Return a pipeline of one loop over a component of tasks that are cached."""
    for task in component["dag"]["tasks"].values():
        task["cachingOptions"] = {"enableCache": True}
    component["inputDefinitions"] = {"parameters": {"item": {"parameterType": "STRING"}}}
    document: Json = json.loads(shell_pipeline("looped", {"say": 'printf %s "$1" > "$0"'}))
    container = document["deploymentSpec"]["executors"]["exec-say"]["container"]
    container["args"].append("{{$.inputs.parameters['text']}}")
    document["components"]["comp-say"]["inputDefinitions"] = {
        "parameters": {"text": {"parameterType": "STRING"}}
    }
    document["components"]["comp-body"] = component
    document["root"]["dag"]["tasks"] = {
        "loop": {
            "taskInfo": {"name": "loop"},
            "componentRef": {"name": "comp-body"},
            "parameterIterator": {"items": {"raw": json.dumps(items)}, "itemInput": "item"},
        }
    }
    return document


def say(key: str, text: Json, **more: Any) -> Json:
    return {
        key: {
            "taskInfo": {"name": key},
            "componentRef": {"name": "comp-say"},
            "inputs": {"parameters": {"text": text}},
            **more,
        }
    }


def test_what_is_new_in_each_run_may_be_the_same_twice_in_one(tmp_path: Path) -> None:
    name = {"runtimeValue": {"constant": "{{$.pipeline_job_name}}"}}
    document = looped({"dag": {"tasks": say("named", name)}}, items=["a", "b"])
    (tmp_path / "p.json").write_text(json.dumps(document))

    planned = argosy("plan", "p.json", "-o", "json", cwd=tmp_path)
    ran = argosy("run", "p.json", "-o", "json", "-j", "1", cwd=tmp_path)

    assert sorted(
        task["cached"] for task in ran.result["tasks"] if task["kind"] == "container"
    ) == [False, True]
    assert [
        (planned.task(path)["verdict"], planned.task(path)["fingerprint"])
        for path in ("loop/0/named", "loop/1/named")
    ] == [("run or cached", None)] * 2


def test_final_statuses_of_one_run_may_be_the_same(tmp_path: Path) -> None:
    item = {"componentInputParameter": "item"}
    status = {"taskFinalStatus": {"producerTask": "work"}}
    in_any_case = {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}
    told = say("told", status, triggerPolicy=in_any_case, dependentTasks=["work"])
    body = {"dag": {"tasks": {**say("work", item), **told}}}
    (tmp_path / "p.json").write_text(json.dumps(looped(body, items=["a", "b"])))

    planned = argosy("plan", "p.json", "-o", "json", cwd=tmp_path)
    ran = argosy("run", "p.json", "-o", "json", "-j", "1", cwd=tmp_path)

    assert sorted(ran.task(f"loop/{index}/told")["cached"] for index in (0, 1)) == [False, True]
    assert {path: planned.task(path)["verdict"] for path in verdicts(planned)} == {
        "loop": "run",
        "loop/0/told": "run or cached",
        "loop/0/work": "run",
        "loop/1/told": "run or cached",
        "loop/1/work": "run",
    }
    assert planned.task("loop/0/told")["reason"] == "'loop/1/told' may do the same"


def constant(text: str) -> Json:
    return {"runtimeValue": {"constant": text}}


GIVEN = {"taskOutputParameter": {"producerTask": "give", "outputParameterKey": "text"}}


def with_given(*known: Json, inner: Json | None = None, **more: Json) -> Json:
    """Return tasks ``known`` beside ``give``, which puts out ``yes``, and ``slow``.

    Args:
        known: Tasks.
        inner: Those of a group ``group`` that runs where ``yes`` is put out.
        more: Merged into the tasks of these keys.
    """
    body = inner or say("said", constant("no"))
    document = looped({"dag": {"tasks": body}}, items=[])
    items = {"items": {"parameterType": "LIST", "isOptional": True}}
    document["components"]["comp-body"]["inputDefinitions"]["parameters"] |= items
    scripts = {"give": 'printf yes > "$0"', "slow": 'sleep 1; echo > "$0"'}
    extra = json.loads(shell_pipeline("given", scripts))
    document["components"] |= extra["components"]
    document["deploymentSpec"]["executors"] |= extra["deploymentSpec"]["executors"]
    tasks = extra["root"]["dag"]["tasks"]
    if inner is not None:
        tasks["group"] = {
            "taskInfo": {"name": "group"},
            "componentRef": {"name": "comp-body"},
            "dependentTasks": ["give"],
            "inputs": {"parameters": {"item": GIVEN}},
            "triggerPolicy": {"condition": "inputs.parameter_values['item'] == 'yes'"},
        }
    for each in known:
        tasks |= copy.deepcopy(each)
    for key, task in tasks.items():
        task["cachingOptions"] = {"enableCache": True}
        task |= more.get(key, {})
    document["root"]["dag"]["tasks"] = tasks
    return document


KNOWN = say("known", constant("yes"), dependentTasks=["slow"])
OPEN = say("open", GIVEN, dependentTasks=["give"])
SPLIT = "parseJson(string_value)"
LOOP = {
    "group": {
        "triggerPolicy": {},
        "inputs": {"parameters": {"items": GIVEN | {"parameterExpressionSelector": SPLIT}}},
        "parameterIterator": {"items": {"inputParameter": "items"}, "itemInput": "item"},
    }
}


@pytest.mark.parametrize(
    ("document", "other"),
    [
        (with_given(KNOWN, OPEN), "open"),
        (with_given(KNOWN, inner=say("known", constant("yes"))), "group/known"),
        (with_given(KNOWN, inner=say("known", {"componentInputParameter": "item"})), "group/known"),
    ],
    ids=["an input", "whether it runs", "both"],
)
def test_what_may_turn_out_to_do_the_same_may_come_first(
    document: Json, other: str, tmp_path: Path
) -> None:
    (tmp_path / "p.json").write_text(json.dumps(document))

    planned = argosy("plan", "p.json", "-o", "json", cwd=tmp_path)
    ran = argosy("run", "p.json", "-o", "json", cwd=tmp_path)

    known = planned.task("known")
    assert (known["verdict"], known["reason"]) == ("run or cached", f"'{other}' may do the same")
    assert (ran.task("known")["cached"], ran.task(other)["cached"]) == (True, False)


def test_iterations_that_cannot_be_counted_may_come_first(tmp_path: Path) -> None:
    document = with_given(KNOWN, inner=say("known", constant("yes")), **LOOP)
    (tmp_path / "p.json").write_text(json.dumps(document))

    planned = argosy("plan", "p.json", "-o", "json", cwd=tmp_path)

    known = planned.task("known")
    assert (known["verdict"], known["reason"]) == (
        "run or cached",
        "'group/*/known' may do the same",
    )


def with_mark(task: Json, mark: str) -> Json:
    """Return a task that is told a text of which it makes nothing, too."""
    ((key, one),) = task.items()
    return {
        key: {
            **one,
            "inputs": {"parameters": {**one["inputs"]["parameters"], "mark": constant(mark)}},
        }
    }


@pytest.mark.parametrize(
    "document",
    [
        with_given(KNOWN, inner=say("known", constant("no"))),
        with_given(KNOWN, inner=say("known", constant("no")), **LOOP),
        with_given(with_mark(KNOWN, "a"), with_mark(OPEN, "b")),
        with_given(with_mark(KNOWN, "a"), OPEN),
        with_given(KNOWN, with_mark(OPEN, "b")),
        with_given(KNOWN, OPEN, open={"dependentTasks": ["give", "known"]}),
        with_given(KNOWN, OPEN, open={"cachingOptions": {}}),
        with_given(KNOWN, OPEN, open={"cachingOptions": {"enableCache": True, "cacheKey": "a"}}),
        with_given(
            KNOWN,
            say("slow", GIVEN),
            known={"dependentTasks": []},
            slow={"componentRef": {"name": "comp-slow"}},
        ),
    ],
    ids=[
        "another constant",
        "another constant in a loop",
        "another constant beside what is not known",
        "an input more",
        "an input less",
        "a task that waits",
        "a task without the cache",
        "a task with a key",
        "another component",
    ],
)
def test_what_can_never_do_the_same_or_come_first_does_not_count(
    document: Json, tmp_path: Path
) -> None:
    (tmp_path / "p.json").write_text(json.dumps(document))

    planned = argosy("plan", "p.json", "-o", "json", cwd=tmp_path)

    assert planned.task("known")["verdict"] == "run"


@pytest.mark.parametrize(("key", "verdict"), [("a", "run or cached"), ("b", "run")])
def test_of_tasks_with_keys_nothing_else_counts(key: str, verdict: str, tmp_path: Path) -> None:
    keys = {
        name: {"cachingOptions": {"enableCache": True, "cacheKey": of_task}}
        for name, of_task in {"known": "a", "open": key}.items()
    }
    document = with_given(KNOWN, with_mark(OPEN, "b"), **keys)
    (tmp_path / "p.json").write_text(json.dumps(document))

    planned = argosy("plan", "p.json", "-o", "json", cwd=tmp_path)

    assert planned.task("known")["verdict"] == verdict


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
    ] == [(path, "run", "it is told what is new in each run", None) for path in given]


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

    assert ended.task("read")["reason"] == "it is told what is new in each run"


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


def test_what_only_a_cluster_runs_is_planned_with_a_note(tmp_path: Path) -> None:
    file = str(GOLDEN / "kubernetes" / "claims.ir.yaml")

    ended = argosy("plan", file, cwd=tmp_path)

    assert ended.status == 0
    assert ended.out.splitlines()[:4] == [
        "run            createpvc  makes or removes a volume claim",
        "run            deletepvc  makes or removes a volume claim",
        "run            say        it is told what is new in each run",
        "3 tasks: 3 run",
    ]
    assert "  pods: 3" in ended.out.splitlines()
    assert ended.err == (
        "note: argosy run does not run it: template 'create-claim': 'resource' creates or deletes"
        " a Kubernetes object, which needs a cluster\n"
    )


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
    assert ended.result["argo"]["pods"]["certain"] == 1


def test_a_loop_over_nothing_is_empty_and_what_follows_runs(tmp_path: Path) -> None:
    run("10-loops", "-p", "count=0", cwd=tmp_path)

    assert plan("10-loops", "-p", "count=0", cwd=tmp_path) == {
        "for-loop-1": "empty",
        "numbers": "cached",
        "total": "cached",
    }


def test_what_argo_could_not_hold_is_planned_all_the_same(tmp_path: Path) -> None:
    source = (GOLDEN / "loops" / "static.ir.yaml").read_text()
    items = json.dumps([{"name": "a", "wanted": True}] * 3000)
    (tmp_path / "p.yaml").write_text(re.sub(r"raw: .*", f"raw: '{items}'", source))

    ended = argosy("plan", "p.yaml", cwd=tmp_path)

    assert ended.status == 0
    lines = ended.out.splitlines()
    assert "…              for-loop-2: 2,997 more iterations, " in ended.out
    line = next(n for n, text in enumerate(source.splitlines(), 1) if "      for-loop-2:" in text)
    assert lines[lines.index("on Argo") + 2].startswith(
        f"  refused: p.yaml:{line}: root.dag.tasks.for-loop-2: has 3,000 iterations of 4 nodes,"
        " 12,000 in all"
    )


def test_the_text_ends_with_what_the_workflow_costs_on_argo(tmp_path: Path) -> None:
    ended = argosy("plan", str(EXAMPLES / "03-train" / "pipeline.yaml"), cwd=tmp_path)

    assert ended.status == 0
    lines = ended.out.splitlines()
    assert lines[0] == "run or cached  evaluate  input 'model' depends on 'fit'"
    assert "  pods: 4" in lines
    assert any(line.startswith("  bytes of the workflow: ") for line in lines)


def test_a_plan_refuses_what_a_run_refuses(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(
        shell_pipeline("p", {"a": "true"}, inputs='{"n": {"parameterType": "NUMBER_INTEGER"}}')
    )

    ended = argosy("plan", "p.json", "-p", "n=x", cwd=tmp_path)

    assert (ended.status, ended.out) == (2, "")
    assert "'n'" in ended.errors[0]


def on_argo(ended: Ended) -> dict[str, tuple[int, int]]:
    limits = ended.result["argo"]["limits"]
    return {one["name"]: (one["value"], one["maximum"]) for one in limits}


@pytest.mark.parametrize("name", ["basics/retries", "conditions/nested"])
def test_nodes_are_those_that_compile_counts_where_it_knows_all(name: str, tmp_path: Path) -> None:
    ended = golden(name, cwd=tmp_path)

    made = argosy("compile", str(GOLDEN / f"{name}.ir.yaml"), "--stats", cwd=tmp_path)
    (line,) = [line for line in made.err.splitlines() if line.startswith("nodes: ")]
    value, maximum = on_argo(ended)["nodes"]
    assert line.startswith(f"nodes: {value:,} of {maximum:,} ")


@pytest.mark.parametrize("name", ["01-hello", "03-train", "10-loops"])
def test_a_workflow_has_the_size_that_compile_gives_it(name: str, tmp_path: Path) -> None:
    file = str(EXAMPLES / name / "pipeline.yaml")

    planned = argosy("plan", file, cwd=tmp_path)
    made = argosy("compile", file, "--stats", cwd=tmp_path)

    sizes = ("workflow: ", "bytes of the ")
    expected = [line for line in made.err.splitlines() if line.startswith(sizes)]
    assert expected[0].startswith(f"workflow: {len(made.out.rstrip()):,} bytes; ")
    lines = [line.strip() for line in planned.out.splitlines()]
    assert [line for line in lines if line.startswith(sizes)] == expected


def test_a_pipeline_too_large_to_travel_inside_is_sized_as_in_a_store(tmp_path: Path) -> None:
    names = {f"say-{number}-{hash_of(number)}": "true" for number in range(800)}
    (tmp_path / "p.json").write_text(shell_pipeline("large", names))

    planned = argosy("plan", "p.json", "-o", "json", cwd=tmp_path)
    made = argosy("compile", "p.json", cwd=tmp_path)

    assert "use --store URL to put it there" in made.errors[0]
    assert planned.result["argo"]["refusal"] is None
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


def test_a_loop_that_argo_would_stop_is_refused_with_its_numbers(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(nested_loops())

    def plan_of(count: int, *words: str) -> Ended:
        items = json.dumps(list(range(count)))
        return argosy("plan", "p.json", "-p", f"items={items}", *words, cwd=tmp_path)

    refusal = (
        "'outer/0/inner' has 60 items in each of 60 iterations, and Argo would stop it:"
        " --max-nodes allows 2,000 in all"
    )
    small, large = plan_of(3, "-o", "json"), plan_of(60, "-o", "json")
    assert (small.status, large.status) == (0, 0)
    assert small.result["argo"]["refusal"] is None
    # The run, the loop and its group, and in each iteration a DAG, a loop, and what is in that.
    assert on_argo(small)["nodes"] == (1 + 2 + 3 * (1 + 2 + 3 * 2), 4000)
    assert large.result["argo"]["refusal"].splitlines()[0] == refusal
    lines = plan_of(60).out.splitlines()
    assert f"  refused: {refusal}" in lines
    assert "  nodes: 7,383 of 4,000 (184.6 %)" in lines


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
