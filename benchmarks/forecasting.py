"""Training steps per second: ours and the same network in PyTorch, from equal weights.

Both take the same batches of the same rows on two threads: gather windows, forward with dropout,
gradient, AdamW.  Before they are timed both must give the same loss and the same gradient.

Where there is a graphics processor, 200 million numbers are trained in bfloat16 on it by both, and
the share of its peak that each reaches is printed; PyTorch runs eagerly, under autocast.
"""

from __future__ import annotations

import statistics
import time
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from measure import Headline, print_table

from daybreak.models.forecasting.architecture import Architecture
from daybreak.models.forecasting.peak import invented, measured, speed
from daybreak.models.forecasting.recipe import Recipe
from daybreak.models.forecasting.steps import Dials, Form, Rows, beginning, epoch_of_one
from daybreak.models.forecasting.transformer import Transformer

SIZES = [(8, 2, 2, 16), (64, 6, 8, 256), (192, 5, 8, 768)]
"""d, layers, heads, feed-forward width: 3 thousand, 300 thousand and 2 million numbers."""
BATCH, STEPS, REPEATS = 128, 24, 5
LARGE = Architecture(1024, 16, 16, 4096)
"""200 million numbers."""


def samples() -> Any:
    """Rows like those of an index: 25 features, windows of 60 days."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60 + BATCH * STEPS, 25)).astype(np.float32)
    last = np.arange(59, 59 + BATCH * STEPS)
    labels = (features[last, 0] > 1.0).astype(np.float32)
    return SimpleNamespace(features=features, last=last, labels=labels, context=60)


def peer_of(shape: Architecture, rate: float) -> Any:
    """The network in PyTorch's own parts."""
    import torch
    from torch import nn
    from torch.nn import functional

    class Peer(nn.Module):
        """Its layers, named as ours."""

        def __init__(self) -> None:
            super().__init__()
            d, f, n = shape.d_model, shape.d_ff, shape.patches
            self.patch = nn.Linear(shape.patch * shape.features, d)
            self.position = nn.Parameter(torch.zeros(n + 10, d))
            self.layers = nn.ModuleList(
                nn.ModuleDict(
                    {
                        "norm_1": nn.LayerNorm(d),
                        "qkv": nn.Linear(d, 3 * d),
                        "out": nn.Linear(d, d),
                        "norm_2": nn.LayerNorm(d),
                        "up": nn.Linear(d, f),
                        "down": nn.Linear(f, d),
                    }
                )
                for _ in range(shape.n_layers)
            )
            self.norm, self.head = nn.LayerNorm(d), nn.Linear(n * d, 1)
            days = torch.arange(n)[:, None] * shape.stride + torch.arange(shape.patch)
            self.register_buffer("days", days)

        def forward(self, windows: Any) -> Any:
            """Logits (B,) of windows (B, T, F)."""
            dropped = rate if self.training else 0.0
            count, n, heads = len(windows), shape.patches, shape.n_heads
            x = self.patch(windows[:, self.days].reshape(count, n, -1)) + self.position[:n]
            x = functional.dropout(x, dropped, self.training)
            for layer in self.layers:
                parts = layer["qkv"](layer["norm_1"](x)).view(count, n, 3, heads, -1)
                q, k, v = parts.permute(2, 0, 3, 1, 4)
                mixed = functional.scaled_dot_product_attention(q, k, v, dropout_p=dropped)
                x = x + layer["out"](mixed.transpose(1, 2).reshape(count, n, -1))
                inner = functional.gelu(layer["up"](layer["norm_2"](x)))
                inner = layer["down"](functional.dropout(inner, dropped, self.training))
                x = x + functional.dropout(inner, dropped, self.training)
            return self.head(self.norm(x).reshape(count, -1))[:, 0]

        def take(self, network: Transformer) -> None:
            """Take the weights of our network."""

            def fill(part: Any, maps: Any, place: int | None = None) -> None:
                weight, bias = (np.array(m if place is None else m[place]) for m in maps)
                part.weight.data = torch.from_numpy(weight.T.copy())
                part.bias.data = torch.from_numpy(bias)

            self.position.data = torch.from_numpy(np.array(network.position))
            for name in ("patch", "norm", "head"):
                fill(getattr(self, name), getattr(network, name))
            for place, layer in enumerate(self.layers):
                for name, part in layer.items():
                    fill(part, getattr(network.layers, name), place)

    return Peer()


def difference(shape: Architecture, data: Any) -> float:
    """Largest relative difference of loss and of its gradient by the patch weights."""
    from torch.nn import functional

    network = Transformer(shape, jax.random.key(3))
    rows, which = Rows.of(data), np.arange(BATCH)

    def loss(network: Transformer) -> Any:
        logits = network(rows.windows(jnp.asarray(which)))
        signed = jnp.where(rows.labels[which] > 0, logits, -logits)
        return jax.nn.softplus(-signed).mean()

    ours, gradient = jax.value_and_grad(loss)(network)
    peer = peer_of(shape, 0.0)
    peer.take(network)
    windows, labels = tensors(data)
    found = functional.binary_cross_entropy_with_logits(peer(windows(which)), labels[which])
    found.backward()
    theirs = peer.patch.weight.grad.numpy().T
    slope = np.abs(np.asarray(gradient.patch[0]) - theirs).max() / np.abs(theirs).max()
    return max(abs(float(ours) - found.item()) / found.item(), float(slope))


