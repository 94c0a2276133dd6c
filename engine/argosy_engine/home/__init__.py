"""What a run keeps on disk: its directory, its journal, its inputs."""
