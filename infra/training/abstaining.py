"""When to abstain: how much more probable silence has to be than the best measure."""

from typing import Final

from tapeline.entities import SIDES, UNITS_BY_ENTITY

# F1 that answers reach. Where the score is F = 2 TP / (2 TP + FP + FN), answering with probability p instead
# of staying silent with probability s that nothing is stated raises F where p (2 - F) > F s: a wrong answer
# costs no more than an empty one where the picture says something.
_REACHED_F1: Final = 0.88

# The ratio for entities whose ground truth has hardly any silence: their trees' probabilities leave it out,
# and it is chosen by cross-validation.
_WITHOUT_SILENCE: Final = 1 / 9

# Entity -> the best measure is answered where its probability is at least so many times that of silence.
ABSTAIN_RATIO: Final = {
    name: _REACHED_F1 / (2 - _REACHED_F1) if name in SIDES else _WITHOUT_SILENCE for name in UNITS_BY_ENTITY
}
