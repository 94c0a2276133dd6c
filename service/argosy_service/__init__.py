"""The service: a KFP-conformant backend in one process.

Nothing outside this room imports it but the command ``argosy serve``: what it needs is the
extra ``service`` of the package.
"""
