"""Copies that augmentation made, recognised by their names.

Kaldi's tools put a prefix before the ids of speakers and utterances (``sp0.9-``, ``rev1_``) or a
suffix behind them (``-noise``, ``-reverb``), and keep ``utt2uniq``. Others write ``_aug3``.
"""

import re

_SEPARATORS = re.compile(r"([-_])")
# With a number it can hardly be a part of another name; a mere word can (a session named noise).
_NUMBERED = re.compile(r"(sp|vp|sv|speed|tempo|vol|volume|pitch)\d+\.\d+|aug\d*", re.IGNORECASE)
_WORD = re.compile(
    r"(rev|rvb|reverb|rir|noise|noisy|music|babble|augmented|specaug|gain|copy|dup)\d*",
    re.IGNORECASE,
)


def plain_name(name):
    """``name`` without the marks of augmentation, and whether a mark was a sure one.

    ``sp0.9-a1`` -> ``a1``, True; ``a1-noise`` -> ``a1``, False; ``a1`` -> ``a1``, False.
    """
    pieces = _SEPARATORS.split(name)
    names, separators = pieces[::2], pieces[1::2]
    kept = [k for k, n in enumerate(names) if not (_NUMBERED.fullmatch(n) or _WORD.fullmatch(n))]
    if len(kept) == len(names) or not kept:
        return name, False
    sure = any(_NUMBERED.fullmatch(piece) for piece in names)
    plain = names[kept[0]]
    for place in kept[1:]:
        plain += separators[place - 1] + names[place]
    return plain, sure


def originals(names, known=(), table=None):
    """Name -> the name of what it is a copy of; only of those that are copies, or have any.

    A name that has the mark of a word alone (``a1-noise``) is a copy only if its plain name
    (``a1``) is there too.

    Args:
        names: utterances, or speakers.
        known: more names that are there.
        table: name -> original, as in ``utt2uniq``; goes before what the name says.
    """
    names, table = set(names), table or {}
    there = names | set(known) | set(table.values())
    found = {}
    for name in sorted(names):
        plain, sure = plain_name(name)
        if name in table:
            found[name] = table[name]
        elif plain != name and (sure or plain in there):
            found[name] = plain
    return found


def variants(names, known=(), table=None):
    """Sets of utterances (lists of two or more) that are copies of each other, or of a third."""
    source = originals(names, known, table)
    together = {}
    for name in sorted(names):
        together.setdefault(source.get(name, name), []).append(name)
    return [same for same in together.values() if len(same) > 1]
