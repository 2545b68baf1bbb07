"""The specification as a text of index equations (see `equation_text` for how it is written).

Names that no equation defines are parameters, but for the input x; the last equation gives the
output. What a function of the catalog is applied to, and what it gives, have equations of their
own: `y[i] = x[i] + tanh(W[i,j] x[j])` is read as u1, y1 and y.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sympy import Expr, Indexed, Symbol

from gradscribe.catalog import Catalog
from gradscribe.catalog.activations import ACTIVATIONS, Activation, U
from gradscribe.equation import Equation, Role, Variable
from gradscribe.errors import nearest
from gradscribe.model.blueprint import Blueprint, Settings, options_of, settings_of
from gradscribe.model.definitions import Definitions, definitions_in
from gradscribe.model.equation_sizes import INPUT, Sized
from gradscribe.model.equation_terms import Reader
from gradscribe.model.equation_text import EquationText, Statements, statements_of, uncommented
from gradscribe.model.options import read_options
from gradscribe.model.reserved import check_parameter, check_value
from gradscribe.model.source import Field, Source, quoted
from gradscribe.notation import SUMMED_INDICES, split
from gradscribe.symbols import (
    OverNodes,
    canonical,
    free_indices,
    scalar_function,
    total,
)
from gradscribe.table import Table

Length = Callable[[str], Symbol]


def equations_blueprint(source: Source, catalog: Catalog) -> Blueprint:
    """Return the blueprint of a text of equations that options may follow.

    Raises:
        InputError: anything in it cannot be taken.
    """
    source = uncommented(source)
    read = statements_of(source)
    known = options_of(catalog)
    defined = definitions_in(source, read.options, catalog, known)
    options = read_options(source, read.options, known, defined)
    return blueprint_of_statements(source, read, settings_of(options, defined.catalog), defined)


def blueprint_of_statements(
    source: Source, read: Statements, settings: Settings, defined: Definitions
) -> Blueprint:
    """Return the blueprint of statements.

    Args:
        source: the text, for messages.
        read: its statements.
        settings: the loss, the name and the dtype.
        defined: what the names of functions refer to.

    Raises:
        InputError: an equation cannot be taken.
    """
    if not read.equations:
        raise source.error("there is no equation", 0, allowed="y1[i] = tanh(W1[i,j] x[j])")
    builder = _Builder(source, read, catalog=defined.catalog.activations)
    builder.build()
    sizes, symbols = builder.numbered()
    settings = settings.defining(defined, builder.used)
    statements = [*(d.text for d in read.declarations), *(q.text for q in read.equations)]
    return Blueprint(
        equations=tuple(builder.final(q) for q in builder.equations),
        parameters=tuple(builder.parameters()),
        input=builder.variable(INPUT, Role.INPUT, "input"),
        functions=builder.functions,
        layers=symbols,
        sizes=sizes,
        settings=settings,
        spec="; ".join([*statements, settings.text]),
    )


@dataclass
class _Builder(Sized):
    """Turns statements into equations.

    Attributes:
        catalog: the functions by their names.
        functions: the catalog's entry of each function in the equations.
        used: the entries that were written.
        defined: the variables that equations before define.
        later: the variables that equations define, by name.
    """

    catalog: Table[Activation] = field(default_factory=lambda: ACTIVATIONS)
    functions: dict[str, Activation | None] = field(default_factory=dict)
    used: list[Activation] = field(default_factory=list)
    defined: set[str] = field(default_factory=set)
    later: dict[str, Field] = field(default_factory=dict)

    def build(self) -> None:
        """Read all equations in order."""
        self.later = {q.name.word: q.name for q in self.read.equations}
        self.check_names()
        for declaration in self.read.declarations:
            self.declare(declaration)
        for number, equation in enumerate(self.read.equations):
            self.equate(number, equation)
        self.check_effects()

    def check_names(self) -> None:
        seen: dict[str, Field] = {}
        for equation in self.read.equations:
            name = equation.name
            if name.word == INPUT:
                raise name.error("x is the input and cannot be defined", allowed="names as u1, y1")
            check_value(name, self.catalog)
            if name.word in seen:
                raise name.error(f"{quoted(name.word)} is defined twice", allowed="once")
            seen[name.word] = name

    def equate(self, number: int, item: EquationText) -> None:
        """Read one equation."""
        left = dict(zip([f.word for f in item.indices], free_indices(3), strict=False))
        sizes: dict[str, Symbol] = {}

        def length(letter: str) -> Symbol:
            symbol = sizes.setdefault(
                letter, Symbol(f"size_{number}_{letter}", integer=True, positive=True)
            )
            self.limits[symbol] = (f"{letter}", -1 - number)
            return symbol

        def place(name: Field, letters: tuple[Field, ...]) -> None:
            self.placed(name, letters, number)

        def apply(
            function: Field, joined: str, argument: Expr, letters: Mapping[str, Symbol]
        ) -> Expr:
            whole = item.right is _call_of(item, function)
            target = item.name.word if whole else ""
            return self.applied(function, joined, argument, letters, length, target, left)

        reader = Reader(item, left, place, length, tuple(self.catalog), apply)
        right = reader.read()
        self.note(item.name, len(item.indices))
        for position, letter in enumerate(item.indices):
            self.slots.join((letter.word, -1 - number), (item.name.word, position), letter)
        self.add(item.name.word, tuple(left.values()), right, [length(k) for k in left])

    def placed(self, name: Field, letters: tuple[Field, ...], number: int) -> None:
        """Check a component that an equation reads, and note the sizes of its indices."""
        word = name.word
        if word in self.later and word not in self.defined:
            own = self.read.equations[number].name.word == word
            raise name.error(
                f"{quoted(word)} is defined by itself" if own
                else f"{quoted(word)} is used before its definition "
                     f"{self.where(self.later[word])}",
                allowed="equations in the order in which they can be computed",
            )  # fmt: skip
        if word not in self.defined and word != INPUT and word not in self.ranks:
            self.check_parameter(name)
        if word == INPUT and not letters:
            raise name.error("the input x has indices", allowed="x[j], x[t,j]")
        self.note(name, len(letters))
        for position, letter in enumerate(letters):
            self.slots.join((letter.word, -1 - number), (word, position), letter)

    def check_parameter(self, name: Field) -> None:
        letters = {f.word for q in self.read.equations for f in q.indices}
        if name.word in letters:
            raise name.error(
                f"{quoted(name.word)} is an index and stands where a number is needed",
                allowed="components such as x[j]; size(j) is how many there are",
            )
        try:
            check_parameter(name, self.catalog)
        except ValueError:
            near = nearest(name.word, (*self.later, INPUT))
            if near is None or len(name.word) < 2:
                raise
            raise name.error(
                f"no equation before defines {quoted(name.word)}, and it cannot be a parameter",
                allowed="names such as W1, b1, A, c, Wout",
                nearest=near,
            ) from None

    # -- functions of the catalog --

    def applied(
        self,
        function: Field,
        joined: str,
        argument: Expr,
        letters: Mapping[str, Symbol],
        length: Length,
        target: str,
        left: Mapping[str, Symbol],
    ) -> Expr:
        """Return what stands for the value of a function, equations for its parts added."""
        entry = self.catalog[function.word]
        if argument.is_number:
            raise function.error("the function is applied to a number", allowed="a component")
        if entry not in self.used:
            self.used.append(entry)
        if entry.formula == U:
            return argument
        if not entry.joins_nodes and joined:
            raise function.error(f"{function.word} goes over no index", allowed="softmax")
        if entry.joins_nodes and not joined:
            if len(left) != 1:
                raise function.error(
                    f"{function.word} goes over an index, which is not said",
                    allowed=f"{function.word}({next(iter(left), 's')}, …)",
                )
            (joined,) = left
        if entry.joins_nodes and joined not in letters:
            raise function.error(
                f"index {quoted(joined)} does not stand in what {function.word} is applied to",
                allowed=", ".join(letters) or "a component with an index",
            )
        if not isinstance(argument, Indexed):
            order = [k for k in left if k in letters]  # as on the left, and what is not there last
            letters = {k: letters[k] for k in (*order, *(k for k in letters if k not in left))}
            argument = self.own(argument, letters, length)
        if not isinstance(argument, Indexed):
            raise function.error(
                f"{function.word} is applied to a number without an index",
                allowed="a component with an index, such as Q[i]",
            )
        free = tuple(argument.indices)
        layer = split(argument.base.name).layer
        name = target or (f"y{layer}" if split(argument.base.name).stem == "u" else "")
        if not target and (not name or name in self.taken()):
            name = self.free_name("y")
        # Of a vector, as the layers of a stack have it: written out when a network is put together.
        as_layer = len(free) == 1 and (argument.base.name, name) == (f"u{layer}", f"y{layer}")
        if not entry.joins_nodes or (as_layer and f"f{layer}" not in self.functions):
            value = scalar_function(self.function(entry, argument))(argument)
        else:
            value = _over(entry.formula, argument, letters[joined], length(joined))
        if target:
            return value
        by_symbol = {v: k for k, v in letters.items()}
        self.add_own(name, value, [by_symbol[k] for k in free], letters, length)
        shape = tuple(length(by_symbol[k]) for k in free)
        return Variable(name, shape, Role.VALUE)[free]

    def function(self, entry: Activation, argument: Indexed) -> str:
        """Return the name of a function in the equations."""
        name = split(argument.base.name)
        number = name.layer if name.stem == "u" else ""
        stems = [f"{letter}{number}" for letter in "fgh"] if number else []
        stems += [f"f{k}" for k in range(1, len(self.functions) + len(self.later) + 2)]
        stem = next(
            s
            for s in stems
            if s not in self.functions and (number or f"u{s[1:]}" not in self.later)
        )
        self.functions[stem] = entry
        return stem

    def own(self, argument: Expr, letters: Mapping[str, Symbol], length: Length) -> Indexed:
        """Give what a function is applied to an equation of its own."""
        name = self.free_name("u")
        self.add_own(name, argument, list(letters), letters, length)
        shape = tuple(length(k) for k in letters)
        return Variable(name, shape, Role.VALUE)[tuple(letters.values())]

    def add_own(
        self,
        name: str,
        right: Expr,
        order: list[str],
        letters: Mapping[str, Symbol],
        length: Length,
    ) -> None:
        free = free_indices(len(order))
        renaming = dict(zip([letters[k] for k in order], free, strict=True))
        sizes = [length(k) for k in order]
        for position, symbol in enumerate(sizes):
            slot = self.limits[symbol]
            self.slots.join(slot, (name, position), Field(slot[0], self.source))
        apart = canonical(right, (), tuple(f"{k}_c" for k in SUMMED_INDICES))
        self.add(name, free, apart.xreplace(renaming), sizes)

    def add(self, name: str, at: tuple[Symbol, ...], right: Expr, sizes: list[Symbol]) -> None:
        """Add an equation."""
        meaning = {"u": "activation", "y": "output of the layer"}.get(split(name).stem, "value")
        variable = Variable(name, tuple(sizes), Role.VALUE, meaning=meaning)
        right = canonical(right, at, SUMMED_INDICES)
        self.equations.append(Equation(variable, at, right))
        self.shapes[name] = tuple((name, p) for p in range(len(at)))
        self.defined.add(name)

    def taken(self) -> set[str]:
        """Return the names that are given away."""
        return self.later.keys() | self.defined | self.ranks.keys()

    def free_name(self, stem: str) -> str:
        """Return the first name u1, u2, … that no one has."""
        taken = self.taken()
        numbers = range(1, len(taken) + 2)
        both = {f"{s}{k}" for s in "uy" for k in numbers} & taken
        return next(
            f"{stem}{k}" for k in numbers if not {f"u{k}", f"y{k}"} & both
        )  # fmt: skip

    def check_effects(self) -> None:
        """Check that the output depends on all that is defined and declared."""
        output = self.read.equations[-1]
        if not output.indices:
            raise output.name.error("the output has no index", allowed=f"{output.name.word}[i] = …")
        if self.ranks.keys() <= self.shapes.keys() | {INPUT}:
            raise self.source.error("there is no parameter", 0, allowed="y1[i] = W1[i,j] x[j]")
        alive = {self.equations[-1].name}
        for equation in reversed(self.equations):
            if equation.name in alive:
                alive |= {s.name for s in equation.right.free_symbols}
        for name, (_, place) in self.ranks.items():
            if name not in alive:
                raise place.error(
                    f"{quoted(name)} has no effect on the output {self.equations[-1].name}",
                    allowed="equations of which the last one gives the output",
                )


def _call_of(item: EquationText, function: Field) -> object:
    """Return the whole right side where it is the call of this function."""
    whole = item.right
    is_call = isinstance(whole, ast.Call) and isinstance(whole.func, ast.Name)
    return whole if is_call and item.field(whole, "").at == function.at else None


def _over(formula: Expr, argument: Expr, over: Symbol, length: Symbol, depth: int = 0) -> Expr:
    """Return a formula at a component, what it sums over nodes as sums over an index."""
    k = Symbol(f"{over.name}_s{depth}", integer=True)
    outer = [
        part
        for part in formula.atoms(OverNodes)
        if not any(part in o.args[0].atoms(OverNodes) for o in formula.atoms(OverNodes))
    ]
    sums = {
        part: total(
            _over(part.args[0], argument, over, length, depth + 1).xreplace({over: k}), {k: length}
        )
        for part in outer
    }
    return formula.xreplace(sums).xreplace({U: argument})
