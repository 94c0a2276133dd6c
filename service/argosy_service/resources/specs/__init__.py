"""Pipeline specs: where they come from, and what of their parameters a run may set."""
