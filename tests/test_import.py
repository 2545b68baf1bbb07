"""Trained models of other libraries: outputs, derivatives, and what is refused."""

import io
import json
import pickle
import struct
import warnings
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import gradscribe
from gradscribe.cli import cli
from gradscribe.errors import InputError

sklearn = pytest.importorskip("sklearn")

from sklearn.compose import TransformedTargetRegressor  # noqa: E402
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine  # noqa: E402
from sklearn.neural_network import MLPClassifier, MLPRegressor  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, StandardScaler  # noqa: E402


def fitted(model: Any, X: Any, y: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y)


def classifier(load: Callable[..., Any], *scalers: Any, **options: Any) -> tuple[Any, Any, Any]:
    X, y = load(return_X_y=True)
    network = MLPClassifier(max_iter=8, random_state=0, **options)
    return fitted(make_pipeline(*scalers, network), X, y), X, y


def regressor(*scalers: Any, **options: Any) -> tuple[Any, Any, Any]:
    X, y = load_diabetes(return_X_y=True)
    network = MLPRegressor(max_iter=8, random_state=0, **options)
    return fitted(make_pipeline(*scalers, network), X, y), X, y


MODELS = {
    "breast cancer": lambda: classifier(load_breast_cancer, StandardScaler(), activation="tanh"),
    "digits": lambda: classifier(load_digits, MinMaxScaler(), hidden_layer_sizes=(12, 9)),
    "wine": lambda: classifier(
        load_wine, MaxAbsScaler(), StandardScaler(), hidden_layer_sizes=(7,), activation="logistic"
    ),
    "diabetes": lambda: regressor(hidden_layer_sizes=(6, 5), activation="identity"),
    "scaled diabetes": lambda: regressor(StandardScaler(with_mean=False), hidden_layer_sizes=(9,)),
}


@pytest.mark.parametrize("name", MODELS)
def test_models_of_sklearn_give_what_they_gave(name: str) -> None:
    model, X, y = MODELS[name]()
    found = gradscribe.import_model(model, name="m")
    assert found.difference is not None
    assert found.difference <= 1e-12
    module = found.module()
    params = module.trained()
    output = module.forward(params, X)
    network = model[-1]
    if isinstance(network, MLPRegressor):
        true = model.predict(X).reshape(len(X), -1)
    else:
        true = model.predict_proba(X)
        true = true[:, 1:] if output.shape[1] == 1 else true
        labels = np.array(module.CLASSES)[
            (output[:, 0] > 0.5).astype(int) if output.shape[1] == 1 else output.argmax(axis=1)
        ]
        assert (labels == model.predict(X)).all()
    assert np.abs(output - true).max() <= 1e-12 * np.abs(true).max()
    _check_derivatives(module, params, X[:5], y[:5])


def _check_derivatives(module: Any, params: Any, X: Any, y: Any) -> None:
    """Compare gradient, input Jacobian and a product with H with complex steps."""
    outputs = module.forward(params, X).shape[1]
    D = np.eye(outputs)[y.astype(int)] if outputs > 1 else (y % 2).astype(float).reshape(-1, 1)
    rng = np.random.default_rng(0)
    V = module.Parameters(*[rng.normal(size=p.shape) for p in params])
    moved = module.Parameters(*[p + 1e-30j * v for p, v in zip(params, V, strict=True)])
    slope = module.cost(moved, X, D).imag * 1e30
    gradient = module.gradient(params, X, D)
    found = sum(float((g * v).sum()) for g, v in zip(gradient, V, strict=True))
    assert np.isclose(found, slope, rtol=1e-9)
    product = module.ravel(module.hessian_vector_product(params, X, D, V))
    true = np.concatenate([1e30 * g.imag.ravel() for g in module.gradient(moved, X, D)])
    assert np.abs(product - true).max() <= 1e-9 * np.abs(true).max()
    W = rng.normal(size=X.shape)
    along = module.forward(params, X + 1e-30j * W).imag * 1e30
    J = module.input_jacobian(params, X)
    assert np.abs(np.einsum("noi,ni->no", J, W) - along).max() <= 1e-9 * max(
        np.abs(along).max(), 1e-9
    )


