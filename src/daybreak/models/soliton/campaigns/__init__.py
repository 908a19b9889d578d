"""The studies of twelve coupled fields as campaigns, each runnable by name."""

from __future__ import annotations

from .hierarchy import condensed, hierarchy
from .legacy import legacy
from .pretrain_only import pretrain_only
from .validation import validation

__all__ = ["condensed", "hierarchy", "legacy", "pretrain_only", "validation"]
