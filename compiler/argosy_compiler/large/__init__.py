"""Fit a workflow into what the full CRDs of Argo 4 take: 200 templates, 200 tasks in one DAG.

A DAG of more tasks is divided into several, and templates that differ in texts alone become one.
Few pipelines are that large: :func:`fit` is the only door, and only they come through it.
"""

from argosy_compiler.large.fit import fit

__all__ = ["fit"]
