"""What goes on without anybody asking: runs are submitted, watched, stopped and removed.

Every job is idempotent: it reads from the database what is to be done, does it, and writes down
what came of it; a service that was killed in between does it again.
"""
