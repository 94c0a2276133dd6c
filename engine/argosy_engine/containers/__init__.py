"""Main commands in containers of their images, by the command line of Docker or Podman."""
