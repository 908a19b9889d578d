"""The studies of the charged leptons as campaigns, each runnable by name."""

from __future__ import annotations

from .localisation import localisation

__all__ = ["localisation"]
