"""`gradscribe list`."""

import click

from gradscribe.catalog import CATALOG
from gradscribe.catalog.update_formulas import schedule_formula, step_formula
from gradscribe.formula import TEXT, expression
from gradscribe.targets.target import REPORTS, targets


@click.command("list")
def command() -> None:
    """List what a specification may name, and the formats."""
    sections = {
        "activations": [
            (a.name, expression(a.formula, TEXT)) for a in CATALOG.activations.values()
        ],
        "losses": [(item.name, item.meaning) for item in CATALOG.losses.values()],
        "layers": [(item.name, item.meaning) for item in CATALOG.layers.values()],
        "update rules": [
            (u.name, f"{u.meaning}; {step_formula(u)}") for u in CATALOG.updates.values()
        ],
        "schedules": [(s.name, schedule_formula(s)) for s in CATALOG.schedules.values()],
        "formats": [(t.name, t.meaning) for t in targets().values() if t.view not in REPORTS],
    }
    for title, rows in sections.items():
        click.echo(f"{title}:")
        width = max(len(name) for name, _ in rows)
        for name, meaning in rows:
            click.echo(f"  {name:{width}s}  {meaning}")
