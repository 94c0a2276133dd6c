"""Make templates one that are alike but for texts, which come in as inputs then."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from argosy_compiler.argo.expressions import COUNT_INPUT, INDEX_INPUT
from argosy_compiler.argo.names import Names, without_number
from argosy_compiler.large.dividing import OUTER_INPUT
from argosy_compiler.large.general_form import general_form
from argosy_compiler.large.template_texts import Text, filled
from argosy_compiler.linting.limits import MAX_INPUTS
from argosy_compiler.plan import Template
from argosy_compiler.pods.patch import PATCH_INPUT
from argosy_schemas.pod import CONTROL, PATH_INPUT, TASK_INPUT, UPSTREAM_INPUT
from argosy_schemas.values import to_json

_LONGEST_NAME = 60
_KNOWN_INPUTS = frozenset(
    {CONTROL, COUNT_INPUT, INDEX_INPUT, OUTER_INPUT, PATCH_INPUT, PATH_INPUT}
    | {TASK_INPUT, UPSTREAM_INPUT}
)
"""Names that mean something of their own wherever they are inputs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """What a task that used a template uses in its place."""

    template: str
    arguments: Mapping[str, str]
    """Its texts, by the input that they come in as."""


def shared(
    templates: Sequence[Template], taken: frozenset[str], *, named: bool
) -> Iterator[tuple[Template, Mapping[str, Replacement]]]:
    """Yield the templates that do for ``templates``, each with whom it replaces, by their names.

    Args:
        templates: Pods under a driver, and DAGs whose tasks use templates that are shared already.
        taken: Names of other templates.
        named: As for :func:`general_form`.
    """
    groups: dict[str, list[Template]] = {}
    for template in templates:
        general = general_form(template, named=named)
        groups.setdefault(_skeleton(general), []).append(template)
    names = taken | {one["name"] for one in templates}
    for group in groups.values():
        others = names - {one["name"] for one in group}
        made = _one(group, others, named=named) if len(group) > 1 else None
        if made is None:
            yield from ((template, {}) for template in group)
        else:
            names |= {made[0]["name"]}
            yield made


def _one(
    group: Sequence[Template], taken: frozenset[str], *, named: bool
) -> tuple[Template, Mapping[str, Replacement]] | None:
    """Return one template for all of a group, unless it had too many inputs."""
    general = [general_form(template, named=named) for template in group]
    rows = [_texts(template) for template in general]
    columns = list(zip(*rows, strict=True))
    own = [dict(one) for one in group[0].get("inputs", {}).get("parameters", ())]
    names = Names({*_KNOWN_INPUTS, *(one["name"] for one in own)}, between="_")
    inputs: dict[tuple[str, ...], str] = {}
    for column in columns:
        values = tuple(text.value for text in column)
        if len(set(values)) > 1 and values not in inputs:
            inputs[values] = names.new(_input_name(column[0].label))
    if len(own) + len(inputs) > MAX_INPUTS:
        return None
    place = iter(columns)

    def fill(text: Text) -> str:
        name = inputs.get(tuple(one.value for one in next(place)))
        return text.written if name is None else text.input(name)

    name = Names(taken).new(without_number(group[0]["name"]))
    template = {
        **filled(general[0], fill),
        "name": name,
        "inputs": {"parameters": [*own, *({"name": one} for one in inputs.values())]},
    }
    return template, {
        one["name"]: Replacement(
            template=name, arguments={key: values[row] for values, key in inputs.items()}
        )
        for row, one in enumerate(group)
    }


def _skeleton(general: Template) -> str:
    kept = {key: value for key, value in general.items() if key != "name"}
    return to_json(filled(kept, lambda text: f"\0{text.form.name}\0"))


def _texts(general: Template) -> list[Text]:
    found: list[Text] = []

    def fill(text: Text) -> str:
        found.append(text)
        return text.written

    filled(general, fill)
    return found


def _input_name(label: str) -> str:
    """Return a name that also an expression can read as a member."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", label)[-_LONGEST_NAME:].lstrip("_0123456789")
    return plain or "text"
