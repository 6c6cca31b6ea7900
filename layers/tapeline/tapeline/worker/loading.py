"""The answerer of a worker's reading process: the models and what else looks at pictures, put together."""

from pathlib import Path

from tapeline.adapters.opencv_shapes import OpenCvShapeFinder
from tapeline.adapters.openvino_reader import OpenVinoReader
from tapeline.adapters.pillow_decoder import PillowDecoder
from tapeline.adapters.pillow_encoder import encode_crop, encode_preview
from tapeline.adapters.precision import Precision
from tapeline.answerer import Answerer
from tapeline.ports import PictureClassifier


def load_answerer(
    models_dir: str,
    threads: int,
    max_pixels: int,
    precision: Precision = "auto",
    cache_dir: str | None = None,
) -> Answerer:
    """Load the models.

    Args:
        models_dir: The folder with the converted ResNet50; where it isn't there, pictures have no labels.
        threads: Threads to compute with.
        max_pixels: Pixels of a picture at most.
        precision: What the text reader computes in.
        cache_dir: A folder where compiled models are kept for later processes; None for none.

    Raises:
        ModelFileError: The model files are there, but aren't what they should be.
        SettingsError: The CPU can't compute in the precision.
    """
    return Answerer(
        decoder=PillowDecoder(max_pixels=max_pixels),
        reader=OpenVinoReader(threads, precision, cache=None if cache_dir is None else Path(cache_dir)),
        classifier=_classifier(Path(models_dir), threads),
        shape_finder=OpenCvShapeFinder(),
        encode=encode_preview,
        crop=encode_crop,
    )


def _classifier(folder: Path, threads: int) -> PictureClassifier | None:
    # What isn't there needs no packages: these take a tenth of the first answer's time.
    if not folder.is_dir():
        return None
    from tapeline.adapters.resnet50 import ResNet50Classifier, resnet50_present  # noqa: PLC0415

    return ResNet50Classifier(folder, threads) if resnet50_present(folder) else None
