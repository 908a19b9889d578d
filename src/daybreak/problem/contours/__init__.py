"""Contours of a map that is only known where it has been asked, traced by asking for more.

`tracing` asks and draws, `marching` walks along a lattice, `lines` is the geometry of a closed
line, and `frame` the units.
"""
