"""What keeps the containers of a pod apart, beside what the standard asks for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from argo_pods import find_incomplete, make_pods
from argosy_compiler import CompileOptions, compile_pipeline
from argosy_compiler.container_resources import (
    ContainerResources,
    format_resources,
    parse_resources,
)
from argosy_compiler.options import DRIVER_RESOURCES, PodSecurity
from argosy_schemas.errors import InvalidArgumentError, InvalidPipelineError
from driver_support import dag, leaf, pipeline, task
from pod_security import find_violations

TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
OPTIONS = CompileOptions(store="s3://bucket")
BASELINE = CompileOptions(store="s3://bucket", pod_security=PodSecurity.BASELINE)


def make_pod(config: Any = None, options: CompileOptions = OPTIONS) -> dict[str, Any]:
    """Return the pod that Argo makes of a task: its containers by name, and the rest."""
    kubernetes = {} if config is None else {"exec-t": config}
    made = pipeline(dag({"t": task("comp-t")}), {"comp-t": leaf()}, kubernetes=kubernetes)
    ((_, pod),) = make_pods(compile_pipeline(made, options).workflow)
    assert [*find_incomplete(pod)] == []
    spec = pod["spec"]
    containers = {one["name"]: one for one in (*spec["initContainers"], *spec["containers"])}
    return {**pod, "containers": containers}


def mounted(container: Any) -> dict[str, str]:
    return {one["mountPath"]: one["name"] for one in container["volumeMounts"]}


def test_main_has_a_user_and_a_home_that_it_can_write() -> None:
    pod = make_pod()
    main = pod["containers"]["main"]

    assert pod["spec"]["securityContext"]["runAsUser"] == 65532
    assert main["env"] == [{"name": "HOME", "value": "/argosy/home"}]
    assert mounted(main)["/argosy/home"] == "argosy-home"
    assert {"name": "argosy-home", "emptyDir": {}} in pod["spec"]["volumes"]
    # Its root is its own, and pip finds a directory for temporary files there.
    assert "readOnlyRootFilesystem" not in main["securityContext"]
    assert all(
        "/argosy/home" not in mounted(pod["containers"][name]) for name in ("driver", "launcher")
    )


def test_the_user_of_a_task_wins() -> None:
    pod = make_pod({"securityContext": {"runAsUser": 1000, "runAsGroup": 100}})

    assert pod["containers"]["main"]["securityContext"] == {
        "runAsUser": 1000,
        "runAsGroup": 100,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert list(find_violations(pod["spec"])) == []


@pytest.mark.parametrize(
    ("context", "setting"),
    [({"runAsUser": 0}, "runAsUser: 0"), ({"runAsNonRoot": False}, "runAsNonRoot: false")],
)
def test_a_task_that_asks_for_root_is_refused_unless_the_namespace_allows_it(
    context: Any, setting: str
) -> None:
    with pytest.raises(InvalidPipelineError) as caught:
        make_pod({"securityContext": context})

    (problem,) = caught.value.problems
    assert problem.path == "root.dag.tasks.t"
    assert problem.message == (
        f"its security context has '{setting}', which a namespace that enforces 'restricted' "
        "refuses; leave it out, or compile with '--pod-security baseline'"
    )
    main = make_pod({"securityContext": context}, BASELINE)["containers"]["main"]
    assert main["securityContext"] == context


def test_a_variable_home_of_the_configuration_stays() -> None:
    config = {
        "secretAsEnv": [
            {"secretName": "s", "keyToEnv": [{"secretKey": "k", "envVar": "HOME"}]},
        ]
    }

    main = make_pod(config)["containers"]["main"]

    assert [one["valueFrom"]["secretKeyRef"]["key"] for one in main["env"]] == ["k"]


def test_only_argos_own_containers_have_the_token() -> None:
    containers = make_pod()["containers"]

    hidden = {
        name: mounted(one).get(TOKEN_PATH)
        for name, one in containers.items()
        if name
        in {
            "driver",
            "main",
            "launcher",
        }
    }
    assert hidden == dict.fromkeys(hidden, "argosy-no-token")
    assert all("volumeMounts" not in containers[name] for name in ("init", "wait"))


def test_commands_get_the_token_on_request() -> None:
    containers = make_pod(options=CompileOptions(store="s3://b", tasks_use_token=True))[
        "containers"
    ]

    assert TOKEN_PATH not in mounted(containers["main"])
    assert mounted(containers["driver"])[TOKEN_PATH] == "argosy-no-token"
    assert mounted(containers["launcher"])[TOKEN_PATH] == "argosy-no-token"


@pytest.mark.parametrize(
    "path", [TOKEN_PATH, f"{TOKEN_PATH}/", f"{TOKEN_PATH}/more", TOKEN_PATH.removeprefix("/var")]
)
def test_a_token_that_a_task_mounts_itself_stays(path: str) -> None:
    config = {"secretAsVolume": [{"secretName": "token-of-ci", "mountPath": path}]}

    found = mounted(make_pod(config)["containers"]["main"])

    assert "argosy-no-token" not in found.values()
    assert found[path.rstrip("/") if path.rstrip("/") in found else path].startswith("secret-")


def test_init_containers_of_a_task_are_kept_apart_as_its_command_is() -> None:
    config = {"initContainers": [{"name": "fetch", "image": "busybox"}]}

    restricted = make_pod(config)
    baseline = make_pod(config, BASELINE)["containers"]["fetch"]

    assert list(find_violations(restricted["spec"])) == []
    assert mounted(restricted["containers"]["fetch"]) == {TOKEN_PATH: "argosy-no-token"}
    assert "securityContext" not in baseline
    assert mounted(baseline) == {TOKEN_PATH: "argosy-no-token"}
    order = [one["name"] for one in restricted["spec"]["initContainers"]]
    assert order == ["init", "driver", "fetch"]


def test_driver_and_launcher_have_requests_and_limits() -> None:
    few = ContainerResources(requests=(("cpu", "5m"),))

    usual = make_pod()["containers"]
    other = make_pod(
        options=CompileOptions(driver_resources=few, launcher_resources=ContainerResources())
    )

    assert (
        usual["driver"]["resources"]
        == usual["launcher"]["resources"]
        == {
            "requests": {"cpu": "10m", "memory": "64Mi"},
            "limits": {"cpu": "1", "memory": "256Mi"},
        }
    )
    assert other["containers"]["driver"]["resources"] == {"requests": {"cpu": "5m"}}
    assert "resources" not in other["containers"]["launcher"]


def test_no_proxy_of_a_mesh_is_injected_unless_the_task_says_otherwise() -> None:
    label = "sidecar.istio.io/inject"

    assert make_pod()["metadata"]["labels"][label] == "false"
    asked = make_pod({"podMetadata": {"labels": {label: "true"}}})
    assert asked["metadata"]["labels"][label] == "true"


def test_the_embedded_engine_gets_none_of_it() -> None:
    made = pipeline(dag({"t": task("comp-t")}), {"comp-t": leaf()})
    options = CompileOptions(store="s3://bucket", pod_security=None)

    text = json.dumps(compile_pipeline(made, options).workflow)

    for word in ("ecurityContext", "HOME", "serviceaccount", "resources", "podSpecPatch", "istio"):
        assert word not in text


@pytest.mark.parametrize(
    ("text", "resources"),
    [
        ("", ContainerResources()),
        ("cpu=10m", ContainerResources(requests=(("cpu", "10m"),))),
        ("memory=:1Gi", ContainerResources(limits=(("memory", "1Gi"),))),
        ("cpu=10m:1,memory=64Mi:256Mi", DRIVER_RESOURCES),
        (
            "ephemeral-storage=1Gi:1Gi",
            ContainerResources(
                requests=(("ephemeral-storage", "1Gi"),), limits=(("ephemeral-storage", "1Gi"),)
            ),
        ),
    ],
)
def test_resources_are_written_in_one_line(text: str, resources: ContainerResources) -> None:
    assert parse_resources(text, option="--driver-resources") == resources
    assert format_resources(resources) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gpu=1", "write each of cpu, memory, ephemeral-storage at most once, and nothing else"),
        ("cpu=1,cpu=2", "write each of cpu"),
        ("cpu", "'cpu' has no quantity; write it like memory=64Mi:256Mi"),
        ("cpu=:", "'cpu=:' has no quantity"),
        ("memory=much", "'memory=much' has no quantity"),
        ("memory=-1Gi", "'memory=-1Gi' has no quantity"),
        ("memory=1Gi:1Mi", "'memory=1Gi:1Mi' requests more than its limit; raise the limit"),
    ],
)
def test_what_is_no_amount_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_resources(text, option="--driver-resources")

    assert str(caught.value).startswith(f"--driver-resources '{text}': {message}")
