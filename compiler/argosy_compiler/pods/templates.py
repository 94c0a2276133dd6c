"""Pod templates: one per distinct shape, shared by all tasks of that shape.

The pod is the one of ``docs/architecture.md``: init container ``driver``, main under ``exec``,
sidecar ``launcher``, and volumes between them. It holds no argument of the user's command: ``exec``
takes those from the step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from argosy_compiler.argo.expressions import make_tag
from argosy_compiler.argo.images import map_image
from argosy_compiler.argo.names import Names
from argosy_compiler.argo.run_identity import (
    write_first_creation,
    write_run_id,
    write_run_name,
)
from argosy_compiler.argo.template_names import DECIDE_TEMPLATE, POD_TEMPLATE
from argosy_compiler.compilation import Compilation, Template
from argosy_compiler.config_objects import CONFIG_MAP, SECRET
from argosy_compiler.pods.claims import make_claim_template
from argosy_compiler.pods.isolation import (
    isolate_task,
    list_decider_mounts,
    list_home_mounts,
    list_home_variables,
    list_isolation_volumes,
    list_token_mounts,
    make_decider_settings,
    make_removal,
)
from argosy_compiler.pods.mounts import (
    PUBLISHED_MOUNT,
    Mount,
    list_ca_mounts,
    list_ca_volumes,
    list_driver_mounts,
    list_launcher_mounts,
    list_main_mounts,
    list_volumes,
)
from argosy_expressions.terms import quote
from argosy_schemas.formats.providers import encode_providers, name_secret_keys
from argosy_schemas.ir.model import RetryPolicy, Task, TriggerStrategy
from argosy_schemas.pod import (
    CA_PATH,
    CACHE_PARAMETER,
    CONTROL,
    CONTROL_PATH,
    DECIDE_COMMAND,
    DRIVER_COMMAND,
    DRIVER_CONTAINER,
    ENV_ATTEMPT,
    ENV_CA_BUNDLE,
    ENV_CACHE,
    ENV_CREATED,
    ENV_FIRST_CREATED,
    ENV_IR,
    ENV_NAME,
    ENV_PARAMETERS,
    ENV_PROVIDERS,
    ENV_RETRY,
    ENV_ROOT,
    ENV_RUN,
    ENV_STORE,
    ENV_STORE_FROM,
    ENV_STORE_SECRET,
    ENV_TASK,
    ENV_TASK_CA_BUNDLE,
    ENV_UPSTREAM,
    FINAL_MARK,
    IR_PARAMETER,
    LAUNCHER_COMMAND,
    LAUNCHER_CONTAINER,
    MAIN_COMMAND,
    MAIN_CONTAINER,
    PUBLISHED_VOLUME,
    ROOT_PARAMETER,
    STORE_PARAMETER,
    SUMMARY,
    SUMMARY_PATH,
    TASK_INPUT,
    UPSTREAM_INPUT,
    WORKSPACE_VOLUME,
)
from argosy_schemas.values import to_json

_ATTEMPT_VARIABLE = {
    "name": ENV_ATTEMPT,
    "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}},
}

_LONGEST_WAIT = timedelta(days=365)
"""Between two attempts; nobody waits longer."""


class PodTemplates:
    """Collects the pod shapes of tasks; each becomes one template."""

    def __init__(self, compilation: Compilation, names: Names) -> None:
        self._compilation = compilation
        options = compilation.options
        self._image = map_image(options.image, options.image_rules)
        self._names: dict[str, str] = {}
        self._new_names = names
        self._templates: list[Template] = []
        components = [compilation.pipeline.root, *compilation.pipeline.components.values()]
        self._artifacts = any(one.inputs.artifacts or one.outputs.artifacts for one in components)
        self._follows = any(
            task.strategy is TriggerStrategy.ALL_UPSTREAM_TASKS_COMPLETED
            for _, task in compilation.structure.tasks()
        )
        """Whether any task receives statuses of others: then every shape has an input for them."""

    def list_templates(self) -> Iterator[Template]:
        """Yield the templates in the order in which tasks first needed them."""
        yield from self._templates

    def find_step_template(self, dag: str, task: Task, *, retry: RetryPolicy | None) -> str:
        """Return the name of the template for a container task."""
        options = self._compilation.options
        fields = self._compilation.pods[(dag, task.key)]
        artifacts = self._artifacts
        mounted = fields.container.get("volumeMounts", ())
        workspace = any(mount["name"] == WORKSPACE_VOLUME for mount in mounted)
        env = self._make_driver_env()
        if retry is not None and retry.max_count > 0:
            env.append(_make_variable(ENV_RETRY, "{{retries}}"))
        template: dict[str, Any] = {
            "inputs": self._make_inputs(*fields.arguments),
            **fields.template,
            "volumes": [
                *list_volumes(artifacts=artifacts),
                *list_ca_volumes(options.ca_bundle),
                *list_isolation_volumes(options, decides=False),
                *fields.template.get("volumes", ()),
            ],
            "initContainers": [
                self._make_own_container(
                    DRIVER_CONTAINER,
                    DRIVER_COMMAND,
                    env,
                    list_driver_mounts(artifacts=artifacts, workspace=workspace),
                ),
                *(isolate_task(options, one) for one in fields.template.get("initContainers", ())),
            ],
            "container": {
                "name": MAIN_CONTAINER,
                "image": fields.image,
                "command": list(MAIN_COMMAND),
                **fields.container,
                "volumeMounts": [
                    *list_main_mounts(artifacts=artifacts),
                    *list_ca_mounts(options.ca_bundle if options.tasks_use_ca_bundle else None),
                    *list_home_mounts(options),
                    *list_token_mounts(options, mounted),
                    *mounted,
                ],
            },
            "sidecars": [
                self._make_own_container(
                    LAUNCHER_CONTAINER,
                    LAUNCHER_COMMAND,
                    [
                        _make_variable(ENV_TASK, f"{{{{inputs.parameters.{TASK_INPUT}}}}}"),
                        _make_variable(ENV_RUN, write_run_id(options.retried)),
                        _ATTEMPT_VARIABLE,
                        *self._make_store_variables(),
                    ],
                    list_launcher_mounts(artifacts=artifacts, workspace=workspace),
                )
            ],
        }
        if variables := list_home_variables(options, fields.container):
            template["container"]["env"] = [*variables, *fields.container.get("env", ())]
        template["outputs"] = _make_outputs({SUMMARY: SUMMARY_PATH})
        if self._compilation.pipeline.control:
            # All shapes can publish, so that tasks which do not publish can share them.
            template["outputs"] = _make_outputs({CONTROL: CONTROL_PATH, SUMMARY: SUMMARY_PATH})
        if retry is not None and retry.max_count > 0:
            template["retryStrategy"] = make_retry_strategy(retry)
        return self._find_name(POD_TEMPLATE, template)

    def find_deciding_template(self) -> str:
        """Return the name of the template of deciding pods."""
        options = self._compilation.options
        return self._find_name(
            DECIDE_TEMPLATE,
            {
                "inputs": self._make_inputs(),
                "volumes": [
                    {"name": PUBLISHED_VOLUME, "emptyDir": {}},
                    *list_ca_volumes(options.ca_bundle),
                    *list_isolation_volumes(options, decides=True),
                ],
                "container": {
                    **self._make_own_container(
                        MAIN_CONTAINER,
                        DECIDE_COMMAND,
                        self._make_driver_env(),
                        [PUBLISHED_MOUNT, *list_decider_mounts(options)],
                    ),
                    **make_decider_settings(options),
                },
                **make_removal(options, waits=True),
                "outputs": _make_outputs({CONTROL: CONTROL_PATH}),
            },
        )

    def find_claim_template(self, dag: str, task: Task, action: str) -> str:
        """Return the name of the template that creates or deletes a volume claim."""
        return self._find_name(
            f"{action}-claim", make_claim_template(self._compilation, dag, task, action)
        )

    def _make_own_container(
        self, name: str, command: Sequence[str], env: Sequence[Any], mounts: Sequence[Mount]
    ) -> dict[str, Any]:
        options = self._compilation.options
        return {
            "name": name,
            "image": self._image,
            "command": list(command),
            "env": env,
            "volumeMounts": [*mounts, *list_ca_mounts(options.ca_bundle)],
            **self._make_credentials(),
        }

    def _find_name(self, base: str, template: dict[str, Any]) -> str:
        key = f"{base} {to_json(template)}"
        if key not in self._names:
            name = self._names[key] = self._new_names.new(base)
            self._templates.append({"name": name, **template})
        return self._names[key]

    def _make_driver_env(self) -> list[dict[str, Any]]:
        options = self._compilation.options
        env: list[dict[str, Any]] = [
            _make_variable(ENV_TASK, f"{{{{inputs.parameters.{TASK_INPUT}}}}}"),
            _make_variable(ENV_RUN, write_run_id(options.retried)),
            _make_variable(ENV_NAME, write_run_name(options.retried)),
            _make_variable(ENV_CREATED, "{{workflow.creationTimestamp.RFC3339}}"),
            self._make_ir_variable(),
            *self._make_store_variables(),
            _make_variable(ENV_ROOT, f"{{{{workflow.parameters.{ROOT_PARAMETER}}}}}"),
            _make_variable(ENV_CACHE, f"{{{{workflow.parameters.{CACHE_PARAMETER}}}}}"),
            _ATTEMPT_VARIABLE,
        ]
        inputs = self._compilation.pipeline.root.inputs
        names = sorted([*inputs.parameters, *inputs.artifacts])
        if names:
            members = ", ".join(f"{quote(n)}: workflow.parameters[{quote(n)}]" for n in names)
            env.append(
                _make_variable(ENV_PARAMETERS, make_tag(f"sprig.b64enc(toJson({{{members}}}))"))
            )
        if options.retried is not None:
            env.append(_make_variable(ENV_FIRST_CREATED, write_first_creation(options.retried)))
        if options.store_secret is not None:
            env.append(_make_variable(ENV_STORE_SECRET, options.store_secret))
        if options.store_from is not None and options.store_from.kind == SECRET:
            env.append(_make_variable(ENV_STORE_FROM, options.store_from.name))
        if options.ca_bundle is not None and options.tasks_use_ca_bundle:
            env.append(_make_variable(ENV_TASK_CA_BUNDLE, f"{CA_PATH}/{options.ca_bundle.key}"))
        if self._follows:
            env.append(_make_variable(ENV_UPSTREAM, f"{{{{inputs.parameters.{UPSTREAM_INPUT}}}}}"))
        return env

    def _make_inputs(self, *names: str) -> dict[str, Any]:
        parameters: list[dict[str, str]] = [{"name": TASK_INPUT}, *({"name": n} for n in names)]
        if self._follows:
            parameters.append({"name": UPSTREAM_INPUT, "default": ""})
        return {"parameters": parameters}

    def _make_ir_variable(self) -> dict[str, Any]:
        if self._compilation.config_map is not None:
            name = self._compilation.config_map["metadata"]["name"]
            return {
                "name": ENV_IR,
                "valueFrom": {"configMapKeyRef": {"name": name, "key": "ir"}},
            }
        return _make_variable(ENV_IR, f"{{{{workflow.parameters.{IR_PARAMETER}}}}}")

    def _make_store_variables(self) -> list[dict[str, Any]]:
        """Return what driver and launcher have to know of stores."""
        options = self._compilation.options
        found: list[dict[str, Any]] = []
        if options.store_from is None:
            tag = f"{{{{workflow.parameters.{STORE_PARAMETER}}}}}"
            found.append(_make_variable(ENV_STORE, tag))
        if options.ca_bundle is not None:
            found.append(_make_variable(ENV_CA_BUNDLE, f"{CA_PATH}/{options.ca_bundle.key}"))
        providers = options.providers
        if not providers:
            return found
        return [
            *found,
            _make_variable(ENV_PROVIDERS, encode_providers(providers)),
            *(
                {
                    "name": name,
                    # Optional for the same reason as those below.
                    "valueFrom": {
                        "secretKeyRef": {"name": key.secret, "key": key.key, "optional": True}
                    },
                }
                for key, name in name_secret_keys(providers).items()
            ),
        ]

    def _make_credentials(self) -> dict[str, Any]:
        """Return where driver and launcher get further variables from.

        The objects are optional: the driver says that one is missing, where Kubernetes waits for it
        silently.
        """
        options = self._compilation.options
        sources: list[dict[str, Any]] = []
        if options.store_from is not None:
            is_map = options.store_from.kind == CONFIG_MAP
            field = "configMapRef" if is_map else "secretRef"
            sources.append({field: {"name": options.store_from.name, "optional": True}})
        if options.store_secret is not None:
            sources.append({"secretRef": {"name": options.store_secret, "optional": True}})
        return {"envFrom": sources} if sources else {}


def make_retry_strategy(policy: RetryPolicy) -> dict[str, Any]:
    """Return Argo's strategy for a policy.

    A fractional factor is rounded up, since Argo takes whole ones. A factor
    is at most so large that the second wait is a year: Argo has 32 bits for the factor and 292
    years for a wait, and does not check for overflow. ``maxDuration`` is left out, since Argo ends
    running attempts by it.

    A message that ends with the mark says that no attempt can succeed; Argo appends nothing to it.
    """
    strategy: dict[str, Any] = {
        "limit": str(policy.max_count),
        "retryPolicy": "Always",
        "expression": f"!(lastRetry.message endsWith '{FINAL_MARK}')",
    }
    seconds = math.ceil(min(policy.backoff, _LONGEST_WAIT) / timedelta(seconds=1))
    if seconds > 0:
        factor = min(policy.factor, _LONGEST_WAIT / timedelta(seconds=seconds))
        strategy["backoff"] = {
            "duration": f"{seconds}s",
            "factor": str(max(1, math.ceil(factor))),
        }
    return strategy


def _make_variable(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "value": value}


def _make_outputs(paths: Mapping[str, str]) -> dict[str, Any]:
    """Return the output parameters of a pod: name to the file that Argo reads."""
    return {
        "parameters": [
            {"name": name, "valueFrom": {"path": path, "default": ""}}
            for name, path in paths.items()
        ]
    }
