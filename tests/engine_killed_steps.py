"""The pipeline of the tests that kill engines: twelve tasks in four layers, all of which count."""

from __future__ import annotations

from pathlib import Path

from engine_steps import Step


def steps(marks: Path) -> dict[str, Step]:
    """Return tasks that leave a line below ``marks`` for each time they run."""
    made: dict[str, Step] = {}
    for number in range(12):
        letter = chr(ord("a") + number)
        above = f"t{number - 1}"
        script = (
            f"echo run >> {marks}/t{number}; sleep 0.04; printf %s ${{in_x-}}{letter} > $out_sum"
        )
        made[f"t{number}"] = Step(
            script=script,
            outputs=("sum",),
            inputs={"x": (above, "sum")} if number else {},
        )
    return made
