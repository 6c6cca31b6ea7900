"""Reducer: a run's parts become its output files."""
