"""Check the models in an image's packages, and answer one picture; fail where anything isn't as expected.

    python -m infra.image.smoke bottle.jpg item_volume "750 millilitre" present

It runs inside the image only, where Lambda's base image sets LAMBDA_TASK_ROOT.
"""

import json
import os
import sys
from pathlib import Path
from typing import Final

# The settings of both handlers without a bucket: no picture is read from S3, and nothing is written.
_ENVIRONMENT: Final = {
    "RESULTS_BUCKET": "results",
    "IMAGE_BUCKETS": "",
    "MODELS_DIR": "/opt/tapeline/models",
    "AWS_DEFAULT_REGION": "us-east-1",
}

# The lock of model files, beside which this file lies in the image.
_LOCK: Final = Path(__file__).parents[1] / "models.lock.json"


class _FileFetcher:
    """A fetcher for which a link is a file's path."""

    def fetch(self, link: str) -> bytes:
        return Path(link).read_bytes()


def main(picture: str, entity: str, expected: str, resnet50: str) -> int:
    """Print the answer as JSON.

    Args:
        picture: The picture's file.
        entity: The entity to predict.
        expected: The right prediction.
        resnet50: ``present`` or ``absent``: whether there must be labels.

    Returns:
        The exit code: 0 where prediction and labels are as expected, else 1.
    """
    os.environ.update(_ENVIRONMENT)
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    # Only now: the packages are the image's, and the settings are read from the environment.
    from dataclasses import replace  # noqa: PLC0415

    import predict.app  # noqa: F401, PLC0415 - the other handler must find its imports too
    from inference.settings import InferenceSettings  # noqa: PLC0415
    from tapeline.answering import answer_pictures  # noqa: PLC0415
    from tapeline.answers import PictureQuery  # noqa: PLC0415
    from tapeline.errors import RowError  # noqa: PLC0415
    from tapeline.model_files import check_packaged, read_lock  # noqa: PLC0415
    from tapeline.quantities import format_prediction  # noqa: PLC0415
    from tapeline.settings import load_settings  # noqa: PLC0415
    from tapeline.worker.assembly import build_components  # noqa: PLC0415

    check_packaged(read_lock(_LOCK))
    components = replace(build_components(load_settings(InferenceSettings)), fetcher=_FileFetcher())
    answers = next(answer_pictures([PictureQuery(picture, (entity,))], components))
    answer = answers.answers[entity]
    received = str(answer) if isinstance(answer, RowError) else format_prediction(answer.quantity)
    print(
        json.dumps(
            {
                "picture": Path(picture).name,
                entity: received,
                "labels": [label.name for label in answers.labels],
                "model_hashes": dict(components.answerer.model_hashes),
            },
            indent=2,
        )
    )
    labels = 5 if resnet50 == "present" else 0
    if received != expected or len(answers.labels) != labels:
        print(
            f"expected {expected!r} and {labels} labels, received {received!r} and {len(answers.labels)}: "
            "check what infra/image/prune.py removes",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
