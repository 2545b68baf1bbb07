"""The Markdown report of what `compare.py` has found."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import measuring
from cases import QUANTITIES, SWEEPS, Case
from measuring import duration, mebibytes
from missing import Missing
from ours import OURS, TARGETS

Found = Mapping[str, Any]  # of one variant
TITLES = {
    "gradient": "Gradient",
    "product": "Hessian-vector product",
    "diagonal": "Diagonal of the Hessian",
    "gauss_newton": "Gauss-Newton matrix",
    "hessian": "Hessian",
}
FEW = 5  # fewer rounds than this are marked


def case_of(entry: Mapping[str, Any]) -> Case:
    """Return the case that was measured."""
    fields = entry["case"]
    return Case(tuple(fields["sizes"]), fields["hidden"], fields["output"], fields["samples"])


def variants(entries: Sequence[Mapping[str, Any]], quantity: str) -> list[str]:
    """Return the names of all variants of a quantity, in their order."""
    every = (name for entry in entries for name in entry["found"].get(quantity, ()))
    return list(dict.fromkeys(every))


def time_cell(found: Found, ours: Found | None) -> str:
    """Return the time of a call and how many times as long as ours it is.

    >>> time_cell({"seconds": 0.004, "rounds": 2}, {"seconds": 0.001, "rounds": 11})
    '4 ms* (4×)'
    >>> time_cell({"missing": "not installed"}, None)
    'not installed'
    """
    if "missing" in found:
        return str(found["missing"])
    text = duration(found["seconds"]) + ("*" if found["rounds"] < FEW else "")
    if ours is None or ours is found or "missing" in ours:
        return text
    return f"{text} ({measuring.digits(found['seconds'] / ours['seconds'])}×)"


def memory_cell(found: Found, result: int) -> str:
    """Return the memory of the second call beside its result of so many bytes."""
    return "·" if "missing" in found else mebibytes(found["memory"] - result)


def ready_cell(found: Found) -> str:
    """Return the seconds until a function was built, and those of its first call."""
    if "missing" in found:
        return "·"
    return f"{duration(found['build'])} + {duration(found['first'])}"


def variant_table(
    entries: Sequence[Mapping[str, Any]],
    quantity: str,
    cell: Callable[[Mapping[str, Any], Mapping[str, Any]], str],
) -> str:
    """Return a table with a row a variant and a column a case.

    Args:
        entries: what was found of every case.
        quantity: one of `QUANTITIES`.
        cell: the text of a variant, from what was found of it and the whole entry.
    """

    def text(name: str, entry: Mapping[str, Any]) -> str:
        found = entry["found"].get(quantity, {})
        return cell(found[name], entry) if name in found else "·"

    rows = [
        [name, *(text(name, entry) for entry in entries)] for name in variants(entries, quantity)
    ]
    return measuring.table(["", *(case_of(entry).title for entry in entries)], rows)


def times(entries: Sequence[Mapping[str, Any]], quantity: str) -> str:
    """Return the table of the times of a quantity."""
    return variant_table(
        entries, quantity, lambda found, entry: time_cell(found, entry["found"][quantity].get(OURS))
    )


def memories(entries: Sequence[Mapping[str, Any]], quantity: str) -> str:
    """Return the table of the memory of a quantity, beside its result."""
    return variant_table(
        entries, quantity, lambda found, entry: memory_cell(found, size(quantity, case_of(entry)))
    )


def size(quantity: str, case: Case) -> int:
    """Return the bytes of a result."""
    return 8 * (case.K**2 if quantity in ("hessian", "gauss_newton") else case.K)


def ready(entries: Sequence[Mapping[str, Any]], quantity: str) -> str:
    """Return the table of first calls."""
    return variant_table(entries, quantity, lambda found, _: ready_cell(found))


def fastest(results: Mapping[str, Found], names: Iterable[str]) -> tuple[str, float]:
    """Return the fastest of some variants and its seconds.

    Raises:
        Missing: none has a time.
    """
    known = {name: results[name]["seconds"] for name in names if "seconds" in results[name]}
    if not known:
        raise Missing("nobody has one")
    name = min(known, key=lambda name: known[name])
    return name, known[name]


def standing(results: Mapping[str, Found]) -> str:
    """Return our time over that of the fastest peer, or the reverse, in words.

    >>> standing({OURS: {"seconds": 1.0}, "JAX": {"seconds": 4.0}, "torch": {"missing": "?"}})
    '4× faster than JAX'
    >>> standing({OURS: {"seconds": 3.0}, "JAX": {"seconds": 2.0}})
    '**1.5× slower** than JAX'
    """
    try:
        _, ours = fastest(results, [name for name in results if name in TARGETS])
        peer, theirs = fastest(results, [name for name in results if name not in TARGETS])
    except Missing:
        return "no peer finished"
    if ours <= theirs:
        return f"{measuring.digits(theirs / ours)}× faster than {peer}"
    return f"**{measuring.digits(ours / theirs)}× slower** than {peer}"


def summary(entries: Sequence[Mapping[str, Any]]) -> str:
    """Return where we stand against the fastest peer of each case."""
    rows = []
    for entry in entries:
        results, case = entry["found"], case_of(entry)
        cells = [standing(results[q]) if q in results else "·" for q in QUANTITIES]
        rows.append([case.title, str(case.K), *cells])
    return measuring.table(["case", "K", *TITLES.values()], rows)


def own_hessian(entries: Sequence[Mapping[str, Any]], dgemm: float) -> str:
    """Return the table of our Hessian's share of the speed of matrix products, and its memory."""
    rows = []
    for entry in entries:
        found, case = entry["found"]["hessian"].get(OURS, {"missing": ""}), case_of(entry)
        if "missing" in found:
            continue
        share = case.multiplications / found["seconds"] / dgemm
        beside = found["traced"] - size("hessian", case)
        rows.append([case.title, str(case.K), f"{share:.0%}", mebibytes(beside)])
    return measuring.table(["case", "K", "share", "memory beside the result"], rows)


