"""Any number of radial fields in any local potential: energy, force, second derivative."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import daybreak as dk

from .bands import Bands
from .mesh import Mesh
from .numeric import Floats, Potential

EPSILON = float(np.finfo(float).eps)


class Local(NamedTuple):
    """The potential and its derivatives at M points."""

    value: Floats
    """V, shape (M,)."""
    slope: Floats
    """dV/df, shape (M, n)."""
    curvature: Floats
    """d2V/df2, shape (M, n, n)."""


class Expansion(NamedTuple):
    """An energy with its derivatives at one place, and how far rounding blurs them."""

    energy: float
    """E."""
    gradient: Floats
    """dE/df at the nodes inside the wall, shape (N, n)."""
    bands: Bands
    """The second derivative."""
    energy_noise: float
    """Rounding of E: one unit in the last place of the sum of its moduli."""
    residual_noise: float
    """Rounding of the residual: fields cannot be written more finely than this."""


@dataclass(frozen=True, eq=False)
class RadialProblem:
    """Static fields f(r) of a ball, with ``f(R) = 0``, that make an energy stationary.

    ``E = S_d int_0^R r^(d-1) [ f'^2 / 2 + V(f, r) ] dr``, with S_d the unit sphere's surface:
    ``4 pi`` in three dimensions.  The integral is the sum of `Mesh`, and force and second
    derivative are the exact derivatives of that sum.

    Parameters
    ----------
    potential : callable (fields, r, *arguments) -> scalar
        V at one point, in `jax.numpy`: `fields` of shape (n_fields,), `r` a scalar.
        Energy per volume, in any units; finite at ``r = 0``.
    n_fields : int
        n, at least 1.
    radius : float
        R of the wall.
    cells : int
        N steps from the origin to the wall.
    dimension : int
        d of space.
    arguments : tuple
        Further arguments of `potential`: numbers, arrays, or trees of them.  Two problems that
        differ in these alone share one compilation.

    See Also
    --------
    minimise, stationary, bounce : states of the problem
    landscape : minima of the potential itself

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from daybreak.models.soliton import RadialProblem, bounce
    >>> def well(f, r):
    ...     return jnp.sum(f**2) / 2 - jnp.sum(f**4) / 4
    >>> bounce(RadialProblem(well, n_fields=1, radius=12.0, cells=400)).negative_modes
    1
    """

    potential: Potential
    n_fields: int
    radius: float = 25.0
    cells: int = 800
    dimension: int = 3
    arguments: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a problem that cannot mean anything."""
        _ = self.mesh
        if self.n_fields < 1 or self.n_fields != int(self.n_fields):
            msg = f"`n_fields` must be a whole number of at least 1, but got {self.n_fields!r}."
            raise dk.ProblemError(msg)
        for leaf in jax.tree.leaves(self.arguments):
            if not np.all(np.isfinite(np.asarray(leaf, float))):
                msg = f"`arguments` must be finite, but one of them is {leaf!r}."
                raise dk.ProblemError(msg)
        self._refuse_bad_potential()

    def _refuse_bad_potential(self) -> None:
        try:
            at_rest = self.local(np.zeros((2, self.n_fields)), self.mesh.nodes[[0, -1]])
        except (TypeError, ValueError, IndexError) as error:
            msg = (
                f"`potential` must map fields of shape ({self.n_fields},) and a scalar r to a "
                f"scalar, but raised {type(error).__name__}: {error}"
            )
            raise dk.ProblemError(msg) from error
        if not all(np.all(np.isfinite(part)) for part in at_rest):
            msg = (
                "`potential` and its derivatives must be finite where every field vanishes, "
                f"but at r = 0 and r = {self.radius:g} V is {at_rest.value.tolist()}; "
                "write a term singular there as one that is not."
            )
            raise dk.ProblemError(msg)

    @cached_property
    def _traced(self) -> tuple[Any, ...]:
        """The arguments in float64, also where they were made as float32."""
        return jax.tree.map(lambda leaf: np.asarray(leaf, float), self.arguments)

    @cached_property
    def mesh(self) -> Mesh:
        """Nodes, volumes and edges."""
        return Mesh(self.radius, self.cells, self.dimension)

    def refined(self, factor: int = 2) -> RadialProblem:
        """The same problem with `factor` times as many cells."""
        return replace(self, cells=self.cells * factor)

    def in_box(self, radius: float) -> RadialProblem:
        """The same problem in another ball, with the step as near to the old one as it can be."""
        cells = max(round(self.cells * radius / self.radius), 8)
        return replace(self, radius=radius, cells=cells)

    # ---- fields ----------------------------------------------------------------------------

    def fields(self, profiles: Any) -> Floats:
        """Fields on the nodes, shape (N + 1, n), zero at the wall.

        Parameters
        ----------
        profiles : array, or sequence of n numbers, arrays or callables of r
            Arrays of shape (N + 1,), or one array of shape (N + 1, n).
        """
        n_nodes, n = self.cells + 1, self.n_fields
        if callable(profiles) or np.isscalar(profiles):
            profiles = [profiles] * n
        if isinstance(profiles, np.ndarray) and profiles.shape == (n_nodes, n):
            found = np.array(profiles, float)
        else:
            found = np.stack([self._on_nodes(one) for one in self._each(profiles)], axis=1)
        if not np.all(np.isfinite(found)):
            msg = "Fields must be finite, but the given ones are not: look at their profiles."
            raise dk.ProblemError(msg)
        found[-1] = 0.0
        return found

    def _each(self, profiles: Any) -> Sequence[Any]:
        if len(profiles) != self.n_fields:
            msg = (
                f"There must be one profile for each of {self.n_fields} fields, or one array of "
                f"shape ({self.cells + 1}, {self.n_fields}), but got {len(profiles)} profiles."
            )
            raise dk.ProblemError(msg)
        return profiles

    def _on_nodes(self, profile: Callable[[Floats], Any] | Floats | float) -> Floats:
        values = profile(self.mesh.nodes) if callable(profile) else profile
        shape = np.shape(values)
        if shape not in ((), (self.cells + 1,)):
            msg = f"A profile must have shape ({self.cells + 1},), but got {shape}."
            raise dk.ProblemError(msg)
        return np.broadcast_to(np.asarray(values, float), self.cells + 1)

    # ---- energy and its derivatives ----------------------------------------------------------

    def local(self, fields: Floats, r: Floats) -> Local:
        """The potential with its derivatives at points: `fields` (M, n), `r` (M,)."""
        with jax.enable_x64(True):
            parts = _derivatives(self.potential)(fields, r, self._traced)
            return Local(*(np.asarray(part) for part in parts))

    def kinetic(self, fields: Floats) -> float:
        """``T = S_d int r^(d-1) f'^2 / 2``."""
        return 0.5 * float(self.mesh.edges @ np.sum(np.diff(fields, axis=0) ** 2, axis=1))

    def energy(self, fields: Floats) -> float:
        """E of fields on the nodes, shape (N + 1, n)."""
        with jax.enable_x64(True):
            value, _ = _first(self.potential)(fields, self.mesh.nodes, self._traced)
            return self.kinetic(fields) + float(self.mesh.volumes @ np.asarray(value))

    def energy_and_gradient(self, fields: Floats) -> tuple[float, Floats]:
        """E, and ``dE/df`` at the nodes inside the wall, shape (N, n)."""
        with jax.enable_x64(True):
            first = _first(self.potential)(fields, self.mesh.nodes, self._traced)
            value, slope = (np.asarray(part) for part in first)
        potential = float(self.mesh.volumes @ value)
        return self.kinetic(fields) + potential, self._force(fields, slope)

    def _force(self, fields: Floats, slope: Floats) -> Floats:
        flux = self.mesh.edges[:, None] * np.diff(fields, axis=0)
        force = self.mesh.volumes[:-1, None] * slope[:-1] - flux
        force[1:] += flux[:-1]
        return force

    @np.errstate(over="ignore", invalid="ignore")  # what is not finite is judged as a value
    def expand(self, fields: Floats) -> Expansion:
        """E with the exact first and second derivatives of its sum."""
        mesh, local = self.mesh, self.local(fields, self.mesh.nodes)
        kinetic, weights = self.kinetic(fields), mesh.volumes[:-1, None]
        ends = mesh.edges + np.append(0.0, mesh.edges[:-1])
        blocks = weights[:, :, None] * local.curvature[:-1]
        blocks += ends[:, None, None] * np.eye(self.n_fields)
        terms = ends[:, None] * np.abs(fields[:-1]) + weights * np.abs(local.slope[:-1])
        return Expansion(
            energy=kinetic + float(mesh.volumes @ local.value),
            gradient=self._force(fields, local.slope),
            bands=Bands(blocks, mesh.edges[:-1], weights[:, 0]),
            energy_noise=EPSILON * (kinetic + float(mesh.volumes @ np.abs(local.value))),
            residual_noise=EPSILON * self.residual(terms),
        )

    def second_derivative(self, fields: Floats, angular: int = 0) -> Bands:
        """Second derivative at `fields`, for modes ``f(r) Y_l`` of angular momentum l.

        With ``l > 0`` each field gains ``l (l + d - 2) / r^2`` and its modes vanish at the
        origin, whose node is left out.
        """
        bands = self.expand(fields).bands
        if angular == 0:
            return bands
        r, weights = self.mesh.nodes[1:-1], self.mesh.volumes[1:-1]
        barrier = weights * angular * (angular + self.dimension - 2) / r**2
        blocks = bands.blocks[1:] + barrier[:, None, None] * np.eye(self.n_fields)
        return Bands(blocks, bands.links[1:], weights)

    @np.errstate(over="ignore", invalid="ignore")
    def residual(self, gradient: Floats) -> float:
        """``sqrt(sum G^2 / w)``: the norm of the force density, whatever the mesh."""
        return math.sqrt(float(np.sum(gradient**2 / self.mesh.volumes[:-1, None])))

    def virial(self, fields: Floats) -> tuple[float, float]:
        """Both sides of the virial identity of a stationary state.

        ``(d - 2) T + d U + int r dV/dr = S_d R^d [ V(f(R), R) - sum f'(R)^2 / 2 ]``: what a
        dilation of the field changes, and what the wall gives.
        """
        mesh, r = self.mesh, self.mesh.nodes
        with jax.enable_x64(True):
            value, radial = (
                np.asarray(part) for part in _radial(self.potential)(fields, r, self._traced)
            )
        slope = (3 * fields[-1] - 4 * fields[-2] + fields[-3]) / (2 * mesh.step)
        bulk = (mesh.dimension - 2) * self.kinetic(fields)
        bulk += float(mesh.volumes @ (mesh.dimension * value + r * radial))
        wall = mesh.radius * mesh.surface * (float(value[-1]) - float(slope @ slope) / 2)
        return bulk, wall


@lru_cache(maxsize=64)
def _first(potential: Potential) -> Callable[..., Any]:
    """V and its slope at many points, compiled."""

    def at(fields: jax.Array, r: jax.Array, arguments: tuple[Any, ...]) -> Any:
        return jax.value_and_grad(_scalar(potential))(fields, r, arguments)

    return jax.jit(jax.vmap(at, (0, 0, None)))


@lru_cache(maxsize=64)
def _derivatives(potential: Potential) -> Callable[..., Any]:
    """V, its slope and its curvature at many points, compiled."""
    scalar = _scalar(potential)

    def at(fields: jax.Array, r: jax.Array, arguments: tuple[Any, ...]) -> Any:
        value, slope = jax.value_and_grad(scalar)(fields, r, arguments)
        return value, slope, jax.hessian(scalar)(fields, r, arguments)

    return jax.jit(jax.vmap(at, (0, 0, None)))


@lru_cache(maxsize=64)
def _radial(potential: Potential) -> Callable[..., Any]:
    """V and its explicit dependence on r at many points, compiled."""

    def at(fields: jax.Array, r: jax.Array, arguments: tuple[Any, ...]) -> Any:
        return jax.value_and_grad(_scalar(potential), argnums=1)(fields, r, arguments)

    return jax.jit(jax.vmap(at, (0, 0, None)))


def _scalar(potential: Potential) -> Callable[..., jax.Array]:
    """The potential with its arguments as one tree."""

    def scalar(fields: jax.Array, r: jax.Array, arguments: tuple[Any, ...]) -> jax.Array:
        return jnp.asarray(potential(fields, r, *arguments))

    return scalar
