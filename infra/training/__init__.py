"""Training and evaluation of the choice among candidates, on labelled pictures."""
