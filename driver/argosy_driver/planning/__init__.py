"""What each task of a run would do, without running anything."""
