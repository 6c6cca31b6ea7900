"""What AWS's list prices of us-east-1 make of a run's work, in US dollars; other regions differ a little."""

import platform
from typing import Final

# US dollars for a gigabyte-second of Lambda on this function's processor, on which the others run too: arm64,
# which Linux calls aarch64, or x86. https://aws.amazon.com/lambda/pricing/
LAMBDA_GIGABYTE_SECOND_USD: Final = 0.0000133334 if platform.machine() == "aarch64" else 0.0000166667

# US dollars for a Lambda request: https://aws.amazon.com/lambda/pricing/
LAMBDA_REQUEST_USD: Final = 0.20 / 1_000_000

# US dollars for a transition of a standard state machine: https://aws.amazon.com/step-functions/pricing/
STATE_TRANSITION_USD: Final = 0.025 / 1_000

# US dollars for a PUT request to S3 Standard: https://aws.amazon.com/s3/pricing/
S3_PUT_USD: Final = 0.005 / 1_000

# State transitions for each shard: a Distributed Map counts the start of a child execution and each of its
# states, of which there are two, InTime and Inference: https://aws.amazon.com/step-functions/pricing/
TRANSITIONS_PER_SHARD: Final = 3

# Megabytes in the gigabyte that Lambda's price is for: its memory sizes are powers of two.
_MEGABYTES_PER_GIGABYTE: Final = 1024


def gigabyte_seconds(seconds: float, memory_megabytes: int) -> float:
    """Return what Lambda charges a time by.

    Args:
        seconds: How long functions ran.
        memory_megabytes: Their memory size.
    """
    return seconds * memory_megabytes / _MEGABYTES_PER_GIGABYTE


def workers_usd(lambda_gigabyte_seconds: float, shards: int, puts: int) -> float:
    """Return the price of the workers' part of a run.

    Args:
        lambda_gigabyte_seconds: Of all workers together.
        shards: Shards that were answered, each by one request and its state transitions.
        puts: Objects that were written: the shards, and what workers wrote about them.
    """
    per_shard = LAMBDA_REQUEST_USD + TRANSITIONS_PER_SHARD * STATE_TRANSITION_USD
    return lambda_gigabyte_seconds * LAMBDA_GIGABYTE_SECOND_USD + shards * per_shard + puts * S3_PUT_USD
