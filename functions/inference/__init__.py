"""Inference: a shard of pictures becomes a shard result with their answers."""
