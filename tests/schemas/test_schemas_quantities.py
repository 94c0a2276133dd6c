"""Amounts as Kubernetes writes them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from argosy_schemas.quantities import read_quantity


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("500m", Fraction(1, 2)),
        ("1.5", Fraction(3, 2)),
        ("2Gi", 2 * 1024**3),
        ("3k", 3000),
        ("1e3", 1000),
        ("1E", 10**18),
        ("1E3", 1000),
        (".5", Fraction(1, 2)),
        ("-1n", Fraction(-1, 10**9)),
    ],
)
def test_an_amount_is_what_kubernetes_reads(text: str, amount: Fraction | int) -> None:
    assert read_quantity(text) == amount


@pytest.mark.parametrize("text", ["", "Gi", "1 Gi", "1gi", "one"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        read_quantity(text)
