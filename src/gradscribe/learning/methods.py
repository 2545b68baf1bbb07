"""The table of all methods of learning."""

from gradscribe.learning.method import Method
from gradscribe.learning.solvers import SOLVERS
from gradscribe.table import Table

METHODS: Table[Method] = Table("method", *SOLVERS)