def test_the_scale_of_the_target_is_taken_back() -> None:
    X, y = load_diabetes(return_X_y=True)
    inner = MLPRegressor(hidden_layer_sizes=(5,), max_iter=5, random_state=0)
    model = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), inner), transformer=StandardScaler()
    )
    found = gradscribe.import_model(fitted(model, X, y))
    params = found.module().trained()
    assert np.allclose(found.module().forward(params, X)[:, 0], model.predict(X), rtol=1e-12)
    assert any("target" in note for note in found.model.notes)


def test_several_outputs_and_labels_of_text() -> None:
    X, y = load_wine(return_X_y=True)
    labels = np.array(["Barolo", 'Grignolino "G"', "Barbera\n"])[y]
    model = fitted(MLPClassifier((4,), max_iter=3, random_state=0), X, labels)
    module = gradscribe.import_model(model).module()
    assert set(module.CLASSES) == set(labels)
    several = fitted(MLPClassifier((4,), max_iter=3, random_state=0), X, np.eye(3, dtype=int)[y])
    found = gradscribe.import_model(several)
    assert found.network.loss.name == "bce"
    assert np.allclose(
        found.module().forward(found.module().trained(), X), several.predict_proba(X), rtol=1e-12
    )
    two = fitted(MLPRegressor(hidden_layer_sizes=(3,), max_iter=3, random_state=0), X, X[:, :2])
    assert gradscribe.import_model(two).model.sizes == (13, 3, 2)


def test_what_sklearn_has_and_is_not_known_is_named() -> None:
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression

    X, y = load_wine(return_X_y=True)
    model = fitted(make_pipeline(PCA(3), MLPClassifier((2,), max_iter=2)), X, y)
    with pytest.raises(InputError, match="pca: a PCA"):
        gradscribe.import_model(model)
    with pytest.raises(InputError, match="LogisticRegression"):
        gradscribe.import_model(fitted(LogisticRegression(), X, y))
    with pytest.raises(InputError, match="not fitted"):
        gradscribe.import_model(MLPClassifier())
    clipped = fitted(make_pipeline(MinMaxScaler(clip=True), MLPClassifier((2,), max_iter=2)), X, y)
    with pytest.raises(InputError, match="a MinMaxScaler with clip=True"):
        gradscribe.import_model(clipped)
    with pytest.raises(InputError, match="no such model"):
        gradscribe.import_model(object())


# ---- files -------------------------------------------------------------------------------------


def run(*words: Any) -> Any:
    return CliRunner().invoke(cli, ["import", *map(str, words)], catch_exceptions=True)


def arrays(*sizes: int) -> dict[str, Any]:
    rng = np.random.default_rng(sum(sizes))
    found = {}
    for m, (below, nodes) in enumerate(pairwise(sizes), 1):
        found |= {f"W{m}": rng.normal(size=(nodes, below)), f"b{m}": rng.normal(size=nodes)}
    return found


def load(path: Path) -> Any:
    namespace: dict[str, Any] = {"__name__": "imported"}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), namespace)
    return namespace


def test_an_npz_becomes_three_files(tmp_path: Path) -> None:
    own = arrays(3, 4, 2)
    np.savez(tmp_path / "net.npz", **own)
    result = run(tmp_path / "net.npz", "-o", tmp_path / "out", "--activations", "tanh,softmax")
    assert result.exit_code == 0, result.output
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "net.npz",
        "out.npz",
        "out.py",
        "out.toml",
    ]
    module = load(tmp_path / "out.py")
    params = module["Parameters"](**np.load(tmp_path / "out.npz"))
    X = np.random.default_rng(0).normal(size=(5, 3))
    u = np.tanh(X @ own["W1"].T + own["b1"]) @ own["W2"].T + own["b2"]
    true = np.exp(u) / np.exp(u).sum(axis=1, keepdims=True)
    assert np.allclose(module["forward"](params, X), true, rtol=1e-13)
    assert gradscribe.Network.parse(str(tmp_path / "out.toml")).loss.name == "cross_entropy"


