"""Missing: which shards have no result yet."""
