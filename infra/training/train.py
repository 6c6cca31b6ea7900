"""The training of the ranker, from ground truth to the artefact."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.training.ablation import ablate
from infra.training.artefact import dump, ranker_document
from infra.training.assignments import fit_assignments, labelled_pictures
from infra.training.calibration import calibrate_decisions
from infra.training.cross_validation import cross_validate, outcomes
from infra.training.examples import Example, build_examples, is_contradicted
from infra.training.eye_labels import LABELS, with_eye_labels
from infra.training.forests import CATEGORY, FAMILIES, train_forest
from infra.training.ground_truth import by_picture, read_ground_truth
from infra.training.noted_lines import fit_line_rater, noted_lines
from infra.training.pictures import observe_pictures, queries_of
from infra.training.priors import count_priors
from infra.training.report import cross_validation_report, say
from infra.training.reviewed import REVIEW, compare_without, count_reviewed
from infra.training.scoring import scores
from tapeline.errors import GroundTruthError
from tapeline.ranking.line_ratings import LineRater
from tapeline.ranking.priors import Priors
from tapeline.ranking.ranker import default_line_rater, default_priors


def train(
    paths: Sequence[Path],
    images: Path,
    cache_dir: Path,
    artefact: Path,
    catalogue: Path | None,
    *,
    with_ablation: bool,
) -> None:
    """Train on the rows of the train split, print their cross-validated F1, and write the artefact.

    Args:
        paths: Files with ground truth; see :func:`~infra.training.ground_truth.read_ground_truth`. The
            project's own labels of their pictures are added.
        images: The folder of the pictures.
        cache_dir: The folder of the cache.
        artefact: The file that is written.
        catalogue: The challenge's train.csv, to count priors in; those of the package where it is left out.
        with_ablation: Whether to print the cross-validated F1 without each part too.

    Raises:
        GroundTruthError: The ground truth or the catalogue can't be used, or has too few rows.
    """
    given = [row for path in paths for row in read_ground_truth(path) if row.split == "train"]
    rows = with_eye_labels(given)
    if counts := count_reviewed(rows):
        print(counts, flush=True)
    priors = count_priors(catalogue, {row.image_link for row in rows}) if catalogue else default_priors()
    say(f"observing {len(by_picture(rows))} pictures; OCR is cached in {cache_dir}")
    scenes = observe_pictures(queries_of(rows), images, cache_dir)
    if not scenes:
        raise GroundTruthError(f"expected pictures of the train rows in {images}, received none: add them")
    shipped = default_line_rater()
    lines = noted_lines(rows, scenes, shipped)
    rater = fit_line_rater(lines, shipped)
    say(f"rating drawn lines by {len(lines)} that notes name")
    examples = build_examples(rows, scenes, priors, rater)
    about = {
        "command": "make train ROWS=... IMAGES=...",
        "rows_sha256": hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest(),
        "labels_sha256": hashlib.sha256(LABELS.read_bytes()).hexdigest(),
        "rows": len(rows),
        "pictures": len(scenes),
    }
    document = train_ranker(examples, priors, rater, about)
    artefact.write_text(dump(document), encoding="utf-8")
    say(f"wrote {artefact} ({artefact.stat().st_size / 1e6:.2f} MB)")
    if with_ablation:
        for line in ablate(examples, priors):
            print(line, flush=True)


def train_ranker(
    examples: Sequence[Example], priors: Priors, rater: LineRater, about: Mapping[str, Any]
) -> dict[str, Any]:
    """Cross-validate, print the scores, calibrate, and train on all examples.

    Args:
        examples: What to train on.
        priors: Which units and sizes each entity usually has.
        rater: Rates which drawn line is which measure's, in the examples too.
        about: How the examples were made; the cross-validated F1 is added.

    Returns:
        The artefact, as :func:`~infra.training.artefact.ranker_document` makes it.
    """
    validated = cross_validate(examples)
    found = outcomes(validated, priors)
    print(cross_validation_report(found), flush=True)
    if any(example.row is not None and example.row.source == REVIEW for example in examples):
        print(compare_without(validated, priors), flush=True)
    credible = scores((example.entity, o) for example, o in found if not is_contradicted(example))
    return ranker_document(
        [train_forest(examples, family, without=CATEGORY) for family in FAMILIES],
        [train_forest(examples, family) for family in FAMILIES],
        fit_assignments(labelled_pictures(examples, validated.ratings)),
        calibrate_decisions(validated),
        priors=priors,
        rater=rater,
        about={**about, "cross_validated_f1": round(credible["all"].f1, 4)},
    )
