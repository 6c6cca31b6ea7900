"""A CSV to a run of shards, shards to answers, answers back to a CSV; needs no numpy."""