def tensors(data: Any, device: str = "cpu") -> tuple[Any, Any]:
    """Windows by their places, and all labels."""
    import torch

    given = (data.features, data.last, data.labels)
    features, last, labels = (torch.from_numpy(part).to(device) for part in given)
    days = torch.arange(1 - data.context, 1, device=device)
    return lambda which: features[last[which][:, None] + days], labels


def ours(shape: Architecture, data: Any, recipe: Recipe) -> Any:
    """A function that trains for an epoch and gives its seconds."""
    rows, dials, form = Rows.of(data), Dials.of(recipe, len(data.last)), Form.of(recipe)
    state = beginning(shape, jax.random.key(0))

    def epoch() -> float:
        nonlocal state
        begun = time.perf_counter()
        state, loss = epoch_of_one(state, rows, jax.random.key(1), dials, form)
        float(loss)  # waits for it
        return time.perf_counter() - begun

    return epoch


def theirs(shape: Architecture, data: Any, recipe: Recipe, device: str = "cpu") -> Any:
    """The same in PyTorch."""
    import torch
    from torch.nn import functional

    peer = peer_of(shape, recipe.dropout).train()
    peer.take(beginning(shape, jax.random.key(0)).network)
    peer.to(device)
    short = torch.autocast(device, torch.bfloat16, enabled=recipe.precision == "bfloat16")
    rule = torch.optim.AdamW(
        peer.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )
    windows, labels = tensors(data, device)

    def epoch() -> float:
        begun = time.perf_counter()
        for which in torch.randperm(len(labels), device=device).split(recipe.batch_size):
            with short:
                logits = peer(windows(which)).float()
            loss = functional.binary_cross_entropy_with_logits(logits, labels[which])
            rule.zero_grad(set_to_none=True)
            loss.backward()
            rule.step()
        loss.item()
        return time.perf_counter() - begun

    return epoch


def shares(shape: Architecture, recipe: Recipe, device: str, name: str) -> list[list[str]]:
    """Windows and operations per second and the share of the peak, ours and PyTorch's."""
    steps = 8
    data = invented(shape, steps * recipe.batch_size)
    other = theirs(shape, data, recipe, device)
    other()  # loading kernels
    both = {
        "Daybreak": measured(shape, recipe, steps),
        "PyTorch": speed(shape, len(data.last), other(), name, recipe.precision),
    }
    return [
        [
            who,
            one.device,
            f"{one.windows_per_second:.0f}",
            f"{one.flops_per_second / 1e12:.3g}",
            "not known" if one.share is None else f"{one.share:.1%}",
        ]
        for who, one in both.items()
    ]


def on_a_graphics_processor() -> None:
    """Print the shares, where there is one."""
    import torch

    if jax.default_backend() != "gpu" or not torch.cuda.is_available():
        print("\nNo graphics processor here: its share of the peak was not measured.")
        return
    recipe = Recipe(batch_size=512, precision="bfloat16")
    rows = shares(LARGE, recipe, "cuda", torch.cuda.get_device_name())
    heads = ["by", "device", "windows/s", "TFLOP/s", "of the peak"]
    print_table(f"{LARGE.parameters:,} parameters, bfloat16, batch 512", heads, rows)


def headlines() -> list[Headline]:
    """The figures that are kept."""
    import torch

    torch.set_num_threads(2)
    data, kept, rows = samples(), [], []
    recipe = Recipe(batch_size=BATCH, schedule="constant", warmup_steps=0)
    for d, layers, heads, ff in SIZES:
        shape = Architecture(d, layers, heads, ff)
        gap = difference(shape, data)
        one, other = ours(shape, data, recipe), theirs(shape, data, recipe)
        one(), other()  # compiling
        pairs = [(one(), other()) for _ in range(REPEATS)]
        here, there = (statistics.median(column) / STEPS for column in zip(*pairs, strict=True))
        ratio = statistics.median(b / a for a, b in pairs)
        rows.append(
            [
                f"{shape.parameters:,}",
                f"{1 / here:.1f}",
                f"{1 / there:.1f}",
                f"{ratio:.2f}",
                f"{gap:.1e}",
            ]
        )
        kept.append(Headline(f"ours / PyTorch, {shape.parameters:,}", 1 / ratio, "", 1.0))
    heads_ = ["parameters", "Daybreak, steps/s", "PyTorch, steps/s", "ratio", "difference"]
    print_table(f"Training, batch {BATCH}, two threads", heads_, rows)
    on_a_graphics_processor()
    return kept


if __name__ == "__main__":
    for headline in headlines():
        print(headline.name, headline)
