"""Which code decides what a run learns, and its digest. Sources are read, nothing is imported.

What counts for a model: its own file, what that imports of ``models/``, and what the worker imports
of ``train/`` and the two modules that compute elsewhere, except for the bookkeeping named below. A
new module counts as soon as one of these imports it; the files of other models do not count, so
that adding a model leaves the runs of others valid. Comments, docstrings and layout do not count,
nor do ``score/metrics.py`` and ``score/concordance.py``: what they compute is defined, and tested
against other software or the definition.

Settings count by their values (``plan.check_same``), so their declarations are left out here. A
setting that a run was made without may then be taken to have had its default: the code that learned
is the code of now, and it cannot have read what did not exist. Where a new setting is read by code
that counts, that code has changed, and the run is not valid any more: such a setting may well do
nothing at its default, but only a second training would prove it.
"""

import ast
import contextlib
import functools
from pathlib import Path

import yaml

from pyser.errors import InputError
from pyser.files import digest

_ROOT = Path(__file__).parents[2]
_START = "pyser.train.worker"
_FOLLOWED = ("pyser.models.", "pyser.train.", "pyser.data.normalise", "pyser.score.calibration")
# These carry, keep and tell what is learned; they do not decide it.
_BOOKKEEPING = {
    f"pyser.train.{name}"
    for name in (
        *("checkpoint", "energy", "environment", "grid"),
        *("plan", "record", "worker", "yamlfile"),
    )
}
_SETTINGS_CLASSES = ("Settings", "Config")


@functools.cache
def code_digest(model):
    """SHA-256 of the code that decides what ``model`` (a name in MODELS) learns and answers."""
    return _digest(model, with_fields=False)


@functools.cache
def schema_digest(model):
    """SHA-256 of the same code with the declarations of settings, that is with their defaults."""
    return _digest(model, with_fields=True)


def _class_name(model):
    return _registry()[model][1]


@functools.cache
def model_modules():
    """Model name -> module of its class, as ``pyser.models`` lists them in MODELS."""
    return {name: module for name, (module, _) in _registry().items()}


@functools.cache
def _registry():
    """Model name -> module and name of its class, from the dict in ``pyser.models.MODELS``."""
    for node in _tree("pyser.models").body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "MODELS":
            (places,) = node.value.args
            pairs = ast.literal_eval(places).items()
            return {name: tuple(place.rsplit(".", 1)) for name, place in pairs}
    raise InputError("no list MODELS", _path("pyser.models"))


@functools.cache
def model_inputs(model):
    """The extras (see ``pyser.train.extras``) that the class of ``model`` names in ``inputs``."""
    return _declared(model, "inputs")


def inputs_asked(config):
    """The extras that a model reads, those included that an option of it asks for.

    Args:
        config: sections of settings, as given (what is left out has its default) or worked out.
    """
    model = config["model"]["name"]
    kinds = _value(config.get("train", {}).get("kinds"))
    kinds = kinds if isinstance(kinds, list | tuple) else []
    options = [config["model"], *(kind for kind in kinds if isinstance(kind, dict))]
    optional = _declared(model, "optional_inputs")
    asked = [name for name in optional if any(_value(given.get(name)) is True for given in options)]
    return (*model_inputs(model), *asked)


def _value(given):
    """A value of a setting; on a command line it is text. Whether it can be used is said later."""
    with contextlib.suppress(yaml.YAMLError):
        return yaml.safe_load(given) if isinstance(given, str) else given


def _declared(model, name):
    """What the class of ``model`` says in its line ``name = ...``; () without one."""
    for part in ast.walk(_tree(model_modules()[model])):
        if isinstance(part, ast.ClassDef) and part.name == _class_name(model):
            for node in part.body:
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
                    return ast.literal_eval(node.value)
    return ()


def statements(tree, with_fields=True):
    """What the source ``tree`` does, as text; declarations of settings only ``with_fields``.

    Args:
        tree: ast.Module; it is changed.
    """
    documented = ast.Module | ast.ClassDef | ast.FunctionDef
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node):
            node.body = node.body[1:]
        if isinstance(node, ast.ClassDef) and node.name.endswith(_SETTINGS_CLASSES):
            declared = [part for part in node.body if isinstance(part, ast.AnnAssign)]
            node.body = [part for part in node.body if with_fields or part not in declared]
    return ast.dump(tree)


def counted(model):
    """The names of the modules that count for ``model``, sorted; InputError if there is no such."""
    if model not in model_modules():
        found, known = f"unknown model {model!r}", "one of: " + " ".join(model_modules())
        raise InputError(found, expected=known)
    found, waiting = set(), [model_modules()[model], _START]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            follow = module == _START or module not in _BOOKKEEPING
            waiting += _imported(module) if follow else []
    return sorted(found - _BOOKKEEPING)


def _digest(model, with_fields):
    modules = counted(model)
    return digest([[name, statements(_tree(name), with_fields)] for name in modules])


@functools.cache
def _imported(module):
    """The modules that ``module`` imports and that are followed."""
    names, package = set(), module.split(".")
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.ImportFrom):
            above = package[: -node.level] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            names |= {source, *(f"{source}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return [name for name in names if name.startswith(_FOLLOWED) and _path(name).is_file()]


def _tree(module):
    return ast.parse(_path(module).read_text(encoding="utf-8"))


def _path(module):
    path = _ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
