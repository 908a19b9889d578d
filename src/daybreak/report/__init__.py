"""The MORNING: what the night found, for people."""
