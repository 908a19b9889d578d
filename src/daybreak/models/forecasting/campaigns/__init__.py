"""Forecasts of an index as campaigns, each runnable by name."""

from __future__ import annotations

from .demo_leak import demo_leak
from .scaling import full, scaling

__all__ = ["demo_leak", "full", "scaling"]
