"""How a network is trained: numbers that act, each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import daybreak as dk

Schedule = Literal["cosine", "constant"]
Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class Recipe:
    """Training with AdamW.

    Parameters
    ----------
    learning_rate : float
        After the warm-up.
    weight_decay : float
        Decoupled from the gradient: a step also takes ``learning_rate * weight_decay`` of every
        weight away (Loshchilov and Hutter 2019, arXiv:1711.05101).
    warmup_steps : int
        Over which the learning rate rises linearly from ``1 / (warmup_steps + 1)`` of itself.
    schedule : {"cosine", "constant"}
        What it does afterwards: fall to 0 at the last step as half a cosine, or stay.
    dropout : float
        In [0, 1).
    batch_size, micro_batch : int
        Windows of one step, and of them at once; by default all. Their gradients are added up.
    epochs, patience : int
        Most epochs, and how many without an improvement end the training.
    min_delta : float
        By how much the loss of validation must fall to count as an improvement.
    focal : (gamma, alpha), optional
        Loss ``-alpha_t (1 - p_t)^gamma ln p_t`` instead of the cross-entropy, with alpha_t = alpha
        of a one and 1 - alpha of a zero (Lin et al. 2017, arXiv:1708.02002).
    precision : {"float32", "bfloat16"}
        Of products; weights, sums of squares and the loss are float32 always.

    Raises
    ------
    daybreak.ProblemError
        When a number makes no sense.
    """

    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    warmup_steps: int = 100
    schedule: Schedule = "cosine"
    dropout: float = 0.1
    batch_size: int = 128
    micro_batch: int | None = None
    epochs: int = 50
    patience: int = 10
    min_delta: float = 0.0
    focal: tuple[float, float] | None = None
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        """Refuse what cannot be trained with."""
        micro = self.micro
        gamma, alpha = self.focal or (0.0, 0.5)
        rules = {
            "learning_rate > 0": self.learning_rate > 0,
            "weight_decay >= 0": self.weight_decay >= 0,
            "warmup_steps >= 0": self.warmup_steps >= 0,
            "0 <= dropout < 1": 0 <= self.dropout < 1,
            "batch_size >= 1": self.batch_size >= 1,
            "batch_size a multiple of micro_batch": micro >= 1 and self.batch_size % micro == 0,
            "epochs >= 1": self.epochs >= 1,
            "patience >= 1": self.patience >= 1,
            "schedule 'cosine' or 'constant'": self.schedule in ("cosine", "constant"),
            "precision 'float32' or 'bfloat16'": self.precision in ("float32", "bfloat16"),
            "gamma >= 0 and 0 < alpha < 1": gamma >= 0 and 0 < alpha < 1,
        }
        broken = [rule for rule, holds in rules.items() if not holds]
        if broken:
            msg = f"`{'`, `'.join(broken)}` must hold, but got {self}."
            raise dk.ProblemError(msg)

    @property
    def micro(self) -> int:
        """Windows that are held in memory at once."""
        return self.batch_size if self.micro_batch is None else self.micro_batch
