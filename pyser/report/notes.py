"""What stands once at the top of a report: how its numbers are to be read."""

from pathlib import Path
from textwrap import fill

from pyser.score.calibration import BINS
from pyser.score.intervals import METHOD
from pyser.score.text import STANDIN_WARNING

NOTES = fill(
    "All numbers are per cent. WA: share of utterances that are right. UA: mean of the recalls of "
    "the classes that occur. Both and macro-F1 are counted over the utterances of all folds "
    "together; with several seeds, for each seed, then averaged. [Low, high]: 95 % interval "
    f"({METHOD}); with a single seed it does not cover what another seed would give. "
    "By fold: mean ± standard deviation over folds, each fold counting the same. Counts add up "
    "over seeds. Numbers of different protocols or corpora cannot be compared.",
    100,
)
RATING_NOTE = fill(
    "Of ratings, CCC is told: Lin's concordance correlation coefficient of the answers of all "
    "folds together, 1 where all are the reference, 0 where they tell nothing; with several seeds "
    "the mean of theirs. Its interval is made alike, on Fisher's z.",
    100,
)
CONFIDENCE_NOTE = fill(
    f"ECE: expected calibration error of the posterior of the answer, over {BINS} bins of equal "
    "width; "
    "NLL: mean negative log-posterior of the reference. (T): with log-posteriors divided by the "
    "temperature that was fitted on each run's dev utterances. Right at 80 %: share of right "
    "answers when only the surest 80 % are given; AURC: mean share of wrong ones over all "
    "coverages.",
    100,
)
COST_NOTE = (
    "Parameters: trained values; of an SVM with a kernel, the values of its support vectors in the "
    "run that has most. Training: time by the clock, the mean of a run (one fold with one seed) "
    "and the sum of all. Real-time factor: seconds of computing for a second of audio, from "
    "features to the answers of the test part, median of the runs. Times depend on the machine, "
    "and on whatever else ran on it."
)
ENERGY_NOTE = (
    "Energy: of CPU packages during training, as much of it as a run had of their busy time; that "
    "of GPUs is not in it."
)
CURVES_NOTE = (
    "Dev UA and mean cross entropy (of ratings: mean CCC, and the weighted sum of 1 - CCC) by "
    "epoch, the mean of the seeds where there are several; a dot is an epoch whose weights were "
    "kept. The training loss includes what training adds to it, such as dropout and label "
    "smoothing."
)
INSIDE_NOTE = (
    "Log-mel: lighter is louder, from the 2nd to the 99.5th percentile of the utterance. Attention "
    "is given as a multiple of the weight that mean pooling gives each frame; a gate near 1 takes "
    "the static stream, near 0 the dynamic one."
)
MAP_NOTE = (
    "Utterances by t-SNE of what enters the model's last layer. Colour: reference class. Large: "
    "test utterances, of speakers that were not trained on; small: dev and training. Distances "
    "between far groups mean little."
)


def notes(groups):
    """How the numbers of a list of Group are to be read (list of str)."""
    kinds = {group.rated for group in groups}
    return [text for rated, text in ((False, NOTES), (True, RATING_NOTE)) if rated in kinds]


def header(files):
    """What made a report, to be run again, with its experiment ``files``; no machine's paths."""
    shown = (Path(name).name if Path(name).is_absolute() else name for name in files)
    options = f" --experiment {','.join(shown)}" if files else ""
    return f"Written by `pyser report{options}`. Do not edit: run it again."


def standin_note(groups):
    """The warning that recordings are made up, empty where none are."""
    if not any(group.standin for group in groups):
        return ""
    some = "" if all(group.standin for group in groups) else "Where marked (stand-in): "
    return f"{some}{STANDIN_WARNING}."
