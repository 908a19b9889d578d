"""Worked physics models: the studies the library was built for."""
