"""Every type of parameter, a default, an optional one, and text made of several values."""

from typing import Optional

from kfp import dsl


@dsl.component
def describe(
    rows: int,
    ratio: float,
    shuffle: bool,
    columns: list,
    labels: dict,
    title: str,
    comment: Optional[str] = None,
) -> str:
    return (
        f"{title}: {rows} rows, ratio {ratio}, shuffle {shuffle}, {len(columns)} columns, "
        f"labels {sorted(labels)}, comment {comment}"
    )


@dsl.pipeline(name="parameters")
def pipeline(
    rows: int,
    ratio: float = 0.8,
    shuffle: bool = True,
    columns: list = ["x", "y"],
    labels: dict = {"team": "a"},
    comment: Optional[str] = None,
) -> str:
    return describe(
        rows=rows,
        ratio=ratio,
        shuffle=shuffle,
        columns=columns,
        labels=labels,
        title=f"run {dsl.PIPELINE_JOB_NAME_PLACEHOLDER} with {rows}",
        comment=comment,
    ).output
