"""Forecasts of an index as campaigns, each runnable by name."""

from __future__ import annotations

from .demo_horizon import demo_horizon
from .demo_leak import demo_leak
from .scaling import full, scaling

__all__ = ["demo_horizon", "demo_leak", "full", "scaling"]
