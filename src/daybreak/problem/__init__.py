"""WHAT is asked: parameters, observations, and the problem that joins them."""
