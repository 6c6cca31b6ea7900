"""Which shards still have no shard result, and another attempt over them."""

import json

from tapeline.batch import keys
from tapeline.batch.shards import manifest_items
from tapeline.ports import ObjectStore


def find_missing(run: str, attempt: int, store: ObjectStore, *, attempts: int) -> dict[str, object]:
    """Compare shards with shard results, and write the manifest of the next attempt.

    Shards that workers handed back for want of time are shards like the others, so the same
    difference finds them.

    Args:
        run: The run's name.
        attempt: The attempt that just ended, from 1.
        store: The results bucket.
        attempts: Attempts in all; after the last one nothing is tried again.

    Returns:
        The state machine's next input: ``{"run", "attempt", "manifest", "shards"}``, where
        ``shards`` is the number to run again, 0 where there is nothing left to try.
    """
    shards = [keys.shard_of(key) for key in store.keys(keys.shards_prefix(run))]
    answered = {keys.shard_of(key) for key in store.keys(keys.shard_results_prefix(run))}
    missing = [shard for shard in shards if shard not in answered]
    following = attempt + 1
    key = keys.manifest_key(run, following)
    tried = missing if following <= attempts else []
    if tried:
        body = json.dumps(manifest_items(tried)).encode()
        store.write(key, body, content_type="application/json")
    return {"run": run, "attempt": following, "manifest": key, "shards": len(tried)}
