"""FanOut: an announced CSV becomes a run of shards."""
