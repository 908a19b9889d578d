"""A page that shows campaigns while they run: read-only, on this machine unless told otherwise."""
