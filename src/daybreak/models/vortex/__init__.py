"""Energies of Hill-type vortices, as the original study of the charged leptons defines them.

One library serves every functional of that study: a velocity field, a density deficit, an
envelope and a quadrature are named once each and put together by `Functional`.

The *exact* scheme is the one to compute with. The *original* scheme repeats the grids of the
study, errors included, and is there to show what its numbers were made of.
"""

from __future__ import annotations

from .closed_forms import (
    box_circulation,
    halo_constant,
    localised_circulation,
    power_constants,
    stabilisation,
    steepening,
)
from .cross_lepton import cross_lepton_problem
from .curvature import curvature, curvature_on_grid
from .deficit import Deficit, LayeredDeficit, PowerDeficit
from .energies import Energies, Vortex
from .envelope import Envelope, GlobalEnvelope, NoEnvelope, WallEnvelope
from .exact import Exact
from .field import STREAMING, VelocityField
from .functional import (
    Functional,
    base,
    boundary_layer,
    gradient,
    localised_v0,
    localised_v1,
)
from .layered_leptons import boundary_layer_problem
from .mass_map import calibrated_lambda, electron_scale, global_scale, mass_chi2
from .original import (
    Original,
    original_base,
    original_boundary_layer,
    original_gradient,
    original_localised,
)
from .original_grid import RadialGrid, smart_grid, uniform_grid
from .scheme import RadialIntegrals, Scheme

__all__ = [
    "STREAMING",
    "Deficit",
    "Energies",
    "Envelope",
    "Exact",
    "Functional",
    "GlobalEnvelope",
    "LayeredDeficit",
    "NoEnvelope",
    "Original",
    "PowerDeficit",
    "RadialGrid",
    "RadialIntegrals",
    "Scheme",
    "VelocityField",
    "Vortex",
    "WallEnvelope",
    "base",
    "boundary_layer",
    "boundary_layer_problem",
    "box_circulation",
    "calibrated_lambda",
    "cross_lepton_problem",
    "curvature",
    "curvature_on_grid",
    "electron_scale",
    "global_scale",
    "gradient",
    "halo_constant",
    "localised_circulation",
    "localised_v0",
    "localised_v1",
    "mass_chi2",
    "original_base",
    "original_boundary_layer",
    "original_gradient",
    "original_localised",
    "power_constants",
    "smart_grid",
    "stabilisation",
    "steepening",
    "uniform_grid",
]
