"""A study file to begin with, written from a table of numbers."""
