"""ONNX: chains of Gemm, MatMul, Add and activation functions."""

from pathlib import Path
from typing import Any

import numpy as np

from gradscribe.errors import InputError
from gradscribe.importing.sequence import Item, Sequence, sloped
from gradscribe.importing.stack import Array, Predict, Trained

_PLAIN = {
    "Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Softplus": "softplus", "Sin": "sin",
    "Softsign": "softsign", "Mish": "mish", "HardSwish": "",
}  # fmt: skip
_FLOATS = (1, 10, 11)  # float, float16, double in onnx.TensorProto
_NOTHING = ("Identity", "Dropout", "Flatten", "Cast")
_SELU = (1.6732632423543772, 1.0507009873554805)


def from_onnx(path: Path) -> Trained:
    """Return the stack of a graph.

    Raises:
        InputError: it is no ONNX file, or something in it cannot be taken over.
    """
    import onnx

    try:
        model = onnx.load(str(path), load_external_data=False)
        onnx.checker.check_model(model)
        # An intermediate result of a model that is wrong in itself has no place in a message.
    except Exception as error:
        reason = str(error).strip().split("\n")[0]
        raise InputError(f"not a sound ONNX model: {reason}", where=str(path)) from error
    graph = model.graph
    origin = f"ONNX model {graph.name or path.stem}"
    return Sequence(origin).stack(_Chain(graph, origin).items(), _predict(model, graph))


def _predict(model: Any, graph: Any) -> Predict:
    from onnx.reference import ReferenceEvaluator

    evaluator, (name, dtype) = ReferenceEvaluator(model), _input(graph)

    def predict(X: Array) -> Array:
        found: Any = evaluator.run(None, {name: X.astype(dtype)})
        return np.asarray(found[0])

    return predict


def _input(graph: Any) -> tuple[str, Any]:
    """Return the name of the input that is no constant, and its type."""
    import onnx

    constants = {t.name for t in graph.initializer}
    (value,) = [v for v in graph.input if v.name not in constants]
    return value.name, onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)