def test_embedded_parameters(tmp_path: Path) -> None:
    own = {k: v.astype(np.float32) for k, v in arrays(3, 4, 2).items()}
    np.savez(tmp_path / "net.npz", **own)
    result = run(
        tmp_path / "net.npz", "-o", tmp_path / "out", "--embed", "--activations", "relu,linear"
    )
    assert result.exit_code == 0, result.output
    assert not (tmp_path / "out.npz").exists()
    params = load(tmp_path / "out.py")["trained"]()
    for name, array in own.items():
        assert getattr(params, name).dtype == np.float32
        assert np.array_equal(getattr(params, name), array)


def test_a_layer_without_biases_has_none(tmp_path: Path) -> None:
    own = arrays(3, 4, 2)
    del own["b1"]
    found = gradscribe.import_model(own, activations="tanh,linear")
    assert list(found.parameters) == ["W1", "W2", "b2"]
    module = found.module()
    X = np.ones((2, 3))
    true = np.tanh(X @ own["W1"].T) @ own["W2"].T + own["b2"]
    assert np.allclose(module.forward(module.trained(), X), true)


def test_safetensors_of_pytorch(tmp_path: Path) -> None:
    numpy = pytest.importorskip("safetensors.numpy")
    own = {k: v.astype(np.float32) for k, v in arrays(5, 12, 3).items()}
    state = {
        "net.0.weight": own["W1"], "net.0.bias": own["b1"],
        "net.10.weight": own["W2"], "net.10.bias": own["b2"],
    }  # fmt: skip
    path = tmp_path / "model.safetensors"
    numpy.save_file(state, path)
    result = run(
        path, "-o", tmp_path / "m", "--activations", "relu,linear", "--output-activation", "softmax"
    )
    assert result.exit_code == 0, result.output
    params = np.load(tmp_path / "m.npz")
    assert all(np.array_equal(params[k], own[k]) for k in own)
    assert gradscribe.Network.parse(str(tmp_path / "m.toml")).spec.startswith("5-12-3 relu,softmax")
    missing = run(path, "-o", tmp_path / "n")
    assert missing.exit_code != 0
    assert "--activations" in str(missing.exception)
    state["conv.weight"] = np.zeros((2, 3, 4), np.float32)
    numpy.save_file(state, path)
    refused = run(path, "-o", tmp_path / "n", "--activations", "relu,linear")
    assert "conv" in str(refused.exception)
    assert not list(tmp_path.glob("n.*"))


def onnx_model(nodes: list[Any], constants: dict[str, Any], inputs: int, outputs: int) -> Any:
    onnx = pytest.importorskip("onnx")
    kind = onnx.TensorProto.DOUBLE
    graph = onnx.helper.make_graph(
        nodes, "net",
        [onnx.helper.make_tensor_value_info("x", kind, [None, inputs])],
        [onnx.helper.make_tensor_value_info("y", kind, [None, outputs])],
        [onnx.numpy_helper.from_array(a, n) for n, a in constants.items()],
    )  # fmt: skip
    return onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=9
    )


