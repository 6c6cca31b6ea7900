"""A CSV to a run of shards, shards to answers, answers back to a CSV.

Only :mod:`tapeline.batch.inference` imports numpy, through :mod:`tapeline.answering`: the functions with the
layer don't have it.
"""
