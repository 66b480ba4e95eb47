"""The fold that trains on one corpus and tests on another."""

from pyser.data.protocols import Fold, Protocol, generate_folds
from pyser.errors import InputError


def cross_fold(utt2spk, data):
    """Make the protocol ``cross``: one fold.

    All speakers of the one corpus are tested. Of the other, a group of speakers with about a fifth
    of the utterances (a third of four speakers, a quarter of five) selects, the others train.

    Args:
        utt2spk: utterance -> speaker.
        data: DataDir with ``utt2corpus``, and ``train`` and ``test`` in its corpus.json.

    Raises:
        InputError: it was not prepared for that.
    """
    names = [data.info.get(part) for part in ("train", "test")]
    if not data.has("utt2corpus") or None in names:
        found = "does not say which corpus trains and which tests"
        raise InputError(found, data.path, remedy="make it by pyser prepare cross")
    corpus = data.table("utt2corpus")
    own, other = ({u: s for u, s in utt2spk.items() if corpus[u] == name} for name in names)
    generated = generate_folds(own, 0).folds[0]
    train = tuple(sorted(generated.train + generated.test))
    test = tuple(sorted(set(other.values())))
    return Protocol(
        id="cross",
        folds=(Fold(train, generated.dev, test),),
        description=f"trained and selected on {names[0]}, tested on {names[1]}",
        untested=True,
    )