def test_onnx_chains(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    node, own = onnx.helper.make_node, arrays(4, 5, 3)
    constants = {
        "mean": np.arange(4.0), "spread": np.array([2.0, 3, 4, 5]),
        "A": own["W1"].T.copy(), "a": own["b1"], "B": own["W2"], "b": own["b2"],
    }  # fmt: skip
    nodes = [
        node("Sub", ["x", "mean"], ["x1"]), node("Div", ["x1", "spread"], ["x2"]),
        node("MatMul", ["x2", "A"], ["u1"]), node("Add", ["u1", "a"], ["u2"]),
        node("LeakyRelu", ["u2"], ["y1"], alpha=0.25),
        node("Gemm", ["y1", "B", "b"], ["u3"], transB=1, alpha=2.0),
        node("Softmax", ["u3"], ["y"], axis=-1),
    ]  # fmt: skip
    path = tmp_path / "net.onnx"
    onnx.save(onnx_model(nodes, constants, 4, 3), str(path))
    result = run(path, "-o", tmp_path / "m", "--embed")
    assert result.exit_code == 0, result.output + repr(result.exception)
    assert "outputs equal" in result.output
    module = load(tmp_path / "m.py")
    X = np.random.default_rng(3).normal(size=(6, 4))
    u = (X - constants["mean"]) / constants["spread"] @ own["W1"].T + own["b1"]
    u = 2 * (np.where(u > 0, u, 0.25 * u) @ own["W2"].T) + own["b2"]
    true = np.exp(u) / np.exp(u).sum(axis=1, keepdims=True)
    assert np.allclose(module["forward"](module["trained"](), X), true, rtol=1e-12)


def test_onnx_graphs_that_are_no_chain_are_refused(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    node = onnx.helper.make_node
    W = {"A": np.eye(3), "B": np.ones((3, 3, 1, 1))}
    skip = [
        node("MatMul", ["x", "A"], ["u"], name="one"),
        node("Add", ["u", "x"], ["y"], name="two"),
    ]
    erf = [node("MatMul", ["x", "A"], ["u"], name="one"), node("Erf", ["u"], ["y"], name="gauss")]
    for nodes, name in ((skip, "two Add"), (erf, "gauss Erf")):
        path = tmp_path / "net.onnx"
        onnx.save(onnx_model(nodes, {"A": W["A"]}, 3, 3), str(path))
        result = run(path, "-o", tmp_path / "m")
        assert isinstance(result.exception, InputError)
        assert name in str(result.exception)
        assert not (tmp_path / "m.py").exists()


def keras_archive(path: Path, layers: list[Any], weights: dict[str, list[Any]]) -> None:
    h5py = pytest.importorskip("h5py")
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, own in weights.items():
            for k, array in enumerate(own):
                file[f"layers/{name}/vars/{k}"] = array
    config = {"class_name": "Sequential", "config": {"layers": layers}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.5.0"}))
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", buffer.getvalue())


def test_keras_archives(tmp_path: Path) -> None:
    own = {k: v.astype(np.float32) for k, v in arrays(4, 6, 3).items()}
    dense = [
        {"class_name": "Dense", "config": {"name": n, "activation": a, "use_bias": True}}
        for n, a in (("first", "relu"), ("second", "softmax"))
    ]
    norm = {"class_name": "BatchNormalization", "config": {"name": "norm", "epsilon": 0.001}}
    gain = [
        np.float32([1, 2, 3, 4]),
        np.float32([0, 1, 0, 1]),
        np.float32([1, 1, 2, 2]),
        np.float32([1, 4, 9, 1]),
    ]
    layers = [{"class_name": "InputLayer", "config": {}}, norm, dense[0],
              {"class_name": "Dropout", "config": {"name": "drop"}}, dense[1]]  # fmt: skip
    weights = {
        "batch_normalization": gain,
        "dense": [own["W1"].T, own["b1"]],
        "dense_1": [own["W2"].T, own["b2"]],
    }
    path = tmp_path / "net.keras"
    keras_archive(path, layers, weights)
    from gradscribe.importing.keras_models import from_keras

    model = from_keras(path)
    assert model.sizes == (4, 6, 3)
    assert [layer.activation for layer in model.layers] == ["relu", "softmax"]
    X = np.random.default_rng(0).normal(size=(5, 4))
    g, s, mean, var = (a.astype(float) for a in gain)
    u = ((X - mean) / np.sqrt(var + 0.001) * g + s) @ own["W1"].T.astype(float) + own["b1"]
    v = np.maximum(u, 0) @ own["W2"].T.astype(float) + own["b2"]
    true = np.exp(v) / np.exp(v).sum(axis=1, keepdims=True)
    first, second = model.layers
    assert first.b is not None
    assert second.b is not None
    w = np.maximum(X @ first.W.T + first.b, 0) @ second.W.T + second.b
    assert np.allclose(np.exp(w) / np.exp(w).sum(axis=1, keepdims=True), true, rtol=1e-5)
    keras_archive(path, [*layers, {"class_name": "LSTM", "config": {"name": "memory"}}], weights)
    with pytest.raises(InputError, match="memory LSTM"):
        from_keras(path)


# ---- hostile files -----------------------------------------------------------------------------


class Bomb:
    def __reduce__(self) -> Any:
        return (Path("ran").touch, ())


def test_pickles_run_nothing_without_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("m.pkl", "m.joblib", "m.pickle"):
        Path(name).write_bytes(pickle.dumps(Bomb()))
        result = run(name, "-o", "out")
        assert isinstance(result.exception, InputError)
        assert "--trust" in str(result.exception)
    np.savez("m.npz", W1=np.array([Bomb()], dtype=object))
    assert isinstance(run("m.npz", "-o", "out", "--activations", "tanh").exception, InputError)
    Path("m.npz").write_bytes(pickle.dumps(Bomb()))
    assert isinstance(run("m.npz", "-o", "out", "--activations", "tanh").exception, InputError)
    assert not Path("ran").exists()
    assert not list(tmp_path.glob("out*"))


def test_a_trusted_pickle_is_read(tmp_path: Path) -> None:
    pytest.importorskip("joblib")
    model, X, _ = MODELS["wine"]()
    path = tmp_path / "wine.pkl"
    path.write_bytes(pickle.dumps(model))
    result = run(path, "-o", tmp_path / "out", "--trust", "--embed")
    assert result.exit_code == 0, repr(result.exception)
    module = load(tmp_path / "out.py")
    assert np.allclose(
        module["forward"](module["trained"](), X), model.predict_proba(X), rtol=1e-12
    )
    path.write_bytes(pickle.dumps({"a": 1}))
    assert isinstance(run(path, "-o", tmp_path / "o", "--trust").exception, InputError)


def test_skops_files(tmp_path: Path) -> None:
    skops = pytest.importorskip("skops.io")
    model, X, _ = MODELS["digits"]()
    path = tmp_path / "digits.skops"
    skops.dump(model, path)
    result = run(path, "-o", tmp_path / "out", "--embed")
    assert result.exit_code == 0, repr(result.exception)
    module = load(tmp_path / "out.py")
    assert np.allclose(
        module["forward"](module["trained"](), X), model.predict_proba(X), rtol=1e-12
    )
    path.write_bytes(path.read_bytes()[:2000])
    assert isinstance(run(path, "-o", tmp_path / "o").exception, InputError)


@pytest.mark.parametrize("ending", ["npz", "safetensors", "keras", "onnx", "skops"])
@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"\x93NUMPY", struct.pack("<Q", 2 << 30) + b"{}", b"\xff" * 300]
)
def test_broken_files_are_refused(ending: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"net.{ending}"
    path.write_bytes(content)
    result = run(
        path,
        "-o",
        tmp_path / "out",
        *(["--activations", "tanh"] if ending in ("npz", "safetensors") else []),
    )
    assert isinstance(result.exception, InputError), result.exception
    assert not list(tmp_path.glob("out*"))


def test_zip_bombs_are_not_unpacked(tmp_path: Path) -> None:
    for name, member in (("net.npz", "W1.npy"), ("net.keras", "config.json")):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(member, b"\0" * (64 << 20))
        result = run(
            path, "-o", tmp_path / "out", *(["--activations", "tanh"] if name[-1] == "z" else [])
        )
        assert isinstance(result.exception, InputError), result.exception
        assert "unpacks" in str(result.exception) or "h5py" in str(result.exception)


def test_words_that_are_not_known_and_places_that_are_not_there(tmp_path: Path) -> None:
    np.savez(tmp_path / "net.npz", **arrays(3, 4, 2))
    net = tmp_path / "net.npz"
    cases: list[tuple[tuple[Any, ...], str]] = [
        ((net, "-o", tmp_path / "o", "--activations", "tahn,linear"), "tanh"),
        ((net, "-o", tmp_path / "o", "--activations", "a,b,c"), "3 activation functions"),
        ((net, "-o", tmp_path / "o", "--activations", "tanh", "--loss", "mes"), "mse"),
        ((net, "-o", tmp_path / "no" / "o", "--activations", "tanh"), "folder"),
        ((tmp_path / "x.npz", "-o", tmp_path / "o"), "no such file"),
        ((tmp_path, "-o", tmp_path / "o"), "not a file"),
        (
            (net, "-o", tmp_path / "o", "--activations", "tanh", "--output-activation", "softmax"),
            "last layer",
        ),
    ]
    for words, text in cases:
        result = run(*words)
        assert isinstance(result.exception, InputError), result.exception
        assert text in str(result.exception)
        assert not list(tmp_path.glob("o.*"))
    other = tmp_path / "net.h5"
    other.write_bytes(b"1")
    assert ".keras" in str(run(other, "-o", tmp_path / "o").exception)


def test_shapes_that_do_not_fit_and_numbers_that_are_none() -> None:
    own = arrays(3, 4, 2)
    with pytest.raises(InputError, match="behind 4 nodes"):
        gradscribe.import_model({**own, "W2": np.ones((2, 5))}, activations="tanh")
    with pytest.raises(InputError, match="NaN"):
        gradscribe.import_model({**own, "b2": np.array([1.0, np.nan])}, activations="tanh")
    with pytest.raises(InputError, match="int64"):
        gradscribe.import_model({**own, "b2": np.array([1, 2])}, activations="tanh")


def test_what_a_poisson_regressor_and_an_identity_transformer_are() -> None:
    X, y = load_diabetes(return_X_y=True)
    plain = MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, random_state=0)
    inside = make_pipeline(
        StandardScaler(), TransformedTargetRegressor(plain, transformer=MinMaxScaler())
    )
    for model in (TransformedTargetRegressor(plain), inside):
        assert gradscribe.import_model(fitted(model, X, y)).difference <= 1e-12
    if "loss" in plain.get_params():
        counts = MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, loss="poisson", random_state=0)
        found = gradscribe.import_model(fitted(counts, X, np.round(y)))
        assert found.difference <= 1e-12


