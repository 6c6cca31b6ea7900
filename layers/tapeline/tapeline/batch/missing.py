"""Which shards have no result yet, and the next attempt at them."""

from tapeline.batch import keys
from tapeline.batch.documents import JSON_TYPE
from tapeline.batch.shards import dump_manifest
from tapeline.batch.states import AttemptInput
from tapeline.ports import ObjectStore


def find_missing(run: str, attempt: int, store: ObjectStore, *, attempts: int) -> AttemptInput:
    """Compare shards with shard results, and write the manifest of the next attempt.

    The pictures that workers left for lack of time are in shards of their own, so that the same
    comparison finds them.

    Args:
        run: The run's name.
        attempt: The attempt that just ended, from 1.
        store: The results bucket.
        attempts: Attempts in all; after the last one, nothing is tried again.

    Returns:
        The next attempt; it has 0 shards where nothing is left to try, and then no manifest is written.
    """
    shards = [keys.shard_of(key) for key in store.keys(keys.shards_prefix(run))]
    answered = {keys.shard_of(key) for key in store.keys(keys.shard_results_prefix(run))}
    following = attempt + 1
    tried = [shard for shard in shards if shard not in answered] if following <= attempts else []
    manifest = keys.manifest_key(run, following)
    if tried:
        store.write(manifest, dump_manifest(tried), content_type=JSON_TYPE)
    return AttemptInput(run=run, attempt=following, manifest=manifest, shards=len(tried))
