"""The files of a split directory: written so that each is there only when complete."""

import re
import shutil
from pathlib import Path

from pyser.data.normalise import GLOBAL_KEY, SPEAKER_STATS, TRAIN_STATS
from pyser.data.protocols import PARTS
from pyser.data.tables import read_list, read_table, write_list, write_table
from pyser.errors import PyserError
from pyser.files import atomic_folder, atomic_path, read_json
from pyser.frontend.cmvn import sum_stats

PROTOCOL_FILE, AUDIT_FILE = "protocol.json", "audit.json"


def is_written(out, description, folds, reader):
    """Whether ``out`` holds this very split, made after the features were.

    Args:
        out: split directory, there or not.
        description: what its ``protocol.json`` should hold.
        folds: one dict per fold, from part to utterances.
        reader: FeatureReader; an archive newer than the split was written anew since.
    """
    try:
        if read_json(out / PROTOCOL_FILE) != description:
            return False
        for number, parts in enumerate(folds, 1):
            folder = out / f"fold{number}"
            lists = {part: read_list(folder / part) for part in PARTS}
            if lists != parts or not (folder / f"{TRAIN_STATS}.ark").is_file():
                return False
        stats = [out / f"{SPEAKER_STATS}.{suffix}" for suffix in ("ark", "scp")]
        if not all(path.is_file() for path in (*stats, out / "utt2spk")):
            return False
        written = (out / PROTOCOL_FILE).stat().st_mtime_ns
        return all(path.stat().st_mtime_ns <= written for path in reader.archives())
    except (OSError, PyserError):
        return False


def remove_folds(out, num_folds):
    """Remove the folders of folds beyond ``num_folds``, of an earlier split."""
    for folder in Path(out).glob("fold*"):
        match = re.fullmatch(r"fold(\d+)", folder.name)
        if match and int(match[1]) > num_folds:
            shutil.rmtree(folder)


def write_fold(folder, parts, stats):
    """Write the lists and the training statistics of one fold; the folder appears complete."""
    with atomic_folder(folder) as temporary:
        for part in PARTS:
            write_list(temporary / part, parts[part])
        _save_ark(temporary / f"{TRAIN_STATS}.ark", {GLOBAL_KEY: sum_stats(stats, parts["train"])})


def write_speakers(out, stats, utt2spk):
    """Write ``utt2spk`` and the statistics of each speaker, as archive and table."""
    utterances = {}
    for utterance in sorted(utt2spk):
        utterances.setdefault(utt2spk[utterance], []).append(utterance)
    sums = {speaker: sum_stats(stats, names) for speaker, names in sorted(utterances.items())}
    ark = Path(out) / f"{SPEAKER_STATS}.ark"
    write_table(ark.with_suffix(".scp"), _save_ark(ark, sums))
    write_table(Path(out) / "utt2spk", utt2spk)


def _save_ark(path, matrices):
    """Write ``path`` through kaldiio, atomically; return its table (key -> ``path:offset``)."""
    import kaldiio

    with atomic_path(path) as temporary:
        scp = temporary.with_name(f"{temporary.name}.scp")
        try:
            kaldiio.save_ark(str(temporary), matrices, scp=str(scp))
            table = read_table(scp)
        finally:
            scp.unlink(missing_ok=True)
    return {key: f"{path}:{place.rpartition(':')[2]}" for key, place in table.items()}
