"""The transports: REST and gRPC from one set of ``.proto`` files, and the HTTP handlers beside."""
