"""Inference: a shard of pictures becomes a part with their answers."""
