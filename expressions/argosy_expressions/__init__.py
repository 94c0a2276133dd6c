"""The two expression languages of a run: CEL from KFP, and Argo's own.

* :mod:`argosy_expressions.cel`        what conditions and selectors in the IR are written in
* :mod:`argosy_expressions.translate`  from there to what the Argo controller evaluates
* :mod:`argosy_expressions.argo`       the same evaluation, for the embedded engine

All functions are pure. Nothing is re-exported here: a driver that evaluates one condition need not
load Argo's language.
"""
