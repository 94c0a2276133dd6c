"""What only a service has: pipelines, versions, experiments, and a read model of runs.

SQLAlchemy Core on SQLite or PostgreSQL. No rule of the API lives here.
"""
