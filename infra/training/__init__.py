"""Training and evaluation of the ranker, on pictures with ground truth."""
