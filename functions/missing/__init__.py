"""Missing: which shards have no part yet."""
