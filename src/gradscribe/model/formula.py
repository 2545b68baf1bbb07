"""The specification as a formula: `f2(W2 f1(W1 x + b1) + b2) f1=tanh f2=linear`."""

from collections.abc import Mapping
from itertools import pairwise

from gradscribe.catalog import Catalog
from gradscribe.catalog.activations import Activation
from gradscribe.model.blueprint import (
    Blueprint,
    Settings,
    input_variable,
    options_of,
    settings_of,
)
from gradscribe.model.definitions import Definitions, definitions_in
from gradscribe.model.forward import Forward, forward_of
from gradscribe.model.graph import graph_of
from gradscribe.model.options import options_start, read_options
from gradscribe.model.reserved import ABSTRACT_FUNCTION
from gradscribe.model.sharing import sizes_of_graph
from gradscribe.model.source import Field, Source
from gradscribe.model.syntax import Call, Name, Node, Product, Sum, Token, tokens_of, tree_of
from gradscribe.symbols import names
from gradscribe.table import Table

# Before a parenthesis these capitals are functions; any other one is a matrix.
_FUNCTION_CAPITALS = "FGH"


def formula_blueprint(source: Source, catalog: Catalog) -> Blueprint:
    """Return the blueprint of a formula that options may follow.

    Raises:
        InputError: anything in it cannot be taken.
    """
    end = options_start(source.text)
    tokens = tokens_of(source, end)
    known = options_of(catalog)
    defined = definitions_in(source, end, catalog, known)
    functions = abstract_functions(tokens, defined.catalog.activations)
    options = read_options(source, end, (*functions, *known), defined)
    bindings = {key: value for key, value in options.items() if key in functions}
    settings = settings_of(options, defined.catalog)
    return blueprint_of_tokens(source, tokens, end, bindings, settings, defined)


def abstract_functions(tokens: list[Token], table: Table[Activation]) -> tuple[str, ...]:
    """Return the names that a formula may use as abstract functions: those before a `(`."""
    before = (token.text for token, after in pairwise(tokens) if after.text == "(")
    words = (word for word in before if ABSTRACT_FUNCTION.fullmatch(word) and word not in table)
    return tuple(dict.fromkeys(words))


def blueprint_of_tokens(
    source: Source,
    tokens: list[Token],
    end: int,
    bindings: Mapping[str, Field],
    settings: Settings,
    defined: Definitions,
) -> Blueprint:
    """Return the blueprint of a formula's words and signs.

    Args:
        source: the text of the formula, for messages.
        tokens: its words and signs.
        end: where it ends in the text.
        bindings: the names of activation functions for the abstract functions.
        settings: the loss, the name and the dtype.
        defined: what the names refer to.

    Raises:
        InputError: the formula is not well formed, or an activation function is unknown.
    """
    table = defined.catalog.activations
    entries = {name: field.find(table) for name, field in bindings.items()}
    known = frozenset(entries) | frozenset(table)
    bare = _bare_words(tokens)
    tree = tree_of(source, tokens, end, lambda word: word in known or _is_function(word, bare))
    graph = graph_of(source, tree, table, frozenset(entries))
    called = {node.word: entries.get(node.word) for node in tree if isinstance(node, Call)}
    abstract = {word: entry for word, entry in called.items() if word not in table}
    forward = forward_of(graph, table, abstract)
    check_effects(source, forward)
    settings = settings.defining(defined, forward.functions.values())
    return Blueprint(
        equations=forward.equations,
        parameters=forward.parameters,
        input=input_variable(),
        functions=forward.functions,
        layers=sizes_of_graph(graph).symbols,
        sizes=None,
        settings=settings,
        spec=" ".join([tree_text(tree), *_bindings(abstract), settings.text]),
    )


def check_effects(source: Source, forward: Forward) -> None:
    """Check that every value and every parameter has an effect on the output.

    Raises:
        InputError: one has none, since terms cancel.
    """
    used = set().union(*(names(equation.right) for equation in forward.equations))
    inner = [equation.name for equation in forward.equations[:-1]]
    for name in ("x", *inner, *(variable.name for variable in forward.parameters)):
        if name not in used:
            raise source.error(f"terms cancel: {name} has no effect on the output", 0)


def tree_text(tree: tuple[Node, ...]) -> str:
    """Return a formula as text, in the one way in which a specification is kept."""
    texts: list[str] = []
    for node in tree:
        if isinstance(node, Name):
            texts.append(node.word)
        elif isinstance(node, Call):
            texts.append(f"{node.word}({texts[node.argument]})")
        elif isinstance(node, Product):
            factors = [_factor_text(tree[place], texts[place]) for place in node.factors]
            texts.append(" ".join(factors))
        else:
            texts.append(_sum_text(tree, node, texts))
    return texts[-1]


def _factor_text(node: Node, text: str) -> str:
    # The sign keeps the name before a parenthesis from being read as a function.
    return f"* ({text})" if isinstance(node, Sum) else text


def _sum_text(tree: tuple[Node, ...], node: Sum, texts: list[str]) -> str:
    words: list[str] = []
    for sign, place in node.terms:
        text = f"({texts[place]})" if isinstance(tree[place], Sum) else texts[place]
        if words:
            words += ["-" if sign < 0 else "+", text]
        else:
            words.append(f"-{text}" if sign < 0 else text)
    return " ".join(words)


def _bindings(functions: Mapping[str, Activation | None]) -> list[str]:
    return [f"{word}={entry.name}" for word, entry in functions.items() if entry is not None]


def _bare_words(tokens: list[Token]) -> frozenset[str]:
    """Return the names that occur without a parenthesis after them."""
    following = [*(token.text for token in tokens[1:]), ""]
    return frozenset(t.text for t, after in zip(tokens, following, strict=False) if after != "(")


def _is_function(word: str, bare: frozenset[str]) -> bool:
    """Tell whether a name before a parenthesis, not known otherwise, is a function."""
    if ABSTRACT_FUNCTION.fullmatch(word) and word[0].islower():
        return True
    if ABSTRACT_FUNCTION.fullmatch(word) and word[0] not in _FUNCTION_CAPITALS:
        return False
    return word not in bare
