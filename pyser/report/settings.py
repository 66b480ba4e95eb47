"""What tells the settings of several experiments apart."""

from collections import Counter

from pyser.train.settings import defaults


def unusual_settings(experiment, experiments):
    """The settings (dotted name -> value) of ``experiment`` that most ``experiments`` do not share.

    Most are more than half of them; where no value is that of most, each is unusual. A setting
    that did not exist yet when an experiment was made counts with its default.
    """
    flat = [_settings(other) for other in experiments]
    own = _settings(experiment)
    counts = Counter((name, str(value)) for other in flat for name, value in other.items())
    return {
        name: own[name]
        for name in sorted(own)
        if 2 * counts[name, str(own[name])] <= len(flat) and len(flat) > 1
    }


def _settings(experiment):
    config = experiment.result.get("config") or {}
    known = {name: values for name, values in defaults().items() if name in config}
    return _flatten(known) | _flatten(config)


def _flatten(config, prefix=""):
    flat = {}
    for name, value in config.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
