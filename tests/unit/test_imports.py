"""The architecture's import rules, proved by walking the sources."""

import ast
import re
import subprocess
import sys
import wave
from pathlib import Path

import pytest

HEAVY = ("torch", "kaldiio", "scipy", "sklearn", "soundfile", "jsonargparse", "sklearn")


def imports_of(path, top_level_only=False):
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def modules(repository, package):
    return sorted((repository / "pyser" / package).rglob("*.py"))


def test_import_pyser_is_light():
    code = f"import pyser, sys; print([m for m in {HEAVY} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("verb", ["features", "validate", "split", "audit", "score", "report"])
def test_verbs_without_torch(verb):
    code = (
        "import pyser.cli, sys; "
        f"pyser.cli.main(['{verb}', '--help']); sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True)


def test_scikit_learn_is_loaded_by_those_who_fit_with_it(repository):
    for path in sorted((repository / "pyser").rglob("*.py")):
        top_level = {name.split(".")[0] for name in imports_of(path, top_level_only=True)}
        assert "sklearn" not in top_level, path


def test_features_without_numpy(tmp_path):
    """It takes as long to load as a second of features takes to compute."""
    write_silence(tmp_path / "a.wav")
    (tmp_path / "wav.scp").write_text("a a.wav\n")
    code = (
        "import pyser.cli, sys; "
        "status = pyser.cli.main(['features', 'scp:wav.scp', 'ark,scp:f.ark,f.scp']); "
        "sys.exit(status or 'numpy' in sys.modules or 'importlib.metadata' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


def write_silence(path):
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(bytes(32000))


@pytest.mark.parametrize("package", ["score", "data", "audit", "frontend", "corpora", "report"])
def test_packages_without_torch(repository, package):
    files = modules(repository, package)
    assert files
    for path in files:
        assert not [n for n in imports_of(path) if n.split(".")[0] == "torch"], path


def test_models_touch_neither_files_nor_arguments(repository):
    forbidden = {"argparse", "jsonargparse", "pathlib", "os", "io", "shutil", "sys", "yaml"}
    for path in modules(repository, "models"):
        assert not {name.split(".")[0] for name in imports_of(path)} & forbidden, path
        assert "open(" not in path.read_text(), path


def test_only_corpora_name_a_corpus(repository):
    for path in sorted((repository / "pyser").rglob("*.py")):
        if "corpora" not in path.parts:
            assert not re.search(
                "iemocap|emodb|emo-db|msp-?improv", path.read_text(), re.IGNORECASE
            ), path


def test_only_bindings_see_pybind11(repository):
    sources = [p for p in (repository / "csrc").rglob("*") if p.suffix in (".h", ".cpp")]
    assert sources
    for path in sources:
        if path.parent.name != "python":
            assert "pybind11" not in path.read_text(), path


def test_recipes_hold_no_python(repository):
    tracked = subprocess.run(
        ["git", "ls-files", "egs"], cwd=repository, capture_output=True, text=True, check=False
    ).stdout.split()
    files = [Path(name) for name in tracked]
    assert not [p for p in files if p.suffix == ".py"]
    scripts = [repository / p for p in files if p.suffix == ".sh"]
    for path in scripts:
        assert "$((" not in path.read_text(), f"{path}: arithmetic belongs in pyser"


def test_functions_stay_short(repository):
    for path in sorted((repository / "pyser").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                length = node.end_lineno - node.lineno + 1
                assert length <= 60, f"{path}:{node.lineno} {node.name} has {length} lines"