class _Chain:
    """The nodes of a graph, one reading the other."""

    def __init__(self, graph: Any, origin: str) -> None:
        import onnx

        self.origin = origin
        self.graph = graph
        self.to_array = onnx.numpy_helper.to_array
        self.attribute = onnx.helper.get_attribute_value
        self.constants = {t.name: self.to_array(t) for t in graph.initializer}

    def items(self) -> list[Item]:
        """Return the layers in order.

        Raises:
            InputError: the graph is no chain.
        """
        inputs = [v.name for v in self.graph.input if v.name not in self.constants]
        if len(inputs) != 1 or len(self.graph.output) != 1:
            raise InputError(
                "the graph has several inputs or outputs",
                where=self.origin,
                received=f"{len(inputs)} inputs, {len(self.graph.output)} outputs",
                allowed="one of each",
            )
        current, found = inputs[0], list[Item]()
        for node in self.graph.node:
            if node.op_type == "Constant":
                self.constants[node.output[0]] = self.constant(node)
                continue
            moving = [name for name in node.input if name and name not in self.constants]
            name = f"{node.name or node.output[0]} {node.op_type}"
            if moving != [current]:
                found.append(Item(name, why="it does not continue the chain"))
            else:
                found.append(self.item(node, name, current))
            current = node.output[0]
        if current != self.graph.output[0].name:
            found.append(Item(self.graph.output[0].name, why="the output is not the chain's end"))
        return self.joined(found)

    def constant(self, node: Any) -> Array:
        """Return the value of a constant, however it is given."""
        ((kind, value),) = self.options(node).items()
        if kind == "value":
            return np.asarray(self.to_array(value))
        if kind in ("value_float", "value_floats"):
            return np.asarray(value, np.float32)
        return np.asarray(value)

    def options(self, node: Any) -> dict[str, Any]:
        """Return a node's attributes by name."""
        return {a.name: self.attribute(a) for a in node.attribute}

    def item(self, node: Any, name: str, current: str) -> Item:
        """Return a node as a layer."""
        options, kind = self.options(node), node.op_type
        fixed = [self.constants[n] for n in node.input if n and n != current]
        if kind == "Gemm" and node.input[0] == current:
            return self.gemm(name, options, fixed)
        if kind == "MatMul" and node.input[0] == current and fixed[0].ndim == 2:
            return Item(name, "dense", fixed[0].T, None)
        if kind in ("Add", "Sub", "Mul", "Div") and fixed and fixed[0].ndim <= 2:
            return self.affine(name, kind, fixed[0], node.input[0] == current)
        if kind == "Cast" and options.get("to") not in _FLOATS:
            return Item(name, why="a cast to numbers that are no floats")
        if kind == "Flatten" and options.get("axis", 1) != 1:
            return Item(name, why="it joins the samples")
        if kind in _NOTHING:
            return Item(name, "nothing")
        function = _PLAIN.get(kind) or self.with_options(kind, options)
        if function:
            return Item(name, "function", function=function)
        return Item(name, why=f"no layer {kind} with these options is known here")

    def gemm(self, name: str, options: dict[str, Any], fixed: list[Array]) -> Item:
        """Return α A B + β C as a dense layer."""
        if options.get("transA"):
            return Item(name, why="the input is transposed")
        W = fixed[0] if options.get("transB") else fixed[0].T
        alpha, beta = options.get("alpha", 1.0), options.get("beta", 1.0)
        W = W if alpha == 1 else W * W.dtype.type(alpha)
        if len(fixed) < 2:
            return Item(name, "dense", W, None)
        if fixed[1].size not in (1, len(W)) or (fixed[1].ndim > 1 and fixed[1].shape[0] != 1):
            return Item(name, why=f"biases of shape {fixed[1].shape} for {len(W)} nodes")
        b = np.broadcast_to(fixed[1].reshape(-1), (len(W),))
        return Item(name, "dense", W, np.array(b if beta == 1 else b * b.dtype.type(beta)))

    def affine(self, name: str, kind: str, fixed: Array, first: bool) -> Item:
        """Return an elementwise operation with a constant as factor · y + shift."""
        if fixed.size != max(fixed.shape, default=1):
            return Item(name, why=f"a constant of shape {fixed.shape}")
        value = fixed.reshape(-1).astype(fixed.dtype if fixed.dtype.kind == "f" else np.float32)
        if kind == "Div" and not first:
            return Item(name, why="the constant is divided")
        one, zero = np.ones_like(value), np.zeros_like(value)
        if kind == "Div" and (value == 0).any():
            return Item(name, why="a division by 0")
        match kind:
            case "Add":
                factor, shift = one, value
            case "Sub":
                factor, shift = (one, -value) if first else (-one, value)
            case "Mul":
                factor, shift = value, zero
            case _:
                factor, shift = one / value, zero
        return Item(name, "affine", factor=factor, shift=shift)

    def with_options(self, kind: str, options: dict[str, Any]) -> str:
        """Return the function of a node with options, or nothing where they are others."""
        match kind:
            case "LeakyRelu":
                return sloped(np.float32(options.get("alpha", 0.01)))
            case "Elu":
                return "elu" if options.get("alpha", 1.0) == 1 else ""
            case "Selu":
                found = options.get("alpha", _SELU[0]), options.get("gamma", _SELU[1])
                return "selu" if np.allclose(found, _SELU, rtol=1e-6) else ""
            case "HardSigmoid":
                found = options.get("alpha", 0.2), options.get("beta", 0.5)
                return "hard_sigmoid" if np.allclose(found, (1 / 6, 0.5), rtol=1e-6) else ""
            case "Gelu":
                return "gelu_tanh" if options.get("approximate") == b"tanh" else ""
            case "Softmax" | "LogSoftmax":
                known = "softmax" if kind == "Softmax" else "log_softmax"
                return known if options.get("axis", -1) in (1, -1) else ""
        return ""

    def joined(self, items: list[Item]) -> list[Item]:
        """Return the items with a MatMul and the Add behind it as one dense layer."""
        found: list[Item] = []
        for item in items:
            last = found[-1] if found else None
            is_shift = (
                item.kind == "affine" and item.factor is not None and (item.factor == 1).all()
            )
            if last is not None and last.kind == "dense" and last.b is None and is_shift:
                assert last.W is not None
                assert item.shift is not None
                if item.shift.size not in (1, len(last.W)):
                    text = f"{item.shift.size} values for {len(last.W)} nodes"
                    found.append(Item(item.name, why=text))
                    continue
                b = np.array(np.broadcast_to(item.shift, (len(last.W),)))
                found[-1] = Item(last.name, "dense", last.W, b)
            else:
                found.append(item)
        return found
