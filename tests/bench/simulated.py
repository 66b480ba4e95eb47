"""Simulated systems whose true metrics are known: what intervals and tests are judged on.

Speakers differ in how well they are recognised, as a whole and by class; utterances differ in how
hard they are, for every seed; seeds differ, for all speakers together and for each one. All of it
is normal on the log-odds of a right answer, wrong answers are spread by a fixed table, and the
numbers of utterances vary by speaker and class. True values are integrals over these distributions.
"""

from dataclasses import dataclass

import numpy as np

from pyser.score.metrics import METRICS

SEVEN = (127, 81, 46, 69, 71, 79, 62)  # utterances of the classes in a corpus of acted speech
FOUR = (1103, 1636, 1708, 1084)  # and in one of dialogues


@dataclass(frozen=True)
class Design:
    """An experiment with systems that are drawn anew in each trial.

    Args:
        speakers, seeds: S and K.
        counts: utterances of each class, up to a factor.
        per_speaker: mean number of a speaker's utterances.
        uneven: standard deviation of the logarithm of that number.
        mixed: how alike the speakers' shares of classes are (Dirichlet's concentration).
        skill: log-odds of a right answer, of each system; classes lie around it.
        speaker, speaker_class, utterance: standard deviations of the log-odds, over speakers, over
            speakers in a class, over utterances.
        own: share of these variances that a system does not have in common with the others.
        seed, speaker_seed: standard deviations over seeds, and over seeds for each speaker.
    """

    speakers: int = 10
    seeds: int = 1
    counts: tuple = SEVEN
    per_speaker: int = 50
    uneven: float = 0.2
    mixed: float = 20.0
    skill: tuple = (1.0,)
    speaker: float = 0.6
    speaker_class: float = 0.3
    utterance: float = 1.0
    own: float = 1.0
    seed: float = 0.0
    speaker_seed: float = 0.2

    @property
    def shares(self):
        """Shares ``[C]`` of the classes in the population."""
        return np.array(self.counts) / sum(self.counts)

    @property
    def easiness(self):
        """Log-odds ``[C]`` of each class beside the system's skill."""
        size = len(self.counts)
        return np.linspace(-0.8, 0.8, size)[np.random.default_rng(1).permutation(size)]

    @property
    def mistakes(self):
        """Where wrong answers go: ``[C, C]``, rows add up to one, nothing on the diagonal."""
        table = np.random.default_rng(2).gamma(1.0, size=(len(self.counts),) * 2)
        np.fill_diagonal(table, 0)
        return table / table.sum(axis=1, keepdims=True)


# systems that are judged alone, and pairs of systems between which there is no difference
DESIGNS = {
    "10 speakers, 7 classes": Design(),
    "10 speakers, 4 classes": Design(counts=FOUR),
    "10 speakers, 91 % right": Design(skill=(3.0,), speaker=0.8),
    "10 very unequal speakers": Design(speaker=1.2),
    "10 speakers, unequal shares": Design(uneven=0.6, mixed=5.0),
    "10 speakers alike": Design(speaker=0.0, speaker_class=0.0, speaker_seed=0.0),
    "5 speakers": Design(speakers=5, counts=FOUR),
    "20 speakers": Design(speakers=20),
    "10 speakers, 2 seeds": Design(seeds=2, seed=0.1),
    "10 speakers, 3 seeds": Design(seeds=3, seed=0.1),
    "10 speakers, 3 seeds far apart": Design(seeds=3, seed=0.3),
    "10 speakers, 5 seeds": Design(seeds=5, seed=0.1),
}
EQUAL = {
    "10 speakers": Design(skill=(1.0, 1.0), own=0.3),
    "10 speakers, 4 classes": Design(skill=(1.0, 1.0), own=0.3, counts=FOUR),
    "10 speakers, unequal shares": Design(skill=(1.0, 1.0), own=0.3, uneven=0.6, mixed=5.0),
    "6 speakers": Design(skill=(1.0, 1.0), own=0.3, speakers=6),
    "10 speakers, 3 seeds": Design(skill=(1.0, 1.0), own=0.3, seeds=3),
    "the same, seeds move all speakers": Design(skill=(1.0, 1.0), own=0.3, seeds=3, seed=0.1),
    "one such seed": Design(skill=(1.0, 1.0), own=0.3, seed=0.1),
}