def test_inputs_far_from_0_are_where_outputs_are_compared() -> None:
    X, y = load_wine(return_X_y=True)
    near = gradscribe.import_model(fitted(make_pipeline(StandardScaler(), mlp()), X, y))
    far = gradscribe.import_model(fitted(make_pipeline(StandardScaler(), mlp()), X + 1e6, y))
    assert near.difference <= 1e-12
    assert 1e-12 < far.difference < 1e-6


def mlp() -> Any:
    return MLPClassifier((3,), max_iter=4, random_state=0)


def test_names_say_the_order_or_the_dictionary_does(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    names = ["input", "hidden", "output"]
    state = {}
    for name, shape in zip(names, ((8, 8), (8, 8), (2, 8)), strict=True):
        state[f"{name}.weight"], state[f"{name}.bias"] = (
            rng.normal(size=shape),
            rng.normal(size=shape[0]),
        )
    found = gradscribe.import_model(state, activations="tanh,linear")
    assert np.array_equal(found.parameters["W1"], state["input.weight"])
    np.savez(tmp_path / "net.npz", **state)
    result = run(tmp_path / "net.npz", "-o", tmp_path / "out", "--activations", "tanh,linear")
    assert "do not say their order" in str(result.exception)


def test_a_normalisation_that_nothing_takes_in_is_refused(tmp_path: Path) -> None:
    gain = [np.float32([10, 10]), np.float32([5, 5]), np.float32([0, 0]), np.float32([1, 1])]
    dense = {"class_name": "Dense", "config": {"name": "d", "activation": "relu"}}
    norm = {"class_name": "BatchNormalization", "config": {"name": "norm"}}
    weights = {
        "dense": [np.eye(2, dtype=np.float32), np.zeros(2, np.float32)],
        "batch_normalization": gain,
    }
    path = tmp_path / "net.keras"
    keras_archive(path, [dense, norm], weights)
    from gradscribe.importing.keras_models import from_keras

    with pytest.raises(InputError, match="norm BatchNormalization"):
        from_keras(path)
    leaky = {"class_name": "LeakyReLU", "config": {"name": "l", "negative_slope": 2.0}}
    linear = {"class_name": "Dense", "config": {"name": "d", "activation": "linear"}}
    keras_archive(path, [linear, leaky], weights)
    module = gradscribe.import_model(path).module()
    assert np.array_equal(module.forward(module.trained(), np.float32([[-1, 3]])), [[-2, 3]])


def test_scalars_and_misfits_in_onnx(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    node, own = onnx.helper.make_node, arrays(4, 3)
    path = tmp_path / "net.onnx"
    constants = {"s": np.array(255.0), "W": own["W1"], "b": own["b1"], "c": np.ones(2)}
    good = [node("Div", ["x", "s"], ["v"]), node("Gemm", ["v", "W", "b"], ["y"], transB=1)]
    onnx.save(onnx_model(good, constants, 4, 3), str(path))
    found = gradscribe.import_model(path)
    assert np.allclose(found.parameters["W1"], own["W1"] / 255)
    bad = [
        node("Gemm", ["x", "W", "b"], ["v"], transB=1),
        node("Add", ["v", "c"], ["y"], name="plus"),
    ]
    onnx.save(onnx_model(bad, constants, 4, 3), str(path))
    with pytest.raises(InputError, match="plus Add"):
        gradscribe.import_model(path)


def test_all_files_stay_as_they_were_if_one_cannot_be_written(tmp_path: Path) -> None:
    np.savez(tmp_path / "net.npz", **arrays(3, 4, 2))
    (tmp_path / "out.toml").write_text("old")
    (tmp_path / "out.py").mkdir()
    result = run(tmp_path / "net.npz", "-o", tmp_path / "out", "--activations", "tanh")
    assert isinstance(result.exception, InputError)
    assert (tmp_path / "out.toml").read_text() == "old"
    assert not (tmp_path / "out.npz").exists()
    over = run(tmp_path / "net.npz", "-o", tmp_path / "net", "--activations", "tanh")
    assert "written over" in str(over.exception)
    assert "no name" in str(run(tmp_path / "net.npz", "-o", ".", "--activations", "tanh").exception)


def test_models_of_pytorch(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    nn = torch.nn
    torch.manual_seed(0)
    act = nn.ReLU()
    inner = nn.Sequential(nn.Linear(5, 5, bias=False), act, nn.Dropout())
    model = nn.Sequential(
        nn.BatchNorm1d(4), nn.Linear(4, 5), act, inner, nn.Linear(5, 6), nn.LeakyReLU(0.2),
        nn.Linear(6, 3), nn.Softmax(dim=1),
    )  # fmt: skip
    model(torch.randn(50, 4) * 3 + 1)
    model.train()
    model[0].eval()
    found = gradscribe.import_model(model)
    assert not model[0].training
    assert model[1].training
    assert found.difference <= 1e-6
    with pytest.raises(InputError, match="erf"):
        gradscribe.import_model(nn.Sequential(nn.Linear(2, 2), nn.GELU()))
    plain = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2)).double()
    torch.save(plain.state_dict(), tmp_path / "net.pt")
    result = run(
        tmp_path / "net.pt", "-o", tmp_path / "out", "--embed", "--activations", "tanh,linear"
    )
    assert result.exit_code == 0, result.exception
    module, X = load(tmp_path / "out.py"), np.ones((2, 4))
    true = plain(torch.from_numpy(X)).detach().numpy()
    assert np.allclose(module["forward"](module["trained"](), X), true, rtol=1e-13)
