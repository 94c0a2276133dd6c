"""The KFP API v2beta1 as ``.proto`` files, and what ``scripts/generate_protos.py`` makes of them.

The files are the one definition of the API: messages, methods, and by ``google.api.http`` the paths
of the REST API. The modules ``*_pb2`` beside them are generated; a test compares.
"""
