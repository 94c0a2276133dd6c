"""YAML means what PyYAML, which wrote the file, takes it for; and no more than JSON can hold."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from argosy_schemas.reading.yaml_values import Refusal, UnreadableTextError, load_yaml
from argosy_schemas.values import MAX_DEPTH

SCALARS = [
    *("", "~", "null", "Null", "NULL", "nUll"),
    *("true", "True", "TRUE", "tRue", "yes", "No", "ON", "off", "y", "n"),
    *("0", "-0", "+1", "017", "08", "0b101", "0x1F", "-0x1f", "1_000", "1:30", "190:20:30"),
    *("1.", "1.5", "-.5", "+.5", "1e3", "1.0e3", "1.5e+3", "1.5E-3", "1_0.5", "1:30.5", "."),
    *("-", "+", "--", "1-2", "0o17", "0x", "1__2", "-.", "0.0", "-0.0", "\u0661"),
    *("text", "a b", "2.1.0", "<", "'5'", '"5"', '"\\u00e9"', "é"),
]


def loaded(text: str) -> object:
    """What is in the single document ``text``; nothing in it is given twice."""
    duplicates: list[Refusal] = []
    (document,) = load_yaml(text, duplicates)
    assert duplicates == []
    return document


def refused(text: str) -> tuple[str, int | None]:
    told: list[Refusal] = []
    try:
        load_yaml(text, told)
    except UnreadableTextError as error:
        told.append(error.refusal)
    (refusal,) = told
    return refusal.message, refusal.line


@pytest.mark.parametrize("text", SCALARS)
def test_a_scalar_is_what_pyyaml_takes_it_for(text: str) -> None:
    document = f"- {text}\n"

    assert repr(loaded(document)) == repr(yaml.safe_load(document))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2020-01-01", "2020-01-01"),
        ("2020-01-01T10:00:00Z", "2020-01-01T10:00:00Z"),
        ("!!str 5", "5"),
        ("!!int '5'", 5),
        ("!!float 5", 5),
        ("!!bool yes", True),
        ("!!null ''", None),
        ("!!map {a: 1}", {"a": 1}),
        ("!!seq [1]", [1]),
        ("{1: a, true: b, ~: c}", {"1": "a", "true": "b", "~": "c"}),
        ("{'<<': 1}", {"<<": 1}),
        ("[&x {a: 1}, *x]", [{"a": 1}, {"a": 1}]),
        ("[&x a, {*x : 1}]", ["a", {"a": 1}]),
        ("{&x a: 1, b: *x}", {"a": 1, "b": "a"}),
    ],
)
def test_keys_tags_merges_and_aliases(text: str, value: object) -> None:
    assert loaded(text) == value


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a: !!binary aGk=", "Tag 'tag:yaml.org,2002:binary' means nothing here; "
         "remove it", 1),
        ("a:\n  !x {}", "Tag '!x' means nothing here; remove it", 2),
        ("!!set {a}", "Tag 'tag:yaml.org,2002:set' means nothing here; remove it", 1),
        ("!!int yes", "'yes' cannot be read as a number", 1),
        ("- -.inf", "'-.inf' is not a number in JSON; quote it or remove it", 1),
        (f"- {'9' * 400}.0", f"'{'9' * 60}…' is not a number in JSON; "
         "quote it or remove it", 1),
        ("- 0b_", "'0b_' cannot be read as a number", 1),
        ("a: 1\n<<: {b: 1}", "Argosy does not merge mappings ('<<'); write the members out", 2),
        ("!!int ''", "'' cannot be read as a number", 1),
        ("!!float _", "'_' cannot be read as a number", 1),
        ("!!bool 5", "'5' cannot be read as a boolean", 1),
        ("a: 1\n? {b: c}\n: 1", "A key is a list or a mapping; make it text", 2),
        ("- &x [1]\n- *x : 1", "A key is a list or a mapping; make it text", 1),
        ("- &x\n  - a\n  - *x", "An alias contains itself; write the value out", 1),
        ("a: 1\n---\nb: *a", "This is not valid YAML: found undefined alias", 3),
    ],
)  # fmt: skip
def test_what_json_cannot_hold_is_refused_with_its_line(text: str, message: str, line: int) -> None:
    assert refused(text) == (message, line)


def test_an_anchor_ends_with_its_document() -> None:
    assert refused("- &x 1\n---\n- *x")[0] == "This is not valid YAML: found undefined alias"


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1])
def test_nesting_is_bounded(depth: int) -> None:
    text = "- " * depth + "x"

    if depth > MAX_DEPTH:
        assert refused(text)[1] == 1
    else:
        assert loaded(text)


def test_keys_given_twice_are_all_found() -> None:
    duplicates: list[Refusal] = []

    load_yaml("a:\n  b: 1\n  b: 2\na: 1\nc: {d: 1, 'd': 2}", duplicates)

    assert [(item.message, item.line) for item in duplicates] == [
        ("Key 'b' is given twice; remove one", 3),
        ("Key 'a' is given twice; remove one", 4),
        ("Key 'd' is given twice; remove one", 5),
    ]


json_documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="ascii")), inner),
    max_leaves=20,
)


@settings(deadline=None)
@given(json_documents)
def test_what_pyyaml_writes_is_read_back(value: object) -> None:
    assert loaded(yaml.safe_dump({"value": value})) == {"value": value}