def draw(design, trials, random_seed=0):
    """Draw corpora and the answers of the systems.

    Returns:
        matrices: list over systems of counts ``[trials, S, K, C, C]``.
        truths: list over systems of {metric name: float64 ``[trials]``}. With one seed it is the
            value of that seed's models, otherwise the mean over all seeds there could be.
    """
    random = np.random.default_rng(random_seed)
    groups = trials * design.speakers
    owner, reference = _utterances(design, groups, random)
    common = _speaker_effects(design, owner, reference, random, groups)
    matrices, truths = [], []
    for skill in design.skill:
        alone = _speaker_effects(design, owner, reference, random, groups)
        log_odds = skill + design.easiness[reference]
        log_odds += (1 - design.own) ** 0.5 * common + design.own**0.5 * alone
        seeds = design.seed * random.standard_normal((trials, design.seeds))
        matrices.append(_answers(design, log_odds, owner, reference, seeds, random))
        truths.append(true_values(design, skill, seeds))
    return matrices, truths


def _utterances(design, groups, random):
    """The speaker (of ``groups`` in all trials) and the class of each utterance, int ``[N]``."""
    spread = design.uneven * random.standard_normal(groups) - design.uneven**2 / 2
    sizes = np.maximum(1, np.round(design.per_speaker * np.exp(spread))).astype(int)
    owner = np.repeat(np.arange(groups), sizes)
    shares = random.gamma(design.mixed * design.shares, size=(groups, len(design.counts)))
    limits = (shares / shares.sum(axis=1, keepdims=True)).cumsum(axis=1)[owner]
    return owner, _pick(limits, random)


def _speaker_effects(design, owner, reference, random, groups):
    by_speaker = design.speaker * random.standard_normal(groups)
    by_class = design.speaker_class * random.standard_normal((groups, len(design.counts)))
    by_utterance = design.utterance * random.standard_normal(len(owner))
    return by_speaker[owner] + by_class[owner, reference] + by_utterance


def _answers(design, log_odds, owner, reference, seeds, random):
    """Confusion matrices ``[trials, S, K, C, C]``, from log-odds of right answers ``[N]``."""
    trials, num_seeds = seeds.shape
    size, groups = len(design.counts), trials * design.speakers
    limits = design.mistakes.cumsum(axis=1)[reference]
    matrices = np.empty((groups, num_seeds, size, size))
    for seed in range(num_seeds):
        by_cell = design.speaker_seed * random.standard_normal(groups)
        here = log_odds + seeds[owner // design.speakers, seed] + by_cell[owner]
        right = random.random(len(owner)) < _probability(here)
        hypothesis = np.where(right, reference, _pick(limits, random))
        cells = (owner * size + reference) * size + hypothesis
        counts = np.bincount(cells, minlength=groups * size**2)
        matrices[:, seed] = counts.reshape(groups, size, size)
    return matrices.reshape(trials, design.speakers, num_seeds, size, size)


def true_values(design, skill, seeds):
    """{metric name: float64 ``[trials]``}; ``seeds`` ``[trials, K]`` are the seeds' log-odds."""
    points, weights = np.polynomial.hermite_e.hermegauss(61)
    weights = weights / weights.sum()
    spread = (
        design.speaker**2 + design.speaker_class**2 + design.utterance**2 + design.speaker_seed**2
    ) ** 0.5

    def values(shift):
        """The metrics when a seed moves the log-odds by ``shift`` ``[...]``."""
        log_odds = skill + design.easiness + np.asarray(shift)[..., None, None]
        right = _probability(log_odds + spread * points[:, None])
        recall = (weights[:, None] * right).sum(axis=-2)[..., None]
        rows = recall * np.eye(len(design.counts)) + (1 - recall) * design.mistakes
        matrix = design.shares[:, None] * rows
        return {name: metric(matrix) for name, metric in METRICS.items()}

    if seeds.shape[1] == 1:
        return values(seeds[:, 0])
    means = {name: weights @ found for name, found in values(design.seed * points).items()}
    return {name: np.full(len(seeds), mean) for name, mean in means.items()}


def _pick(limits, random):
    """One of C for each row, at random: ``limits`` ``[N, C]`` are cumulative probabilities."""
    drawn = random.random(len(limits))[:, None]
    return np.minimum((drawn > limits).sum(axis=1), limits.shape[1] - 1)


def _probability(log_odds):
    return 1 / (1 + np.exp(-log_odds))
