"""Reducer: a run's shard results become its output files."""
