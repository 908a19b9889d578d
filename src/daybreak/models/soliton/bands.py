"""The second derivative of a radial energy: blocks of fields along the radius, coupled evenly.

Ordered by node, the matrix is block tridiagonal and its off-diagonal blocks are multiples of the
unit matrix.  Its half bandwidth is the number of fields, whatever the number of nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .numeric import Floats


@dataclass(frozen=True, eq=False)
class Bands:
    """A symmetric matrix ``H`` over (node, field) and the weights ``W`` of the nodes.

    Parameters
    ----------
    blocks : array, shape (M, n, n)
        Symmetric diagonal blocks, one per node.
    links : array, shape (M - 1,)
        ``-H`` between equal fields of neighbouring nodes.
    weights : array, shape (M,)
        Diagonal of W, the metric in which modes are normal.
    """

    blocks: Floats
    links: Floats
    weights: Floats

    @property
    def n_fields(self) -> int:
        """Fields per node, n."""
        return self.blocks.shape[1]

    @cached_property
    def metric(self) -> Floats:
        """W of every unknown, shape (M n,)."""
        return np.repeat(self.weights, self.n_fields)

    @cached_property
    def lower(self) -> Floats:
        """The lower bands, shape (n + 1, M n), as SciPy's `cholesky_banded` takes them."""
        nodes, n, _ = self.blocks.shape
        bands = np.zeros((n + 1, nodes, n))
        for offset in range(n):
            bands[offset, :, : n - offset] = np.diagonal(self.blocks, offset, 1, 2)
        bands[n, :-1] = -self.links[:, None]
        return bands.reshape(n + 1, nodes * n)

    def cholesky(self, shift: float = 0.0) -> Floats | None:
        """Factor of ``H + shift W``, or None where that is not positive definite."""
        from scipy import linalg

        bands = self.lower.copy()
        bands[0] += shift * self.metric
        try:
            return linalg.cholesky_banded(bands, overwrite_ab=True, lower=True, check_finite=False)
        except linalg.LinAlgError:
            return None

    def solve(self, right: Floats, shift: float = 0.0) -> Floats:
        """Return x of ``(H + shift W) x = right`` by LU with pivoting: H may be indefinite."""
        from scipy import linalg

        n, lower = self.n_fields, self.lower
        bands = np.zeros((2 * n + 1, lower.shape[1]))
        bands[n:] = lower
        bands[n] += shift * self.metric
        for offset in range(1, n + 1):
            bands[n - offset, offset:] = lower[offset, :-offset]
        found: Floats = linalg.solve_banded(
            (n, n), bands, right, overwrite_ab=True, check_finite=False
        )
        return found

    def count_below(self, level: float = 0.0) -> int:
        """Count the modes below `level`: negative eigenvalues of ``H - level W`` (Sylvester).

        A Cholesky factor shows at once that there is none.  Otherwise the blocks are eliminated
        one by one, ``D_i = A_i - k_{i-1}^2 D_{i-1}^{-1}``, and their negative eigenvalues add up.
        """
        if self.cholesky(-level) is not None:
            return 0
        unit = np.eye(self.n_fields)
        shifted = self.blocks - level * self.weights[:, None, None] * unit
        eliminated, negative = np.zeros_like(unit), 0
        for block, link in zip(shifted, np.append(0.0, self.links), strict=True):
            values, vectors = np.linalg.eigh(block - link**2 * eliminated)
            negative += int(np.sum(values < 0))
            eliminated = (vectors / values) @ vectors.T
        return negative

    @cached_property
    def local(self) -> Floats:
        """What is left of the blocks without the links, per weight, shape (M, n, n).

        The second derivative of the potential, but for the wall.
        """
        links = np.append(0.0, self.links) + np.append(self.links, 0.0)
        blocks = self.blocks - links[:, None, None] * np.eye(self.n_fields)
        return blocks / self.weights[:, None, None]

    @property
    def size_of_curvature(self) -> float:
        """Largest element of `local` by modulus, the last node left out."""
        return float(np.max(np.abs(self.local[:-1])))

    def floor(self) -> float:
        """A level below every mode: the lowest eigenvalue of `local`.

        The links alone are a sum of squares of differences, which lowers no mode.
        """
        return float(np.min(np.linalg.eigvalsh(self.local)[:, 0]))

    def lowest(self, count: int) -> tuple[Floats, Floats]:
        """The lowest modes, ``H v = e W v`` with ``v^T W v = 1``.

        Lanczos on the inverse of ``H - s W``, with s below every mode.  Lanczos may pass over one
        of several equal modes, so what it found is counted, and sought more widely if need be.

        Returns
        -------
        values : array, shape (count,), ascending
        vectors : array, shape (count, M, n)
        """
        count = min(count, self.metric.size - 2)
        for wider in (count, 4 * count + 16):
            values, vectors = self._lanczos(min(wider, self.metric.size - 2))
            level = values[count - 1] - 1e-6 * (1 + abs(values[count - 1]))
            if self.count_below(level) == np.sum(values < level):
                break
        shape = (count, *self.blocks.shape[:2])
        return values[:count], vectors[:count].reshape(shape)

    def _lanczos(self, count: int) -> tuple[Floats, Floats]:
        """Ascending values, and vectors as rows, of modes nearest to the floor."""
        from scipy import linalg
        from scipy.sparse.linalg import LinearOperator, eigsh

        floor = self.floor()
        shift = floor - 0.01 * (1 + abs(floor))
        factor, root, size = self.cholesky(-shift), np.sqrt(self.metric), self.metric.size

        def inverse(vector: Floats) -> Floats:
            right = root * vector.ravel()
            found: Floats = linalg.cho_solve_banded((factor, True), right, check_finite=False)
            return root * found

        make: Any = LinearOperator  # its stub lacks the arguments
        operator = make((size, size), matvec=inverse, dtype=float)
        start = np.random.default_rng(0).standard_normal(size)
        found, vectors = eigsh(operator, count, which="LM", v0=start, tol=0)
        order = np.argsort(-found)
        return shift + 1 / found[order], (vectors[:, order] / root[:, None]).T
