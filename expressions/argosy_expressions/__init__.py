"""The two expression languages of a run: CEL from KFP, and Argo's own.

* :mod:`argosy_expressions.cel`        the language of conditions and selectors in the IR
* :mod:`argosy_expressions.translate`  from CEL to the language that the Argo controller evaluates
* :mod:`argosy_expressions.argo`       evaluates Argo's language for the embedded engine

All functions are pure. Nothing is re-exported here: a driver that evaluates a condition does not
load Argo's language.
"""
