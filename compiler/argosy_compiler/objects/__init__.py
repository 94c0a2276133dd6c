"""Objects of Argo that hold a compiled workflow, and what installations change in it."""
