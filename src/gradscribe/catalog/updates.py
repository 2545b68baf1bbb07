"""Update rules: each is its equations. How they are computed is found from these."""

from sympy import Abs, Eq, Ge, Gt, Interval, Le, Lt, Max, Mod, Piecewise, Rational, S, Symbol, sqrt

from gradscribe.catalog.bayesian import BAYESIAN_REGULARIZATION
from gradscribe.catalog.update_lines import (
    EIGENVECTORS,
    PARAMETERS,
    PART,
    PLACE,
    POSITIVE,
    ROW,
    SHARE,
    STEP,
    Assigned,
    Backtracked,
    Measured,
    Memory,
    Quantity,
    Setting,
    Solved,
    Spectrum,
    matrix,
    over_parameters,
    vector,
)
from gradscribe.catalog.update_rule import FACTOR_DOWN, FACTOR_UP, UpdateRule
from gradscribe.symbols import Largest, Smallest, component, total
from gradscribe.table import Table

# ---- symbols -----------------------------------------------------------------------------------

_w, _w_old, _w_trial = vector("w"), vector("w_old"), vector("w_trial")
_g, _s, _v, _v_old, _m, _m_old, _p, _p_old, _r, _r_old, _h = map(
    vector, ("g", "s", "v", "v_old", "m", "m_old", "p", "p_old", "r", "r_old", "h")
)
_m_hat, _v_hat = vector("m_hat"), vector("v_hat")
_H, _G = matrix("H"), matrix("G")
_eigenvalue, _eigenvector = component("theta", (PLACE,)), EIGENVECTORS
_alpha, _beta, _beta1, _beta2, _epsilon, _mu, _rho, _c = map(
    Symbol, ("alpha", "beta", "beta1", "beta2", "epsilon", "mu", "rho", "c")
)
_mu_old, _gamma_up, _gamma_down = map(Symbol, ("mu_old", "gamma_up", "gamma_down"))
_J, _J_trial, _tau, _n, _n_old = map(Symbol, ("J_old", "J_trial", "tau", "n", "n_old"))
_lam, _lam_old, _lam_trial = map(Symbol, ("lam", "lam_old", "lam_trial"))
_kappa, _q, _delta, _delta_trial, _Delta = map(
    Symbol, ("kappa", "q", "delta", "delta_trial", "Delta")
)
_theta_max, _theta_min = Symbol("theta_max"), Symbol("theta_min")
_a, _b = component("a", (PLACE,)), component("b", (PLACE,))
_phi, _phi_old, _ok, _ok_old = map(Symbol, ("phi", "phi_old", "ok", "ok_old"))

_GRADIENT = Measured(_g, Quantity.GRADIENT, _w_old)
_COST = Measured(_J, Quantity.COST, _w_old)
_HESSIAN = Measured(_H, Quantity.HESSIAN, _w_old)
_TRIAL = Measured(_J_trial, Quantity.COST, _w_trial)


def _rate(default: float) -> Setting:
    return Setting("alpha", default, "learning rate")


_FORGET = Setting("mu", 0.9, "share of the last step that is kept", SHARE)

# ---- Newton: H is made positive definite ---------------------------------------------------------


def _least(default: float) -> Setting:
    """Without a line search the shift has to bound the step; with one a small one will do."""
    return Setting(
        "epsilon", default, "smallest eigenvalue allowed, in units of the largest |θ|", SHARE
    )


_EXTENT = Assigned(_theta_max, Largest(Abs(_eigenvalue), (PLACE, 1, PARAMETERS)))
_LOWEST = Assigned(_theta_min, Smallest(_eigenvalue, (PLACE, 1, PARAMETERS)))
_ROUNDING = Rational(1, 10**12)  # of the largest |θ|, what eigenvalues are off by, and more
_INDEFINITE = Assigned(
    _n, Piecewise((_n_old + 1, Lt(_theta_min, -_ROUNDING * _theta_max)), (_n_old, True))
)
_SHIFT = (
    _HESSIAN,
    Spectrum(_eigenvalue, _H),
    _EXTENT,
    _LOWEST,
    Assigned(
        _tau,
        Piecewise(
            (S.Zero, Gt(_theta_min, _ROUNDING * _theta_max)),
            (_epsilon * _theta_max - _theta_min, True),
        ),
    ),
    Solved(_s, _H, _tau, -_g),
    Assigned(_n, Piecewise((_n_old + 1, Gt(_tau, 0)), (_n_old, True))),
)
_REPAIRS = Memory("n", vector=False, meaning="how often H was repaired")
_SHIFTED = "H was not positive definite and was shifted: H + τ I, τ from its smallest eigenvalue"
_SUFFICIENT = Setting("c", 1e-4, "share of the decrease that the slope promises", PART)
_RATIO = Setting("rho", 0.5, "by what a step that is too long shrinks", Interval(0.01, 0.99))
_ARMIJO = Backtracked(
    _alpha, _rho, _w_old + _alpha * _s, _J + _c * _alpha * over_parameters(_g * _s)
)
_DAMPING = Memory("mu", 1e-3, vector=False, meaning="damping", allowed=POSITIVE)
_DIVISOR = "keeps the divisor from 0"
_ACCEPTED = (
    Assigned(_w_trial, _w_old + _s),
    _TRIAL,
    Assigned(_w, Piecewise((_w_trial, Lt(_J_trial, _J)), (_w_old, True))),
    Assigned(
        _mu,
        Piecewise((_gamma_down * _mu_old, Lt(_J_trial, _J)), (_gamma_up * _mu_old, True)),
    ),
)

