"""Tasks have one fingerprint exactly if their components see the same inputs.

What a component sees is its executor input, which it gets as its only argument. Inputs are changed
step by step, each time in one place or in none, and the fingerprint must follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Final

import pytest

from argosy_driver.preparing.paths import ClusterPaths
from argosy_driver.preparing.prepare import preview_task
from argosy_schemas.formats.records import Artifact, Values
from argosy_schemas.ir.model import ArtifactType
from argosy_schemas.names import ArtifactUri, TaskPath
from argosy_schemas.values import JsonValue
from driver_support import (
    DATASETS,
    STARTED,
    World,
    dag,
    given,
    given_artifact,
    leaf,
    pipeline,
    task,
)

PARAMETERS: Final = {
    "text": "STRING",
    "number": "NUMBER_DOUBLE",
    "flag": "BOOLEAN",
    "items": "LIST",
    "members": "STRUCT",
}
ARTIFACTS: Final = ("one", "two")

_TEXTS: Final = ("", "a", "b", "1", "null", "true", "{}", "[]", "<", "\\u003c", "é", "a,b", '"')
_SCALARS: Final[tuple[JsonValue, ...]] = (*_TEXTS, None, True, False, 0, 1, -1, 0.5, 1e21, 2**53)
_SCHEMAS: Final = ("", "type: object", "title: a")
# No store reads them, so their bytes have no version.
_URIS: Final = tuple(
    ArtifactUri(uri) for uri in ("hf://a", "hf://a/b", "hf://b", "oci://a", "oci://b")
)


def make_world() -> World:
    """Return a run of one task that gets the inputs of the run."""
    optional = {
        name: {"parameterType": kind, "isOptional": True} for name, kind in PARAMETERS.items()
    }
    artifacts = {name: {**DATASETS, "isOptional": True} for name in ARTIFACTS}
    passed = task(
        "comp-t",
        {name: given(name) for name in PARAMETERS},
        {name: given_artifact(name) for name in ARTIFACTS},
        cachingOptions={"enableCache": True},
    )
    root = dag({"t": passed}, optional, artifacts=artifacts)
    return World(
        pipeline(root, {"comp-t": leaf(optional, artifacts=artifacts, args=["{{$}}"])}),
        root="memory://fingerprints/root",
    )


def preview(world: World, inputs: Values) -> tuple[str, str]:
    """Return the executor input that the component gets, and the fingerprint of its task."""
    world.run = replace(world.run, parameters=inputs.parameters, artifacts=inputs.artifacts)
    step = preview_task(
        TaskPath("t"),
        resolver=world.resolver(),
        store=world.store,
        stores=world.stores,
        paths=ClusterPaths(),
        now=lambda: STARTED,
    )
    assert step.fingerprint is not None, step.failure
    return step.argv[-1], step.fingerprint


# Random inputs.


def random_json(random: Random, depth: int = 2) -> JsonValue:
    kind = random.random() if depth else 1
    if kind < 0.2:
        return [random_json(random, depth - 1) for _ in range(random.randrange(3))]
    if kind < 0.4:
        return random_members(random, depth - 1)
    return random.choice(_SCALARS)


def random_members(random: Random, depth: int = 2) -> dict[str, JsonValue]:
    names = random.sample(_TEXTS, random.randrange(4))
    return {name: random_json(random, depth) for name in names}


def random_parameter(random: Random, name: str) -> JsonValue:
    match PARAMETERS[name]:
        case "STRING":
            return random.choice(_TEXTS)
        case "NUMBER_DOUBLE":
            return random.choice((0, 1, -1, 0.5, 1e21, 1e-7))
        case "BOOLEAN":
            return random.choice((True, False))
        case "LIST":
            return [random_json(random) for _ in range(random.randrange(4))]
        case _:
            return random_members(random)


def random_artifact(random: Random) -> Artifact:
    return Artifact(
        name=random.choice(_TEXTS),
        uri=random.choice(_URIS),
        type=ArtifactType(
            schema_title=random.choice(("", "system.Dataset", "system.Model")),
            instance_schema=random.choice(_SCHEMAS),
            schema_version=random.choice(("", "0.0.1", "0.0.2")),
        ),
        metadata=random_members(random),
    )


# Changes, each in one place; some of them change nothing.


def change_parameter(inputs: Values, random: Random) -> Values:
    name = random.choice(tuple(PARAMETERS))
    return replace(inputs, parameters={**inputs.parameters, name: random_parameter(random, name)})


def leave_parameter_out(inputs: Values, random: Random) -> Values:
    name = random.choice(tuple(PARAMETERS))
    rest = {key: value for key, value in inputs.parameters.items() if key != name}
    return replace(inputs, parameters=rest)


def change_list(inputs: Values, random: Random) -> Values:
    name = random.choice(ARTIFACTS)
    items = list(inputs.artifacts.get(name, ()))
    match random.randrange(4):
        case 0 if items:
            items.pop(random.randrange(len(items)))
        case 1:
            random.shuffle(items)
        case 2 if items:
            items.append(random.choice(items))
        case _:
            items.append(random_artifact(random))
    return replace(inputs, artifacts={**inputs.artifacts, name: tuple(items[:3])})


def exchange_lists(inputs: Values, random: Random) -> Values:
    one, two = random.sample(ARTIFACTS, 2)
    exchanged: Mapping[str, str] = {one: two, two: one}
    return replace(
        inputs, artifacts={exchanged[name]: items for name, items in inputs.artifacts.items()}
    )


def change_artifact(inputs: Values, random: Random) -> Values:
    name = random.choice(ARTIFACTS)
    items = list(inputs.artifacts.get(name, ()))
    if not items:
        return inputs
    at, other = random.randrange(len(items)), random_artifact(random)
    kept = items[at]
    match random.randrange(6):
        case 0:
            items[at] = replace(kept, name=other.name)
        case 1:
            items[at] = replace(kept, uri=other.uri)
        case 2:
            items[at] = replace(kept, type=other.type)
        case 3:
            items[at] = replace(
                kept, type=replace(kept.type, schema_version=other.type.schema_version)
            )
        case _:
            items[at] = replace(kept, metadata=change_metadata(kept.metadata, random))
    return replace(inputs, artifacts={**inputs.artifacts, name: tuple(items)})


def change_metadata(metadata: Mapping[str, JsonValue], random: Random) -> dict[str, JsonValue]:
    """Return metadata with one member more, less, changed or renamed, or in another order."""
    members = list(metadata.items())
    random.shuffle(members)
    match random.randrange(3):
        case 0 if members:
            members.pop()
        case 1 if members:
            members.append((random.choice(_TEXTS), members.pop()[1]))
        case _:
            members.append((random.choice(_TEXTS), random_json(random)))
    return dict(members)


CHANGES: Final[tuple[Callable[[Values, Random], Values], ...]] = (
    change_parameter,
    leave_parameter_out,
    change_list,
    exchange_lists,
    change_artifact,
    change_artifact,
    change_artifact,
)


def check_fingerprints(changes: int, seed: int) -> None:
    world, random = make_world(), Random(seed)
    fingerprint_of: dict[str, str] = {}
    inputs = Values()
    for _ in range(changes):
        inputs = random.choice(CHANGES)(inputs, random)

        seen, fingerprint = preview(world, inputs)

        assert fingerprint_of.setdefault(seen, fingerprint) == fingerprint, seen
    assert len(set(fingerprint_of.values())) == len(fingerprint_of), "inputs share a fingerprint"
    assert changes * 0.3 < len(fingerprint_of) < changes, "too few inputs, or none of them twice"


def test_inputs_that_differ_for_a_component_never_share_a_fingerprint() -> None:
    check_fingerprints(500, seed=1)


@pytest.mark.nightly
def test_ten_thousand_changed_inputs_never_share_a_fingerprint() -> None:
    check_fingerprints(10_000, seed=2)
