"""What the contract asks of a generated module beyond its cost and gradient."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gradscribe.checking.compare import EPSILON, Blocks, Standard
from gradscribe.checking.report import Row
from gradscribe.checking.scene import Scene, compared
from gradscribe.checking.subject import Point, Subject

SINGLE = 1e-5  # relative accuracy of a gradient in float32 where no terms cancel
COARSER = float(np.finfo(np.float32).eps) / EPSILON / 8  # what errors add up to, not a bound


def conduct_rows(scene: Scene) -> None:
    """Compare `forward`, `ravel`, `unravel` and the gradient in float32 with what they must be.

    Only for a module with a SPEC: another's functions of these names may mean something else.
    """
    if "SPEC" not in vars(scene.subject.module):
        return
    _forward_row(scene)
    _flat_rows(scene)
    if scene.found.ordinary:
        _single_row(scene)


def remembered(subject: Subject, first: Point) -> tuple[Row, str]:
    """Return whether results stay what they were when functions are called again.

    A module with buffers of its own changes the first result while it finds the second, or
    gives another result the third time.
    """
    before = subject.gradient(first)
    kept = {name: block.copy() for name, block in before.items()}
    subject.gradient(replace(first, X=first.X[::-1] + 1, D=first.D[::-1]))
    said = ""
    if not _same(before, kept):
        said = "gradient changes the arrays that it returned before"
    elif not _same(subject.gradient(first), kept):
        said = "gradient gives another result when it is called again"
    verdict = "DIFFERS" if said else "agrees"
    return Row(first.case, "gradient", "itself, called again", verdict, note=said), said  # type: ignore[arg-type]


def _same(one: Blocks, other: Blocks) -> bool:
    return all(np.array_equal(one[name], other[name], equal_nan=True) for name in one)


def _forward_row(scene: Scene) -> None:
    recursion, truth = scene.means.recursion, scene.truth
    if recursion is None or truth is None or not scene.subject.has("forward"):
        return
    output = recursion.network.output.name
    standard = Standard({}, scene.standard.reach)
    given = {output: scene.subject.forward(scene.point)}
    true = {output: truth.values[output]}
    evidence = compared(scene, "forward", "loops over the equations", given, true, standard)
    if evidence.differing and scene.found.ordinary:
        scene.found.failures.append(f"forward is not {output} ({scene.point.case})")


def _flat_rows(scene: Scene) -> None:
    """Compare `ravel` with the arrays one after another, and `unravel` with its inverse."""
    subject, point = scene.subject, scene.point
    if not (subject.has("ravel") and subject.has("unravel")):
        return
    for text in _flat_failures(subject, point):
        scene.found.failures.append(text)
        scene.found.rows.append(Row(point.case, "ravel", "arrays in turn", "DIFFERS", note=text))
        return
    scene.found.rows.append(Row(point.case, "ravel, unravel", "arrays in turn", "agrees"))


def _flat_failures(subject: Subject, point: Point) -> Iterator[str]:
    w = np.concatenate([block.ravel() for block in point.params.values()])
    if not np.array_equal(subject.ravel(point), w):
        yield f"ravel is not {', '.join(point.params)} one after another, each in C order"
    back = subject.unravel(w, point)
    for name, block in point.params.items():
        if not np.array_equal(back[name], block):
            yield f"unravel is not the inverse of ravel: {name} differs"


def _single_row(scene: Scene) -> None:
    single = {name: block.astype(np.float32) for name, block in scene.point.params.items()}
    X, D = scene.point.X.astype(np.float32), scene.point.D.astype(np.float32)
    point = replace(scene.point, params=single, X=X, D=D)
    double = {name: block.astype(float) for name, block in single.items()}
    wide = replace(scene.point, params=double, X=X.astype(float), D=D.astype(float))
    given, true = scene.subject.gradient(point), scene.subject.gradient(wide)
    scales = {name: COARSER * scale for name, scale in scene.standard.scales.items()}
    standard = Standard(scales, accuracy=SINGLE)
    evidence = compared(scene, "gradient in float32", "in float64", given, true, standard)
    if evidence.differing:
        which = ", ".join(sorted(evidence.differing))
        scene.found.failures.append(f"gradient in float32 differs from float64 in {which}")
