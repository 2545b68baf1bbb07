"""The command line: where output goes, and with which code each way of ending exits."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = (sys.executable, "-m", "gradscribe")


def run(*words: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [*COMMAND, *words], capture_output=True, encoding="utf-8", check=False, **more
    )


def test_a_module_goes_to_stdout_or_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "xor.py"
    shown, written = run("generate", "2-2-1 sigmoid"), run("generate", "2-2-1 sigmoid", "-o", path)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert (written.returncode, written.stdout) == (0, "")
    assert str(path) in written.stderr
    assert path.read_text(encoding="utf-8") == shown.stdout
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["generate", "2-2-1 sigmod"], "did you mean 'sigmoid'"),
        (["derive", "2-2-1 tanh", "--format", "texte"], "did you mean 'text'"),
        (["generate", "2-2-1 tanh", "-o", "missing/x.py"], "no such folder"),
        (["generate", "2-2-1 tanh", "-o", "."], "is a directory"),
        (["check", "missing.py"], "missing.py"),
        (["check", "x.py", "--seed", "-1"], "--seed"),
        (["genrate"], "did you mean 'generate'"),
        (["Derive", "2-2-1 tanh"], "did you mean 'derive'"),
        (["zzz"], "allowed:  generate, derive, check, import, train, predict, surface, list"),
        (["derive", "2-2-1 tanh", "--format", "TXT"], "did you mean 'text'"),
        (["generate", "2-2-1 Tanh"], "did you mean 'tanh'"),
        (["generate", "f(W1 x + i) f=tanh"], "(h i j k l o p r s t v)"),
        (["generate", "--outptu", "x"], "--output"),
        (["generate", "x + b"], "there is no layer"),
        (["generate", "tanh(W x) + tanh(b)"], "does not depend on x"),
        (["generate", "tanh(W x + V U c)"], "does not depend on x"),
    ],
)
def test_wrong_input_exits_with_2(words: list[str], said: str, tmp_path: Path) -> None:
    result = run(*words, cwd=tmp_path)
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_check_that_fails_exits_with_1(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    source = run("generate", "2-3-1 tanh,linear").stdout
    path.write_text(source, encoding="utf-8")
    assert run("check", str(path)).returncode == 0
    broken = source.replace("    return _gradient(", "    return 2 * _gradient(", 1)
    path.write_text(broken.replace("-> Parameters:", "-> object:"), encoding="utf-8")
    assert run("check", str(path)).returncode == (1 if broken != source else 0)


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["list"], ["generate", "--help"]])
def test_what_tells_of_itself_exits_with_0(words: list[str]) -> None:
    result = run(*words)
    assert result.returncode == 0
    assert result.stdout
    assert result.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_device_is_said() -> None:
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [*COMMAND, "generate", "2-2-1 tanh"], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert result.returncode == 2
    assert result.stderr.decode().count("\n") == 1
    assert b"cannot write the output" in result.stderr


def test_a_closed_pipe_ends_quietly() -> None:
    read, write = os.pipe()
    os.close(read)
    result = subprocess.run(
        [*COMMAND, "generate", "2-2-1 tanh"], stdout=write, stderr=subprocess.PIPE, check=False
    )
    os.close(write)
    assert (result.returncode, result.stderr) == (1, b"")


def test_output_is_utf8_in_any_locale() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1", "LC_ALL": "C", "PYTHONUTF8": "0"}
    result = run("derive", "2-2-1 tanh", env=environment)
    assert result.returncode == 0
    assert "∂" in result.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_an_interrupted_command_exits_with_130(tmp_path: Path) -> None:
    path = tmp_path / "deep.py"
    spec = "-".join(["3"] * 200) + " tanh"
    process = subprocess.Popen(
        [*COMMAND, "generate", spec, "-o", path],
        stderr=subprocess.PIPE,
        # What a shell starts in the background inherits that it is not to be interrupted.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=5)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in said
    assert list(tmp_path.iterdir()) == []
