"""Commands that begin runs, look at them and end them."""
