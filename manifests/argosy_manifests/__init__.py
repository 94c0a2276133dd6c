"""What a namespace needs so that pipelines run in it: files for kustomize, and printing them."""
