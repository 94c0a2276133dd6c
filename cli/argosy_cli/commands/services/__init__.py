"""Commands of the service; they alone import it."""
