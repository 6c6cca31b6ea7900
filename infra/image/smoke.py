"""Answer one picture with what an image has in it; fail where the answer isn't the expected one.

python smoke.py bottle.jpg item_volume "750 millilitre" present
"""

import json
import os
import sys
from pathlib import Path
from typing import Final

_ENVIRONMENT: Final = {
    "RESULTS_BUCKET": "results",
    "IMAGE_BUCKETS": "",
    "MODELS_DIR": "/opt/tapeline/models",
    "AWS_DEFAULT_REGION": "us-east-1",
}


class _FileFetcher:
    """Takes a link for a file's path."""

    def fetch(self, link: str) -> bytes:
        return Path(link).read_bytes()


def main(picture: str, entity: str, expected: str, resnet50: str) -> int:
    """Print the answer as JSON.

    Args:
        picture: A file.
        entity: What is asked.
        expected: The right prediction.
        resnet50: ``present`` or ``absent``: whether there must be labels.

    Returns:
        0 where all is as expected, else 1.
    """
    os.environ.update(_ENVIRONMENT)
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    # Only now: the packages are the image's, and the settings are read from the environment.
    from dataclasses import replace  # noqa: PLC0415

    import predict.app  # noqa: F401, PLC0415 - the other handler has to find what it needs too
    from inference.settings import InferenceSettings  # noqa: PLC0415
    from tapeline.answering import PictureQuery, answer_pictures  # noqa: PLC0415
    from tapeline.assembly import build_components  # noqa: PLC0415
    from tapeline.errors import RowError  # noqa: PLC0415
    from tapeline.quantities import format_prediction  # noqa: PLC0415
    from tapeline.settings import load_settings  # noqa: PLC0415

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
                "model_hashes": components.classifier.model_hashes if components.classifier else {},
            },
            indent=2,
        )
    )
    labels = 5 if resnet50 == "present" else 0
    if received != expected or len(answers.labels) != labels:
        print(
            f"expected {expected!r} and {labels} labels, received {received!r} and {len(answers.labels)}: "
            "the image lacks something that answering needs",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
