"""Values of settings, read as the type of the field they belong to."""

from dataclasses import fields
from typing import Literal, get_args, get_origin

from pyser.models.limits import allowed_range, in_range
from pyser.train.yamlfile import nearest


def value_of(entry, section_class):
    """The value of an entry in the type of the field it belongs to.

    Args:
        entry: yamlfile.Entry.
        section_class: the dataclass of its section.

    Raises:
        InputError: (UsageError for a value of the command line) an unknown key, named with the
            nearest one; a value of another type or out of range.
    """
    known = {item.name: item for item in fields(section_class)}
    if entry.key not in known:
        names = [f"{entry.section}.{name}" for name in known]
        names += ["model.name"] if entry.section == "model" else []
        raise entry.error(f"unknown key {entry.name}", remedy=nearest(entry.name, names))
    item = known[entry.key]
    try:
        value = _parse(item.type, entry.value)
    except ValueError:
        found = f"{entry.name} is {entry.value!r}"
        raise entry.error(found, _type_in_words(item.type)) from None
    if not in_range(item, value):
        raise entry.error(f"{entry.name} is {value}", allowed_range(item))
    return value


def _parse(kind, value):
    """``value`` as jsonargparse reads it for the type ``kind``; ValueError when it cannot."""
    from jsonargparse import ArgumentParser

    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--value", type=kind)
    try:
        parsed = parser.parse_object({"value": value}).value
    except Exception as error:  # argparse.ArgumentError, or what a type's parser raises
        raise ValueError(str(error)) from error
    if parsed is None:
        raise ValueError("null")
    return parsed


def _type_in_words(kind):
    if get_origin(kind) is Literal:
        return "one of: " + " ".join(map(str, get_args(kind)))
    if get_origin(kind) is tuple:
        return f"a list, each value {_type_in_words(get_args(kind)[0])}"
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
    return words.get(kind, str(kind))
