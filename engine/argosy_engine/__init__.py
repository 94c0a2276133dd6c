"""The embedded engine: interprets the compiled workflow and runs its pods as local processes.

Callers need :mod:`argosy_engine.run`, :mod:`argosy_engine.settings`, :mod:`argosy_runs.events`
and :mod:`argosy_runs.results`. They are imported by name, so that whoever needs the interpreter
alone does not load driver, launcher and store.
"""
