"""Evaluate a fit problem at many places at once, with JAX or NumPy behind one face.

Shapes: L lanes (independent fits), m observations, N parameters, n of them free in the
declaration, s traced settings.  A lane may pin any of the free ones as well: that way a fit of all
parameters and the fits of a profile or map share one compiled call.
"""
