"""Fit a workflow into what the full CRDs of Argo 4 take: 200 templates, 200 tasks in one DAG.

A DAG of more tasks is divided into several, and templates that differ in texts alone become one.
Few pipelines are that large, and only they load this package, by :func:`reduce_templates`.
"""

from argosy_compiler.large.reduce import reduce_templates

__all__ = ["reduce_templates"]
