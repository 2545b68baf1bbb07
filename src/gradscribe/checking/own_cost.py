"""The gradient against derivatives of the module's own cost, at one point."""

from collections.abc import Mapping

import numpy as np

from gradscribe.checking.cases import LARGE
from gradscribe.checking.compare import (
    EXACT,
    LEAST_DIFFERENCE,
    Array,
    Blocks,
    Standard,
    largest_of,
    whole_scale,
)
from gradscribe.checking.diagnosis import Evidence
from gradscribe.checking.oracles import (
    central_difference,
    complex_step,
    complex_step_along,
)
from gradscribe.checking.report import Row
from gradscribe.checking.scene import Scene, compared
from gradscribe.checking.subject import CallError

CHOSEN = 256  # entries of a large gradient that are examined one by one
OWN_ACCURACY = 1e-10  # of the complex step where rounding errors cannot be predicted
DIFFERENCE_SAFETY = 10.0


def compare_with_own_cost(scene: Scene, rng: np.random.Generator) -> Evidence | None:
    """Compare with derivatives of the module's own cost; return the best evidence."""
    masks = _masks(scene, rng)
    stepped = _complex_step(scene, masks)
    wanted = scene.means.differences or bool(scene.found.not_analytic)
    differences = _differences(scene, masks) if wanted else None
    if stepped is not None and differences is not None and not scene.means.not_analytic:
        _judge_analytic(scene, stepped, *differences)
    evidence = None
    if differences is not None:
        evidence = _difference_row(scene, masks, *differences)
    if stepped is None or scene.found.not_analytic:
        note = scene.found.not_analytic or "not finite with complex parameters here"
        scene.found.rows.append(Row(scene.point.case, "gradient", "complex step", "n/a", note=note))
        return evidence
    evidence = _step_row(scene, masks, stepped)
    if masks is not None:
        _along_row(scene, rng)
    return evidence


def _masks(scene: Scene, rng: np.random.Generator) -> tuple[Array, ...] | None:
    """Return which entries are examined one by one: all, or some of every large block."""
    if sum(b.size for b in scene.blocks) <= LARGE:
        return None
    masks = []
    for block in scene.blocks:
        mask = np.zeros(block.size, dtype=bool)
        count = min(block.size, max(1, CHOSEN // len(scene.blocks)))
        mask[rng.choice(block.size, size=count, replace=False)] = True
        masks.append(mask.reshape(block.shape))
    return tuple(masks)


def _complex_step(scene: Scene, masks: tuple[Array, ...] | None) -> Blocks | None:
    """Return the derivatives by complex step; None, with the reason, if it does not apply."""
    if scene.found.not_analytic:
        return None
    cost, point = scene.subject.cost, scene.point
    try:
        first = [b.astype(complex) for b in scene.blocks]
        if not isinstance(cost(first, point.X, point.D), complex | np.complexfloating):
            scene.found.not_analytic = "not applicable: cost drops the imaginary part"
            return None
        stepped = complex_step(cost, scene.blocks, point.X, point.D, masks)
    except CallError as failure:
        scene.found.not_analytic = f"not applicable: with complex parameters {failure}"
        return None
    if not all(np.isfinite(b).all() for b in stepped):
        return None
    return dict(zip(point.params, stepped, strict=True))


def _differences(
    scene: Scene, masks: tuple[Array, ...] | None
) -> tuple[Blocks, Mapping[str, float]]:
    """Return the central differences and the largest estimated error of each block."""
    point = scene.point
    results, errors = central_difference(scene.subject.cost, scene.blocks, point.X, point.D, masks)
    largest = [DIFFERENCE_SAFETY * largest_of(e) for e in errors]
    return (
        dict(zip(point.params, results, strict=True)),
        dict(zip(point.params, largest, strict=True)),
    )


def _judge_analytic(
    scene: Scene, stepped: Blocks, differences: Blocks, errors: Mapping[str, float]
) -> None:
    """Distrust the complex step where central differences contradict it: abs, conj, real."""
    standard = _difference_standard(differences, errors)
    if not all(a.ok for a in standard.compare_all(stepped, differences).values()):
        scene.found.not_analytic = (
            "not applicable: cost is not analytic (abs, real, conj, …): "
            "central differences contradict it"
        )


def _difference_standard(differences: Blocks, errors: Mapping[str, float]) -> Standard:
    return Standard(whole_scale(differences), accuracy=LEAST_DIFFERENCE, errors=errors)


def _difference_row(
    scene: Scene,
    masks: tuple[Array, ...] | None,
    differences: Blocks,
    errors: Mapping[str, float],
) -> Evidence:
    standard = _difference_standard(differences, errors)
    given = _masked(scene.given, differences, masks)
    return compared(
        scene, "gradient", "central differences", given, differences, standard, _covered(masks)
    )


def _step_row(scene: Scene, masks: tuple[Array, ...] | None, stepped: Blocks) -> Evidence:
    scales = scene.standard.scales or whole_scale(stepped)
    accuracy = EXACT if scene.truth is not None else OWN_ACCURACY
    standard = Standard(scales, scene.standard.reach, accuracy)
    given = _masked(scene.given, stepped, masks)
    return compared(scene, "gradient", "complex step", given, stepped, standard, _covered(masks))


def _along_row(scene: Scene, rng: np.random.Generator) -> None:
    """Compare along a random direction in each block: every entry takes part."""
    given, true, scales = {}, {}, {}
    for m, (name, block) in enumerate(scene.point.params.items()):
        v = [np.zeros_like(b) for b in scene.blocks]
        v[m] = rng.choice([-1.0, 1.0], size=block.shape)
        if scene.given[name].shape != block.shape:
            continue
        along = complex_step_along(
            scene.subject.cost, scene.blocks, scene.point.X, scene.point.D, v
        )
        size = float(np.sqrt(block.size))
        given[name] = np.array(float(np.sum(scene.given[name] * v[m])))
        true[name] = np.array(along)
        largest = largest_of(scene.given[name])
        scales[name] = size * max(scene.standard.scales.get(name, 0.0), largest)
    if not true:
        return  # every block has a wrong shape, which the other rows say
    standard = Standard(scales, scene.standard.reach, OWN_ACCURACY)
    compared(
        scene, "gradient", "complex step along directions", given, true, standard, "every entry"
    )


def _masked(given: Blocks, true: Blocks, masks: tuple[Array, ...] | None) -> Blocks:
    """Return the given blocks with zeros where nothing was examined."""
    if masks is None:
        return given
    pairs = zip(true, masks, strict=True)
    return {n: given[n] * m if given[n].shape == m.shape else given[n] for n, m in pairs}


def _covered(masks: tuple[Array, ...] | None) -> str:
    if masks is None:
        return ""
    return f"{sum(int(m.sum()) for m in masks)} of {sum(m.size for m in masks)} entries"
