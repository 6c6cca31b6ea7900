"""The adapters that Inference and Predict work with, put together from their settings."""

from inference.settings import InferenceSettings
from tapeline.adapters.clients import s3_client
from tapeline.adapters.http_fetcher import FetchLimits, HttpFetcher
from tapeline.adapters.opencv_shapes import OpenCvShapeFinder
from tapeline.adapters.pillow_decoder import PillowDecoder
from tapeline.adapters.rapidocr_reader import RapidOcrReader
from tapeline.adapters.resnet50 import ResNet50Classifier, resnet50_present
from tapeline.adapters.s3_fetcher import LinkFetcher, MirrorFetcher, S3Fetcher
from tapeline.answering import Tools
from tapeline.download.addresses import AddressPolicy
from tapeline.ports import ImageFetcher


def build_tools(settings: InferenceSettings, policy: AddressPolicy | None = None) -> Tools:
    """Load the models and connect the fetchers.

    Args:
        settings: The function's settings.
        policy: Which addresses downloads may go to: public ones where it is left out. Only tests
            pass one, in code; no setting leads here.

    Raises:
        ModelFileError: The model files are there, but aren't what they should be.
    """
    present = resnet50_present(settings.models_dir)
    return Tools(
        fetcher=_fetcher(settings, policy or AddressPolicy()),
        decoder=PillowDecoder(max_pixels=settings.max_pixels),
        reader=RapidOcrReader(threads=settings.threads),
        classifier=ResNet50Classifier(settings.models_dir, settings.threads) if present else None,
        shape_finder=OpenCvShapeFinder(),
        downloads=settings.downloads,
    )


def _fetcher(settings: InferenceSettings, policy: AddressPolicy) -> ImageFetcher:
    limits = FetchLimits(total=settings.fetch_seconds, max_bytes=settings.max_bytes)
    s3 = S3Fetcher(s3_client(), settings.allowed_buckets, settings.max_bytes)
    origin = LinkFetcher(HttpFetcher(policy, limits, connections=settings.downloads), s3)
    mirror = settings.mirror
    if mirror is None:
        return origin
    return MirrorFetcher(
        s3_client(),
        mirror.bucket,
        mirror.prefix,
        origin,
        max_bytes=settings.max_bytes,
        extra_ports=policy.extra_ports,
    )
