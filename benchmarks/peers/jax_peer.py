"""JAX: everything under `jax.jit`, with parameters and data on the device beforehand.

`jax.lax.map` over batches of Hessian-vector products is its fastest way to a Hessian of a
network that is not tiny, and by far the one that takes the least memory.
"""

from collections.abc import Callable
from typing import Any

from cases import Problem, forward, split

IMPORTS = ("jax.numpy",)
VERSIONS = ("jax", "jaxlib")
BATCH = 32  # Hessian-vector products at a time


class Functions:
    """The cost and what is made of it, as functions of w.

    Attributes:
        w, v: parameters and direction, (K,), on the device.
    """

    def __init__(self, data: Problem) -> None:
        import jax

        self.jax, self.case = jax, data.case
        self.w, self.v, self.X, self.D = jax.device_put((data.w, data.v, data.X, data.D))
        self.activations = {
            "tanh": jax.numpy.tanh,
            "sigmoid": jax.nn.sigmoid,
            "linear": lambda u: u,
            "softmax": jax.nn.log_softmax,  # the cost needs its logarithm only
        }

    def output(self, w: Any) -> Any:
        """Return y^M (N, N_M)."""
        return forward(self.case, list(split(self.case, w)), self.X, self.activations)

    def cost(self, w: Any) -> Any:
        """Return J."""
        return self.loss(self.output(w))

    def loss(self, y: Any) -> Any:
        """Return J of the outputs."""
        if self.case.is_classifier:
            return -self.jax.numpy.sum(self.D * y) / len(y)
        return self.jax.numpy.mean((self.D - y) ** 2)

    def product(self, w: Any, v: Any) -> Any:
        """Return H v, forward over reverse."""
        return self.jax.jvp(self.jax.grad(self.cost), (w,), (v,))[1]

    def reverse_product(self, w: Any, v: Any) -> Any:
        """Return H v, reverse over reverse."""
        grad, vdot = self.jax.grad, self.jax.numpy.vdot
        return grad(lambda u: vdot(grad(self.cost)(u), v))(w)

    def gauss_newton_product(self, w: Any, v: Any) -> Any:
        """Return Jᵀ (∂²J/∂y∂y) J v."""
        y, tangent = self.jax.jvp(self.output, (w,), (v,))
        curved = self.jax.jvp(self.jax.grad(self.loss), (y,), (tangent,))[1]
        return self.jax.vjp(self.output, w)[1](curved)[0]

    def rows(self, product: Callable[[Any, Any], Any], w: Any) -> Any:
        """Return a matrix (K, K) by batches of products with unit vectors."""
        size = len(w)

        def row(i: Any) -> Any:
            return product(w, self.unit(i, w))

        return self.jax.lax.map(row, self.jax.numpy.arange(size), batch_size=min(BATCH, size))

    def diagonal(self, w: Any) -> Any:
        """Return eᵢᵀ H eᵢ of all i, by batches of Hessian-vector products."""
        size = len(w)

        def entry(i: Any) -> Any:
            return self.product(w, self.unit(i, w))[i]

        return self.jax.lax.map(entry, self.jax.numpy.arange(size), batch_size=min(BATCH, size))

    def unit(self, i: Any, w: Any) -> Any:
        """Return eᵢ."""
        return self.jax.nn.one_hot(i, len(w), dtype=w.dtype)

    def compiled(self, function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
        """Return a call of the compiled function that waits for its result."""
        whole = self.jax.jit(function)
        return lambda: self.jax.block_until_ready(whole(*arguments))


def gradient(data: Problem) -> Callable[[], Any]:
    f = Functions(data)
    return f.compiled(f.jax.grad(f.cost), f.w)


def forward_product(data: Problem) -> Callable[[], Any]:
    f = Functions(data)
    return f.compiled(f.product, f.w, f.v)


def reverse_product(data: Problem) -> Callable[[], Any]:
    f = Functions(data)
    return f.compiled(f.reverse_product, f.w, f.v)


def mapped_hessian(data: Problem) -> Callable[[], Any]:
    f = Functions(data)
    return f.compiled(lambda w: f.rows(f.product, w), f.w)


def forward_hessian(data: Problem) -> Callable[[], Any]:
    f = Functions(data)
    return f.compiled(f.jax.hessian(f.cost), f.w)


def reverse_hessian(data: Problem) -> Callable[[], Any]:
    f = Functions(data)
    return f.compiled(f.jax.jacrev(f.jax.jacrev(f.cost)), f.w)


def vmapped_hessian(data: Problem) -> Callable[[], Any]:
    f = Functions(data)
    every = f.jax.vmap(f.product, in_axes=(None, 0))
    return f.compiled(lambda w: every(w, f.jax.numpy.eye(len(w))), f.w)


def mapped_gauss_newton(data: Problem) -> Callable[[], Any]:
    f = Functions(data)
    return f.compiled(lambda w: f.rows(f.gauss_newton_product, w), f.w)


def vmapped_gauss_newton(data: Problem) -> Callable[[], Any]:
    f = Functions(data)
    every = f.jax.vmap(f.gauss_newton_product, in_axes=(None, 0))
    return f.compiled(lambda w: every(w, f.jax.numpy.eye(len(w))), f.w)


def jacobian_gauss_newton(data: Problem) -> Callable[[], Any]:
    f = Functions(data)

    def matrix(w: Any) -> Any:
        rows = f.jax.jacfwd(f.output)(w).reshape(-1, len(w))
        return rows.T @ rows * (2 / data.outputs)

    return f.compiled(matrix, f.w)


def mapped_diagonal(data: Problem) -> Callable[[], Any]:
    f = Functions(data)
    return f.compiled(f.diagonal, f.w)


def vmapped_diagonal(data: Problem) -> Callable[[], Any]:
    f = Functions(data)
    entries = f.jax.vmap(lambda w, e: e @ f.product(w, e), in_axes=(None, 0))
    return f.compiled(lambda w: entries(w, f.jax.numpy.eye(len(w))), f.w)


WAYS = {
    "gradient": {"JAX jit(grad)": gradient},
    "product": {
        "JAX forward over reverse": forward_product,
        "JAX reverse over reverse": reverse_product,
    },
    "diagonal": {
        "JAX lax.map of eᵢᵀHeᵢ": mapped_diagonal,
        "JAX vmap of eᵢᵀHeᵢ": vmapped_diagonal,
    },
    "gauss_newton": {
        "JAX lax.map of products": mapped_gauss_newton,
        "JAX vmap of products": vmapped_gauss_newton,
        "JAX jacfwd, JᵀJ": jacobian_gauss_newton,
    },
    "hessian": {
        "JAX lax.map of products": mapped_hessian,
        "JAX forward over reverse": forward_hessian,
        "JAX reverse over reverse": reverse_hessian,
        "JAX vmap of products": vmapped_hessian,
    },
}
