"""The mapping behind ``pyser.models.MODELS``: names of models to their classes."""

import importlib
from collections.abc import Mapping


class Registry(Mapping):
    """Name -> class, from a dict of name -> ``package.module.Class``; imported at first use."""

    def __init__(self, places):
        self._places = places

    def __getitem__(self, name):
        module, _, attribute = self._places[name].rpartition(".")
        return getattr(importlib.import_module(module), attribute)

    def __contains__(self, name):
        return name in self._places  # the inherited one would import the module

    def __iter__(self):
        return iter(self._places)

    def __len__(self):
        return len(self._places)
