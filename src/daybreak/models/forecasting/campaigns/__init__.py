"""Forecasts of an index as campaigns, each runnable by name."""
