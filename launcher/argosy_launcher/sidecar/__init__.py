"""The launcher as a sidecar: the protocol with ``exec``, and the files of the main container."""