UPDATES = Table(
    "update rule",
    UpdateRule(
        "gradient_descent",
        "gradient descent",
        (_GRADIENT, Assigned(_w, _w_old - _alpha * _g)),
        (_rate(0.01),),
        "Cauchy, 1847",
    ),
    UpdateRule(
        "sgd",
        "stochastic gradient descent, where each step sees some of the samples",
        (
            Measured(_g, Quantity.GRADIENT, _w_old, batch=True),
            Assigned(_w, _w_old - _alpha * _g),
        ),
        (_rate(0.01),),
        "Robbins and Monro, 1951",
        batch=32,
    ),
    UpdateRule(
        "momentum",
        "gradient descent with momentum",
        (_GRADIENT, Assigned(_v, _mu * _v_old + _g), Assigned(_w, _w_old - _alpha * _v)),
        (_rate(0.01), _FORGET),
        "Polyak, 1964; in the form of PyTorch's SGD",
        (Memory("v", meaning="what is left of earlier gradients"),),
    ),
    UpdateRule(
        "nesterov",
        "gradient descent with Nesterov's momentum",
        (
            _GRADIENT,
            Assigned(_v, _mu * _v_old + _g),
            Assigned(_w, _w_old - _alpha * (_g + _mu * _v)),
        ),
        (_rate(0.01), _FORGET),
        "Nesterov, 1983; in the form of PyTorch's SGD",
        (Memory("v", meaning="what is left of earlier gradients"),),
    ),
    UpdateRule(
        "adagrad",
        "AdaGrad, whose rates fall with the sum of squared gradients",
        (
            _GRADIENT,
            Assigned(_v, _v_old + _g**2),
            Assigned(_w, _w_old - _alpha * _g / (sqrt(_v) + _epsilon)),
        ),
        (_rate(0.01), Setting("epsilon", 1e-10, _DIVISOR, POSITIVE)),
        "Duchi, Hazan and Singer, 2011; defaults as in PyTorch",
        (Memory("v", meaning="sum of squared gradients"),),
    ),
    UpdateRule(
        "rmsprop",
        "RMSProp, whose rates fall with the mean of recent squared gradients",
        (
            _GRADIENT,
            Assigned(_v, _rho * _v_old + (1 - _rho) * _g**2),
            Assigned(_w, _w_old - _alpha * _g / (sqrt(_v) + _epsilon)),
        ),
        (
            _rate(0.01),
            Setting("rho", 0.99, "share of the mean that is kept", SHARE),
            Setting("epsilon", 1e-8, _DIVISOR, POSITIVE),
        ),
        "Tieleman and Hinton, 2012, lecture 6.5; defaults as in PyTorch",
        (Memory("v", meaning="mean of squared gradients"),),
    ),
    UpdateRule(
        "adam",
        "Adam, with two moments of the gradient",
        (
            _GRADIENT,
            Assigned(_m, _beta1 * _m_old + (1 - _beta1) * _g),
            Assigned(_v, _beta2 * _v_old + (1 - _beta2) * _g**2),
            Assigned(_m_hat, _m / (1 - _beta1**STEP)),
            Assigned(_v_hat, _v / (1 - _beta2**STEP)),
            Assigned(_w, _w_old - _alpha * _m_hat / (sqrt(_v_hat) + _epsilon)),
        ),
        (
            _rate(0.001),
            Setting("beta1", 0.9, "share of the first moment that is kept", PART),
            Setting("beta2", 0.999, "share of the second moment that is kept", PART),
            Setting("epsilon", 1e-8, _DIVISOR, POSITIVE),
        ),
        "Kingma and Ba, 2015, algorithm 1; defaults as in PyTorch",
        (
            Memory("m", meaning="first moment of the gradient"),
            Memory("v", meaning="second moment of the gradient"),
        ),
    ),
    UpdateRule(
        "newton",
        "Newton's method",
        (_GRADIENT, *_SHIFT, Assigned(_w, _w_old + _alpha * _s)),
        (Setting("alpha", 1.0, "length of a step, in units of Newton's"), _least(1e-2)),
        "Nocedal and Wright, Numerical Optimization, 2006, section 3.4",
        (_REPAIRS,),
        counter="n",
        repair=_SHIFTED,
    ),
    UpdateRule(
        "damped_newton",
        "Newton's method with a step length that is sure to lower the cost",
        (_COST, _GRADIENT, *_SHIFT, _ARMIJO, Assigned(_w, _w_old + _alpha * _s)),
        (_least(1e-6), _SUFFICIENT, _RATIO),
        "Nocedal and Wright, Numerical Optimization, 2006, algorithms 3.1 and 3.2",
        (_REPAIRS,),
        counter="n",
        repair=_SHIFTED,
    ),
    UpdateRule(
        "saddle_free_newton",
        "Newton's method with the magnitudes of the eigenvalues of H",
        (
            _COST,
            _GRADIENT,
            _HESSIAN,
            Spectrum(_eigenvalue, _H, _eigenvector),
            _EXTENT,
            _LOWEST,
            Assigned(_a, total(_eigenvector * _g, {ROW: PARAMETERS})),
            Assigned(_b, -_a / Max(Abs(_eigenvalue), _epsilon * _theta_max)),
            Assigned(_s, total(_eigenvector * _b, {PLACE: PARAMETERS})),
            _INDEFINITE,
            _ARMIJO,
            Assigned(_w, _w_old + _alpha * _s),
        ),
        (_least(1e-8), _SUFFICIENT, _RATIO),
        "Dauphin and others, 2014; Nocedal and Wright, 2006, section 3.4",
        (_REPAIRS,),
        counter="n",
        repair="H had negative eigenvalues θ, in whose place |θ| was taken",
    ),
    UpdateRule(
        "regularized_newton",
        "Newton's method with a shift of H that follows success",
        (
            _COST,
            _GRADIENT,
            _HESSIAN,
            Spectrum(_eigenvalue, _H),
            _EXTENT,
            _LOWEST,
            Assigned(_tau, _mu_old + Max(0, -_theta_min)),
            Solved(_s, _H, _tau, -_g),
            _INDEFINITE,
            *_ACCEPTED,
        ),
        (FACTOR_UP, FACTOR_DOWN),
        "Goldfeld, Quandt and Trotter, 1966",
        (_DAMPING, _REPAIRS),
        counter="n",
        repair="H had negative eigenvalues and was shifted by the smallest and by the damping",
        damping="mu",
    ),
    UpdateRule(
        "levenberg_marquardt",
        "Levenberg-Marquardt method, on the Gauss-Newton matrix",
        (
            _COST,
            _GRADIENT,
            Measured(_G, Quantity.GAUSS_NEWTON, _w_old),
            Solved(_s, _G, _mu_old, -_g),
            *_ACCEPTED,
        ),
        (FACTOR_UP, FACTOR_DOWN),
        "Hagan and Menhaj, 1994; factors as in MATLAB's trainlm",
        (_DAMPING,),
        damping="mu",
    ),
    BAYESIAN_REGULARIZATION,
    UpdateRule(
        "scg",
        "scaled conjugate gradient, with exact products H p",
        (
            _COST,
            _GRADIENT,
            Assigned(_r, -_g),
            Assigned(_beta, over_parameters(_r * (_r - _r_old)) / _phi_old),
            Assigned(
                _p,
                Piecewise(
                    (_p_old, Eq(_ok_old, 0)),
                    (_r, Eq(Mod(STEP - 1, PARAMETERS, evaluate=False), 0)),
                    (_r + _beta * _p_old, True),
                ),
            ),
            Measured(_h, Quantity.PRODUCT, _w_old, along=_p),
            Assigned(_kappa, over_parameters(_p * _h)),
            Assigned(_q, over_parameters(_p**2)),
            Assigned(_delta_trial, _kappa + _lam_old * _q),
            Assigned(
                _lam_trial,
                Piecewise(
                    (2 * (_lam_old - _delta_trial / _q), Le(_delta_trial, 0)), (_lam_old, True)
                ),
            ),
            Assigned(
                _delta,
                Piecewise(
                    (_lam_old * _q - _delta_trial, Le(_delta_trial, 0)), (_delta_trial, True)
                ),
            ),
            Assigned(_phi, over_parameters(_p * _r)),
            Assigned(_alpha, _phi / _delta),
            Assigned(_w_trial, _w_old + _alpha * _p),
            _TRIAL,
            Assigned(_Delta, 2 * _delta * (_J - _J_trial) / _phi**2),
            Assigned(_ok, Piecewise((S.One, Ge(_Delta, 0)), (S.Zero, True))),
            Assigned(_w, Piecewise((_w_trial, Ge(_Delta, 0)), (_w_old, True))),
            Assigned(
                _lam,
                Piecewise(
                    (_lam_trial / 4, Ge(_Delta, S(3) / 4)),
                    (_lam_trial, Ge(_Delta, S(1) / 4)),
                    (_lam_trial + _delta * (1 - _Delta) / _q, True),
                ),
            ),
        ),
        (),
        "Møller, 1993, with H p in the place of a difference of gradients",
        (
            Memory("r", meaning="direction of steepest descent"),
            Memory("p", meaning="direction of the step"),
            Memory("phi", 1.0, vector=False, meaning="slope along it, negated"),
            Memory("lam", 1e-6, vector=False, meaning="scale of the step", allowed=POSITIVE),
            Memory("ok", 1.0, vector=False, meaning="1 after a step that lowered the cost"),
        ),
    ),
)
