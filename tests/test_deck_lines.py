"""How lines of formulas are parted between slides."""

from gradscribe.targets.deck_lines import GOES_ON, Row, filled, height_of


def row(left: str, right: str, height: float = 20.0) -> Row:
    """Return a row of some height."""
    return Row(left, right, 1, (), height)


CHAIN = [row("u", "= a"), row("", "= b"), row("", f"{GOES_ON}c"), row("y", "= d")]


def test_a_line_stays_whole_where_it_fits() -> None:
    whole = height_of(CHAIN[:3])
    assert filled([row("x", "= 1"), *CHAIN], whole) == [[row("x", "= 1")], CHAIN[:3], CHAIN[3:]]


def test_a_line_that_is_too_high_is_parted_before_a_relation() -> None:
    room = height_of(CHAIN[:2])
    assert filled(CHAIN, room) == [CHAIN[:1], CHAIN[1:3], CHAIN[3:]]


def test_a_relation_that_is_too_high_is_parted_by_rows() -> None:
    rows = [row("u", "= a"), *[row("", f"{GOES_ON}{k}") for k in range(7)]]
    room = height_of(rows[:3])
    parts = filled(rows, room)
    assert [r for part in parts for r in part] == rows
    assert max(map(height_of, parts)) <= room
    assert len(parts) == 3
