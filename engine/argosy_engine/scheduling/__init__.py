"""The loop that carries out what the controller decides: ready queue, timers, stop."""
