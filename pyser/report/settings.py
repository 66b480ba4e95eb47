"""What tells the settings of several experiments apart."""


def differing_settings(experiment, experiments):
    """The settings (dotted name -> value) that not all ``experiments`` have with the same value."""
    flat = [_flatten(other.result.get("config") or {}) for other in experiments]
    own = _flatten(experiment.result.get("config") or {})
    return {
        name: own[name]
        for name in sorted(own)
        if any(name not in other or other[name] != own[name] for other in flat)
    }


def _flatten(config, prefix=""):
    flat = {}
    for name, value in config.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
