"""The ``argosy`` command: arguments in, calls to the rooms below, text out; no logic of its own."""
