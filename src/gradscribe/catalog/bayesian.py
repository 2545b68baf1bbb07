"""Bayesian regularization: an update rule for J + λ Σ w², whose λ comes from the data.

Errors are taken for normal, with a variance that is not known, and so are parameters, with a
variance of their own; λ is the ratio of the two that makes the data most likely. γ says how many of
the K parameters the data determine, L is the logarithm of the evidence (negated, but for a
constant), in which the second derivatives of J are those of the Gauss-Newton matrix.
"""

from sympy import Abs, Derivative, Eq, Expr, Interval, Lt, Max, Min, Piecewise, S, Symbol, log

from gradscribe.catalog.penalties import PENALTIES, W
from gradscribe.catalog.update_lines import (
    ERRORS,
    PARAMETERS,
    PLACE,
    POSITIVE,
    ROW,
    Assigned,
    Measured,
    Memory,
    Quantity,
    Setting,
    Spectrum,
    matrix,
    over_parameters,
    vector,
)
from gradscribe.catalog.update_rule import FACTOR_DOWN, FACTOR_UP, UpdateRule
from gradscribe.symbols import Largest, component, total

_w, _w_old, _w_trial, _g, _h, _s = map(vector, ("w", "w_old", "w_trial", "g", "h", "s"))
_G = matrix("G")
_theta, _omega, _a, _b = (component(name, (PLACE,)) for name in ("theta", "omega", "a", "b"))
_Q = component("Q", (ROW, PLACE))
_J, _J_trial, _F, _F_trial = map(Symbol, ("J_old", "J_trial", "F_old", "F_trial"))
_lam, _lam_old, _lam_trial = map(Symbol, ("lam", "lam_old", "lam_trial"))
_mu, _mu_old, _gamma_up, _gamma_down = map(Symbol, ("mu", "mu_old", "gamma_up", "gamma_down"))
_gamma, _nu, _V, _L = map(Symbol, ("gamma", "nu", "V", "L"))
_theta_max, _epsilon, _ok, _ok_old = map(Symbol, ("theta_max", "epsilon", "ok", "ok_old"))


def _penalty(w: Expr) -> Expr:
    return PENALTIES["l2"].term.xreplace({W: w})


def _over_places(body: Expr) -> Expr:
    return total(body, {PLACE: PARAMETERS})


_slope = Derivative(_lam * _penalty(_w_old), _w_old).doit()
_curvature = Derivative(_slope, _w_old).doit()
_curvature_old = _curvature.xreplace({_lam: _lam_old})
_squares = over_parameters(_penalty(_w_old))
_lower = Lt(_F_trial, _F)

BAYESIAN_REGULARIZATION = UpdateRule(
    "bayesian_regularization",
    "Levenberg-Marquardt method on J + λ Σ w², with the λ that the data make most likely",
    (
        Measured(_J, Quantity.COST, _w_old),
        Measured(_g, Quantity.GRADIENT, _w_old),
        Measured(_G, Quantity.GAUSS_NEWTON, _w_old),
        Spectrum(_theta, _G, _Q),
        Assigned(_theta_max, Largest(Abs(_theta), (PLACE, 1, PARAMETERS))),
        Assigned(_omega, Max(0, _theta)),  # G has no negative eigenvalues but by rounding
        Assigned(_gamma, _over_places(_omega / (_omega + _curvature_old))),
        Assigned(_nu, Max(1, ERRORS - _gamma)),
        Assigned(_lam_trial, _gamma * _J / (_nu * _squares)),
        Assigned(
            _lam,
            Piecewise(
                (_lam_old, Eq(_ok_old, 0)),
                (Min(Max(_lam_trial, _epsilon * _theta_max), _theta_max / _epsilon), True),
            ),
        ),
        Assigned(_V, _over_places(log(_omega + _curvature_old) - log(_curvature_old))),
        Assigned(_L, (ERRORS * log(_J / _nu) + _V) / 2),
        Assigned(_h, _g + _slope),
        Assigned(_a, total(_Q * _h, {ROW: PARAMETERS})),
        Assigned(_b, -_a / (_omega + _curvature + _mu_old)),
        Assigned(_s, total(_Q * _b, {PLACE: PARAMETERS})),
        Assigned(_w_trial, _w_old + _s),
        Measured(_J_trial, Quantity.COST, _w_trial),
        Assigned(_F, _J + _lam * _squares),
        Assigned(_F_trial, _J_trial + _lam * over_parameters(_penalty(_w_trial))),
        Assigned(_ok, Piecewise((S.One, _lower), (S.Zero, True))),
        Assigned(_w, Piecewise((_w_trial, _lower), (_w_old, True))),
        Assigned(_mu, Piecewise((_gamma_down * _mu_old, _lower), (_gamma_up * _mu_old, True))),
    ),
    (
        FACTOR_UP,
        FACTOR_DOWN,
        Setting("epsilon", 1e-15, "smallest λ, in units of the largest θ", Interval.open(0, 1)),
    ),
    "MacKay, 1992; Foresee and Hagan, 1997; as MATLAB's trainbr",
    (
        Memory("mu", 5e-3, vector=False, meaning="damping", allowed=POSITIVE),
        Memory(
            "lam",
            1e-2,
            vector=False,
            told=True,
            meaning="weight of the penalty",
            allowed=POSITIVE,
        ),
        Memory("gamma", vector=False, told=True, meaning="parameters that the data determine"),
        Memory("L", vector=False, told=True, meaning="logarithm of the evidence, negated"),
        Memory("h", meaning="gradient of J + λ Σ w²"),
        Memory("ok", vector=False, meaning="1 after a step that lowered the cost"),
    ),
    squares=True,
    gradient="h",
    score="L",
    penalty="lam",
)
