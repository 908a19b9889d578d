"""Tests of the views of a summary."""
