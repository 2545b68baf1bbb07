"""The numbers of equations beside what a program of second derivatives computes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gradscribe.notation import second_derivative
from gradscribe.program.ir import Term
from gradscribe.program.products import SampleTerms
from gradscribe.program.second_order import Terms

Numbers = Mapping[str, str]


def numbered(formulas: Mapping[str, str], numbers: Numbers) -> dict[str, str]:
    """Return formulas with their numbers in front, where they have one and do not show it."""
    found = {}
    for name, text in formulas.items():
        number = numbers.get(name.removeprefix("diagonal_"), "")
        found[name] = f"({number}) {text}" if number and not text.startswith("(") else text
    return found


def numbered_terms(terms: Terms, numbers: Numbers) -> Terms:
    """Return a program with the numbers of its tangents and blocks."""
    enter = {f.label: [u.parameter.name for u in f.uses] for f in terms.factors}
    letter = "G" if terms.name == "gauss_newton" else "E"
    items = []
    for item in terms.items:
        if isinstance(item, Term):
            pairs = [
                (row, column)
                for row in enter[item.rows]
                for column in enter.get(item.columns, [item.columns])
            ]
            found = _listed(_blocks(pairs, letter, numbers))
            item = replace(item, formula=f"({found}) {item.formula}" if found else item.formula)
        items.append(item)
    return replace(terms, items=tuple(items), formulas=numbered(terms.formulas, numbers))


def numbered_samples(terms: SampleTerms, numbers: Numbers) -> SampleTerms:
    """Return a program with the numbers of its tangents."""
    return replace(terms, formulas=numbered(terms.formulas, numbers))


def _blocks(pairs: Sequence[tuple[str, str]], letter: str, numbers: Numbers) -> list[int]:
    """Return the numbers of the blocks of these parameters, in order."""
    names = {second_derivative(letter, *pair) for first in pairs for pair in (first, first[::-1])}
    return sorted(int(numbers[name]) for name in names if name in numbers)


def _listed(found: Sequence[int]) -> str:
    """Return numbers with a dash for three and more that follow each other.

    >>> _listed([3, 4, 5, 8, 9, 12])
    '3–5, 8, 9, 12'
    """
    runs: list[list[int]] = []
    for number in found:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = [
        [f"{run[0]}–{run[-1]}"] if len(run) > 2 else [str(number) for number in run] for run in runs
    ]
    return ", ".join(word for part in parts for word in part)
