"""Who asks, and what they may do: anybody, whoever has a token, or the users of a cluster."""
