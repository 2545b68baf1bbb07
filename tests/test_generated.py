"""What is generated: the same bytes every time, clean, formatted, documented, and right."""

import ast
import os
import random
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import gradscribe
from gradscribe.compiler import derive_network, module_source
from gradscribe.model.network import Network

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.toml"))
CONTRACT = (
    "Parameters",
    "initialize",
    "ravel",
    "unravel",
    "forward",
    "cost",
    "sensitivities",
    "gradient",
    "cost_and_gradient",
)

# With a digit these have the greatest length of a name: a matrix and a vector.
LONG, SHORT = "L" + "o" * 27, "s" + "o" * 27
ODD_SPECS = [
    None,
    "1-1 linear",
    "2-3 relu loss=sse dtype=float32 name=a-b_c",
    "-".join(["4"] * 51) + " tanh",
    "-".join(["123456"] * 3) + " tanh",
    "-".join(str(n) for n in range(1, 41)) + " relu,linear",
    "3-4-5-6-7-2 sigmoid,tanh,relu,softplus,linear loss=sse name=" + "n" * 60,
    "8-8-8-8-8-8-8-8-8-8-8-8 " + ",".join(["tanh", "relu", "sigmoid"] * 3 + ["linear", "tanh"]),
    f"tanh({LONG}2 sigmoid({LONG}1 x + {SHORT}3) + {SHORT}4)",
    f"tanh({LONG}1 tanh({LONG}1 x + {SHORT}2) + {SHORT}2) name={'z' * 60}",
    "relu(W2 relu(W1 x)) loss=sse",
    "linear(W3 (tanh(W2 tanh(W1 x + b1) + b2) + tanh(W1 x + b1)) + b3)",
    "tanh(A x + b) - sigmoid(B x + c) + softplus(C x)",
    "softplus(A B C x + p1)",
    "linear(W x)",
    "g(W1 x + b1) g=softplus",
]


def random_specs(count: int) -> list[str]:
    rng = random.Random(5)
    names = ("linear", "sigmoid", "tanh", "relu", "softplus")
    specs = []
    for number in range(count):
        depth = rng.randint(1, 7)
        losses = rng.choice(("", " loss=sse", " loss=mse name=some-name", " dtype=float32"))
        chosen = [rng.choice(names) for _ in range(depth)]
        if number % 2:
            sizes = "-".join(str(rng.choice((1, 2, 7, 10, 64, 1000))) for _ in range(depth + 1))
            specs.append(f"{sizes} {','.join(chosen)}{losses}")
            continue
        text = "x"
        for m, name in enumerate(chosen, 1):
            bias = f" + b{m}" if rng.random() < 0.8 else ""
            text = f"{name}(W{m} {text}{bias})"
        specs.append(text + losses)
    return specs


SPECS = [*ODD_SPECS, *random_specs(16)]


