"""Steps of update rules as Python source: what they have beside array expressions."""

from gradscribe.printing.numpy_printer import source
from gradscribe.program.ir import Call, Node, children, rebuilt
from gradscribe.program.updates import Ask, Eigen, Search, Select, Solve, Value


def value_source(value: Value) -> str:
    """Return the right side of an assignment as Python source."""
    match value:
        case Select(condition, chosen, other):
            return f"{value_source(chosen)} if {source(condition)} else {value_source(other)}"
        case Solve(matrix, shift, right):
            return f"_solved({source(matrix)}, {source(shift)}, {source(right)})"
        case Eigen(matrix, vectors):
            return f"np.linalg.{'eigh' if vectors else 'eigvalsh'}({source(matrix)})"
        case Ask(function, arguments):
            return f"problem.{function}({', '.join(source(a) for a in arguments)})"
        case Search(variable, ratio, cost, bound):
            holds = f"lambda {variable}: {value_source(cost)} <= {source(bound)}"
            return f"_first({holds}, {source(ratio)})"
        case _:
            return source(raised(value))


def raised(node: Node) -> Node:
    """Return an expression with Python's own power, which keeps the type of Python's numbers."""
    inner = rebuilt(node, tuple(raised(child) for child in children(node)))
    if isinstance(inner, Call) and inner.function == "power":
        return Call("raised", inner.arguments)
    return inner