def growth(name: str, entries: Sequence[Mapping[str, Any]], dgemm: float) -> list[str]:
    """Return the section of one sweep."""
    sweep = SWEEPS[name]
    lines = [f"### {sweep.title[0].upper()}{sweep.title[1:]}", "", f"{sweep.about}.", ""]
    lines += [f"![Growth with {sweep.title}](growth_{name}.svg)", ""]
    for quantity in ("gradient", "hessian"):
        lines += [f"{TITLES[quantity]}, time:", "", times(entries, quantity), ""]
    lines += ["Hessian, memory beside the result of 8 K² bytes:", ""]
    lines += [memories(entries, "hessian"), "", f"{OURS} alone:", ""]
    return [*lines, own_hessian(entries, dgemm), ""]


def preamble(found: Mapping[str, Any]) -> list[str]:
    """Return how it was measured."""
    threads = f"{found['threads']} thread{'s' if found['threads'] > 1 else ''}"
    entries = [entry for part in found["parts"].values() for entry in part]
    worst = max(entry["difference"] for entry in entries)
    rounds = max(
        r.get("rounds", 0) for e in entries for q in e["found"].values() for r in q.values()
    )
    limit = found["memory_limit"] / 2**30
    quick = ["**A quick run, which shows that everything works and nothing else.**", ""]
    text = [
        f"{found['machine']}; float64; {threads} and as many cores for everyone "
        "(OPENBLAS_NUM_THREADS, OMP_NUM_THREADS, MKL_NUM_THREADS, torch.set_num_threads, XLA's "
        "flag, processor affinity).",
        f"The whole run took {found['seconds'] / 60:.0f} minutes.",
        "",
        "Before the times the results are compared: a relative difference above 1e-10 ends the "
        f"run. The largest was {worst:.0e}.",
        "",
        f"Times are medians of up to {rounds} rounds in which the variants take turns, each in a "
        f"process of its own; what is slow has fewer rounds, and * marks fewer than {FEW}. In "
        "brackets: how many times as long as ours, so that below 1 we lose. Our modules check "
        "their arguments at every call. JAX is compiled, with parameters and data on the device "
        "beforehand; CasADi is called through its buffers.",
        "",
        f"A peer's variant has {found['patience'][0]:g} s (in the sweeps "
        f"{found['patience'][-1]:g} s) for building and two calls of a Hessian, half of that for "
        f"anything else, and {limit:.1f} GiB; what "
        "needs more is stopped and says so, and larger cases do not try it again. A quantity "
        "whose time is up leaves out the peers that are left.",
    ]
    return (quick if found["quick"] else []) + text


def sections(found: Mapping[str, Any]) -> list[str]:
    """Return everything below the preamble."""
    parts = found["parts"]
    cases, vectors = parts.get("cases", []), parts.get("vectors", [])
    lines = ["## Against the fastest peer of each case", "", summary([*cases, *vectors]), ""]
    for quantity, title in TITLES.items():
        lines += [f"## {title}", "", f"{QUANTITIES[quantity]}.", "", times(cases, quantity), ""]
        if vectors and quantity in vectors[0]["found"]:
            lines += [times(vectors, quantity), ""]
    lines += ["## Our Hessian", "", OWN, "", own_hessian(cases, found["dgemm"]), ""]
    lines += ["## Memory", "", MEMORY, ""]
    for quantity in ("gradient", "gauss_newton", "hessian"):
        lines += [f"{TITLES[quantity]}:", "", memories(cases, quantity), ""]
    lines += ["## First call", "", FIRST, ""]
    for quantity in ("gradient", "hessian"):
        lines += [f"{TITLES[quantity]}, building + first call:", "", ready(cases, quantity), ""]
    lines += ["Import, in a process of its own:", "", imports(found["imports"]), ""]
    lines += ["## Growth", "", GROWTH, ""]
    for name in SWEEPS:
        if name in parts:
            lines += growth(name, parts[name], found["dgemm"])
    return lines


def imports(seconds: Mapping[str, float | None]) -> str:
    """Return the table of the seconds that imports take."""
    rows = [
        [name, "not installed" if value is None else duration(value)]
        for name, value in seconds.items()
    ]
    return measuring.table(["library", "time"], rows)


OWN = (
    "The share is that of the speed of a product of two 1500 × 1500 matrices, by the "
    "multiplications of the large products alone. Memory: what Python and NumPy allocate beside "
    "the result (`tracemalloc`); the bound is 64 MiB and the data."
)
MEMORY = (
    "The largest resident memory during the second call, more than before building, beside the "
    "result. It includes what a library keeps: compiled code, pools, freed memory that it did "
    "not give back: ours, here, the derivation, some 13 MiB; JAX, its compiler, some hundred."
)
FIRST = (
    "Building is what precedes the first function to call. Ours derives, generates and loads the "
    "module, which is needed once and not in the program that uses it; JAX compiles in the "
    "first call. Imports are not included; PyTensor begins every case with an empty cache."
)
GROWTH = "Both axes are logarithmic. A line that ends early was stopped by a limit."


def write(found: Mapping[str, Any], folder: Path) -> None:
    """Write comparison.md."""
    text = "\n".join(["# Comparison", "", *preamble(found), "", *sections(found)])
    (folder / "comparison.md").write_text(re.sub("\n+$", "\n", text), encoding="utf-8")
