"""The training of the ranker, from ground truth to the artefact."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.training.ablation import ObservedRows, ablate
from infra.training.artefact import dump, ranker_document
from infra.training.calibration import calibrate_family
from infra.training.cross_validation import cross_validate, outcomes
from infra.training.examples import Example, build_examples, is_contradicted
from infra.training.forests import FAMILIES, train_forest
from infra.training.ground_truth import TruthRow, by_picture, read_ground_truth
from infra.training.pictures import observe_pictures, queries_of
from infra.training.priors import count_priors
from infra.training.report import cross_validation_report, f1_header, f1_line, say
from infra.training.scoring import scores
from tapeline.errors import GroundTruthError
from tapeline.ranking.priors import Priors
from tapeline.ranking.ranker import Ranker, default_priors


def train(
    path: Path, images: Path, cache_dir: Path, artefact: Path, catalogue: Path | None, *, with_ablation: bool
) -> None:
    """Train on the rows of the train split, print F1 on the others, and write the artefact.

    Args:
        path: The ground truth; see :func:`~infra.training.ground_truth.read_ground_truth`.
        images: The folder of the pictures.
        cache_dir: The folder of the cache.
        artefact: The file that is written.
        catalogue: The challenge's train.csv, to count priors in; those of the package where it is left out.
        with_ablation: Whether to print F1 without each part too.

    Raises:
        GroundTruthError: The ground truth or the catalogue can't be used, or has too few rows.
    """
    rows = read_ground_truth(path)
    training = [row for row in rows if row.split == "train"]
    reported = [row for row in rows if row.split != "train"]
    priors = count_priors(catalogue) if catalogue else default_priors()
    say(f"observing {len(by_picture(rows))} pictures; OCR is cached in {cache_dir}")
    scenes = observe_pictures(queries_of(training), images, cache_dir)
    if not scenes:
        raise GroundTruthError(f"expected pictures of the train rows in {images}, received none: add them")
    examples = build_examples(training, scenes, priors)
    about = {
        "command": "make train ROWS=... IMAGES=...",
        "rows_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "rows": len(training),
        "pictures": len(scenes),
    }
    document = train_ranker(examples, priors, about)
    artefact.write_text(dump(document), encoding="utf-8")
    say(f"wrote {artefact} ({artefact.stat().st_size / 1e6:.2f} MB)")
    if reported:
        ranker = Ranker.from_document(document)
        _print_f1(examples, reported, ranker, images, cache_dir, with_ablation=with_ablation)


def train_ranker(examples: Sequence[Example], priors: Priors, about: Mapping[str, Any]) -> dict[str, Any]:
    """Cross-validate, print the scores, calibrate, and train on all examples.

    Args:
        examples: What to train on.
        priors: Which units and sizes each entity usually has.
        about: How the examples were made; the cross-validated F1 is added.

    Returns:
        The artefact, as :func:`~infra.training.artefact.ranker_document` makes it.
    """
    ratings = cross_validate(examples)
    found = outcomes(examples, ratings, priors)
    print(cross_validation_report(found), flush=True)
    credible = scores((example.entity, o) for example, o in found if not is_contradicted(example))
    calibrations = [calibrate_family(examples, ratings, family, priors) for family in FAMILIES]
    forests = [train_forest(examples, family) for family in FAMILIES]
    about = {**about, "cross_validated_f1": round(credible["all"].f1, 4)}
    return ranker_document(forests, calibrations, priors, about)


def _print_f1(
    training: Sequence[Example],
    rows: Sequence[TruthRow],
    ranker: Ranker,
    images: Path,
    cache_dir: Path,
    *,
    with_ablation: bool,
) -> None:
    """Print F1 on the other splits by source, with all parts and without each."""
    queries = queries_of(rows)
    reported = ObservedRows(rows, observe_pictures(queries, images, cache_dir))
    sources = sorted({row.source for row in rows if row.image_link in reported.scenes})
    print(f1_header(sources))
    print(f1_line("all", reported.answer(ranker), sources), flush=True)
    if with_ablation:
        first_pass = ObservedRows(rows, observe_pictures(queries, images, cache_dir, second_pass=False))
        for title, found in ablate(training, reported, first_pass, ranker):
            print(f1_line(title, found, sources), flush=True)
