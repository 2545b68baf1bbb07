import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEMPLATES = ROOT / "templates"


def run(*command, cwd):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    result = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel as a user gets it: built from the source distribution."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", out, ROOT, cwd=out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """The interpreter of an environment that holds the wheel and what it asks for alone."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, with_pip=True)
    interpreter = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = (interpreter, "-m", "pip", "--disable-pip-version-check", "install", "-q")
    run(*pip, wheel, cwd=place)
    return interpreter


def test_wheel_holds_the_package_and_the_templates_alone(wheel):
    files = zipfile.ZipFile(wheel).namelist()
    templates = {
        f"gradscribe/templates/{path.relative_to(TEMPLATES).as_posix()}"
        for path in TEMPLATES.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert templates
    assert templates <= set(files)
    assert "gradscribe/py.typed" in files
    tops = {file.split("/")[0] for file in files}
    assert tops == {"gradscribe", next(top for top in tops if top.endswith(".dist-info"))}


def test_installed_package_generates_a_module_that_checks_itself(python, tmp_path):
    version = run(python, "-c", "import gradscribe; print(gradscribe.__file__)", cwd=tmp_path)
    assert str(ROOT) not in version.stdout
    run(python, "-m", "gradscribe", "generate", "2-3-1 tanh", "-o", "net.py", cwd=tmp_path)
    run(python, "net.py", cwd=tmp_path)


def test_installed_command_writes_a_derivation(python, tmp_path):
    command = python.with_name("gradscribe")
    result = run(command, "derive", "2-3-1 tanh", "--format", "text", cwd=tmp_path)
    assert "δ" in result.stdout
