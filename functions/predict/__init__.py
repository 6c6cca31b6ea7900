"""Predict: one picture over HTTP, and what goes with it."""
