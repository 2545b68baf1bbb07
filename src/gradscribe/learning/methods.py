"""The table of all methods of learning."""

from gradscribe.catalog import CATALOG, Catalog
from gradscribe.learning.method import Method
from gradscribe.learning.solvers import SOLVERS
from gradscribe.learning.stepping import rule_method
from gradscribe.table import Table


def methods(catalog: Catalog = CATALOG) -> Table[Method]:
    """Return all methods: an update rule each, and the solvers of SciPy."""
    return Table("method", *map(rule_method, catalog.updates.values()), *SOLVERS)


METHODS = methods()


def find_method(name: str, catalog: Catalog = CATALOG) -> Method:
    """Return a method by name; `adam+linear_decay` is a rule whose rate follows a schedule.

    Raises:
        InputError: there is no such method or schedule, or no rate that could follow it.
    """
    rule, plus, schedule = name.partition("+")
    table = METHODS if catalog is CATALOG else methods(catalog)
    method = table.find(rule, where="method")
    if not plus:
        return method
    return rule_method(
        catalog.updates.find(rule, where="method"),
        catalog.schedules.find(schedule, where="method"),
    )
