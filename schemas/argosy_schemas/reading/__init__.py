"""A compiled pipeline file, read into a :class:`~argosy_schemas.ir.model.Pipeline`."""