source_of = cache(module_source)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Modules of all specifications, under names of their numbers."""
    place = tmp_path_factory.mktemp("modules")
    for number, spec in enumerate(SPECS):
        (place / f"m{number}.py").write_text(source_of(spec), encoding="utf-8")
    return place


def run(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(c) for c in command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


def ruff(*arguments: object) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("ruff")
    if not program.exists():
        pytest.skip("ruff is not installed beside this Python; it belongs to the extra `lint`")
    return run(program, *arguments)


# ---- the checked-in modules --------------------------------------------------------------------


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.stem)
def test_generated_modules_are_up_to_date(example: Path) -> None:
    checked_in = ROOT / "generated" / f"{example.stem}.py"
    assert checked_in.read_bytes() == module_source(str(example)).encode(), "make regenerate"


def test_every_example_is_generated_and_nothing_else() -> None:
    modules = {p.stem for p in (ROOT / "generated").glob("*.py")}
    assert modules == {p.stem for p in EXAMPLES}
    assert len(EXAMPLES) >= 5


@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_bytes_do_not_depend_on_hashing(seed: str, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "import gradscribe\n"
        "for path in sys.argv[2:]:\n"
        "    gradscribe.generate(path, Path(sys.argv[1]) / (Path(path).stem + '.py'))\n"
    )
    result = run(sys.executable, "-c", code, tmp_path, *EXAMPLES, PYTHONHASHSEED=seed)
    assert result.returncode == 0, result.stderr
    for example in EXAMPLES:
        name = f"{example.stem}.py"
        assert (tmp_path / name).read_bytes() == (ROOT / "generated" / name).read_bytes()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.stem)
def test_generated_modules_check_themselves(example: Path) -> None:
    path = ROOT / "generated" / f"{example.stem}.py"
    result = run(sys.executable, "-W", "error", path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.endswith("\nagrees\n")
    assert result.stderr == ""


def test_a_broken_module_says_so(tmp_path: Path) -> None:
    source = module_source("3-4-2 tanh")
    line = next(text for text in source.splitlines() if "dJ_dW1 = " in text)
    path = tmp_path / "broken.py"
    path.write_text(source.replace(line, f"{line} * 1.0001"), encoding="utf-8")
    result = run(sys.executable, path)
    assert result.returncode == 1
    assert result.stdout.endswith("\nDISAGREES\n")


# ---- every module ------------------------------------------------------------------------------


def loaded(spec: str | None) -> ModuleType:
    return gradscribe.compile(spec)


@pytest.mark.parametrize("spec", [s for s in SPECS if s is None or len(s) < 300])
def test_spec_regenerates_the_module(spec: str | None) -> None:
    source = source_of(spec)
    tree = ast.parse(source)
    (value,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "SPEC"
    ]
    kept = ast.literal_eval(value)
    assert module_source(kept) == source
    assert Network.parse(kept).spec == kept


def test_examples_are_regenerated_by_their_spec() -> None:
    for example in EXAMPLES:
        source = module_source(str(example))
        assert module_source(Network.parse(str(example)).spec) == source


def test_modules_are_clean_under_ruffs_defaults(folder: Path) -> None:
    result = ruff("check", "--isolated", "--no-cache", folder)
    assert result.returncode == 0, result.stdout[:5000]
    result = ruff("check", "--isolated", "--no-cache", "--select", "E,F,W,I,B,UP", folder)
    long_lines = [line for line in result.stdout.splitlines() if line.startswith("E501")]
    assert result.returncode == 0 or long_lines, result.stdout[:5000]


def test_modules_are_formatted_under_ruffs_defaults(folder: Path) -> None:
    for path in folder.iterdir():
        if LONG in str(SPECS[int(path.stem[1:])]):
            path.unlink()  # names of 28 letters leave no good place to break a line
    result = ruff("format", "--isolated", "--no-cache", "--diff", folder)
    assert result.returncode == 0, result.stdout[:5000]


def test_checked_in_modules_are_clean_and_formatted() -> None:
    place = ROOT / "generated"
    for arguments in (("check", "--isolated"), ("check",), ("format", "--isolated", "--check")):
        result = ruff(*arguments, "--no-cache", place)
        assert result.returncode == 0, result.stdout[:5000]


def trees(folder: Path) -> list[ast.Module]:
    return [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.iterdir())]


def test_modules_import_numpy_and_the_standard_library_only(folder: Path) -> None:
    for tree in trees(folder):
        imported = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module).split(".")[0])
        assert imported <= {"numpy", *sys.stdlib_module_names}
        assert "numpy" in imported


def test_modules_have_the_contract_and_docstrings(folder: Path) -> None:
    for tree in trees(folder):
        assert ast.get_docstring(tree)
        public = [
            node
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
        ]
        assert {node.name for node in public} >= set(CONTRACT)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node in tree.body:
                text = ast.get_docstring(node)
                assert text, node.name
                assert text.splitlines()[0].endswith(".")
                assert node.returns is not None
        for node in public:
            if isinstance(node, ast.FunctionDef):
                assert "Raises:" in str(ast.get_docstring(node)) or node.name == "ravel"


def test_lines_fit_in_88_columns_but_for_what_cannot_be_broken(folder: Path) -> None:
    for path in folder.iterdir():
        long = [line for line in path.read_text(encoding="utf-8").splitlines() if len(line) > 88]
        spec = str(SPECS[int(path.stem[1:])])
        allowed = any(part in spec for part in (LONG, "-60", "name=nnn"))
        assert not long or allowed, (spec, long)


@pytest.mark.parametrize("number", range(len(ODD_SPECS)))
def test_odd_modules_check_themselves(number: int) -> None:
    spec = ODD_SPECS[number]
    if spec and "123456" in spec:
        # 15 billion parameters cannot be held, but may be generated.
        assert loaded(spec).SIZES == (123456,) * 3
        return
    assert loaded(spec)._self_check() == 0


# ---- growth ------------------------------------------------------------------------------------


def seconds(depth: int) -> float:
    """Return the least time that derivation and generation take, of two."""
    spec = "-".join(["4"] * (depth + 1)) + " tanh emit=hessian_vector_product"
    times = []
    for _ in range(2):
        start = time.perf_counter()
        module_source(spec)
        times.append(time.perf_counter() - start)
    return min(times)


def test_time_grows_no_faster_than_the_depth() -> None:
    module_source("4-4 tanh")
    few, many = seconds(10), seconds(40)
    assert many / few <= 4 * 1.6, f"{few:.2f} s for 10 layers, {many:.2f} s for 40"


def test_size_grows_no_faster_than_the_depth() -> None:
    lengths = {}
    equations = {}
    for depth in (10, 50):
        spec = "-".join(["4"] * (depth + 1)) + " tanh"
        lengths[depth] = len(module_source(spec))
        equations[depth] = len(derive_network(spec).equations)
    assert lengths[50] <= 5 * lengths[10] * 1.6
    assert equations[50] <= 5 * equations[10]
