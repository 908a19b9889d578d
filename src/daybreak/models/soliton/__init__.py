"""Radial fields."""
