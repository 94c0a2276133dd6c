"""What may be done with experiments, pipelines, runs and schedules.

Each method of the API is one function ``(context, request) -> response`` on the messages of
:mod:`argosy_service.protos`; both transports call it. Rules live here: names, uniqueness, states.
Nothing here knows HTTP, gRPC or how a run takes place.
"""
