"""Trains and evaluates the choice among the values in a picture; see ``--help``."""

import argparse
import hashlib
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from infra.training.heads import fit_head
from infra.training.rules import choose_by_rule
from tapeline.head import Head

import tapeline
from infra.training.examples import Question, ask, hits, is_contradicted
from infra.training.growing import (
    FAMILIES,
    HEAD,
    SILENT_BELOW,
    calibrate,
    cross_validate,
    dump,
    forest_document,
    grow,
    ranker_document,
)
from infra.training.labels import LabelledRow, by_picture, read_labels
from infra.training.page import write_page
from infra.training.pictures import answer, look_at, queries_of
from infra.training.priors import count_priors
from infra.training.scoring import Outcome, is_right, outcome, scores, table
from tapeline.adapters.resnet50 import resnet50_present
from tapeline.errors import TapelineError
from tapeline.quantities import format_quantity
from tapeline.ranking.choosing import Answer, choose_answers
from tapeline.ranking.features import GROUPS, Matrix, Scene
from tapeline.ranking.forest import Forest
from tapeline.ranking.priors import Priors
from tapeline.ranking.ranker import ARTEFACT, Ranker, default_priors, default_ranker, preferred

_RANKING: Final = Path(tapeline.__file__).parent / "ranking"
_KEPT: Final = Path(".cache/read")
_MODELS: Final = Path(".cache/models")
_SHOWN: Final = 30
_LINES_READ: Final = (6, 15, 40)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _chosen(question: Question, ratings: Matrix, priors: Priors) -> tuple[str, float]:
    """Return the prediction for a question and its rating, whether or not it would be answered."""
    if not len(ratings):
        return "", -np.inf
    best = int(ratings.argmax())
    quantity = preferred(question.measures[best], question.entity, priors).quantity
    return format_quantity(quantity), float(ratings[best])


def _threshold(entity: str) -> float:
    return float(np.log(SILENT_BELOW[entity] / (1 - SILENT_BELOW[entity])))


def _outcomes(
    questions: Sequence[Question], ratings: Sequence[Matrix], priors: Priors
) -> list[tuple[Question, Outcome]]:
    """Return each labelled question's outcome."""
    found = []
    for question, rated in zip(questions, ratings, strict=True):
        if question.row is not None:
            prediction, rating = _chosen(question, rated, priors)
            said = prediction if rating >= _threshold(question.entity) else ""
            found.append((question, outcome(question.row, said)))
    return found


def _lines_read(scene: Scene) -> str:
    count = len(scene.lines)
    return next((f"under {limit:2d} lines read" for limit in _LINES_READ if count < limit), "more lines read")


def train(arguments: argparse.Namespace) -> None:
    """Grow the trees on the rows of the train split, report on the others, and write the artefact."""
    rows = read_labels(arguments.rows)
    training = [row for row in rows if row.split == "train"]
    reported = [row for row in rows if row.split != "train"]
    priors = count_priors(arguments.catalogue) if arguments.catalogue else default_priors()
    _say(f"tapeline: looking at {len(by_picture(rows))} pictures; what is read is kept in {arguments.kept}")
    models = arguments.models if resnet50_present(arguments.models) else None
    scenes = look_at(queries_of(training), arguments.images, arguments.kept, models)
    if not scenes:
        raise TapelineError(f"expected pictures of the rows in {arguments.images}, found none")
    head = fit_head(training, scenes) if models else None
    questions = ask(training, scenes, priors, head)
    ratings = cross_validate(questions, grow)
    found = _outcomes(questions, ratings, priors)
    credible = [(q, o) for q, o in found if not is_contradicted(q)]
    print(
        table("cross-validated, train rows", scores((f"source {q.row.source}", o) for q, o in found if q.row))
    )
    print(table("  by entity, credible labels", scores((q.entity, o) for q, o in credible)))
    print(table("  by lines read", scores((_lines_read(q.scene), o) for q, o in credible)))
    lines = [_calibration(questions, ratings, family, priors) for family in FAMILIES]
    grown = [grow(questions, family) for family in FAMILIES]
    about = {
        "command": "make train ROWS=... IMAGES=...",
        "rows_sha256": hashlib.sha256(arguments.rows.read_bytes()).hexdigest(),
        "rows": len(training),
        "pictures": len(scenes),
        "resnet50": _about_head(head),
        "cross_validated_f1": round(scores((q.entity, o) for q, o in credible)["all"].f1, 4),
    }
    document = ranker_document(grown, lines, priors, about, head)
    arguments.artefact.write_text(dump(document), encoding="utf-8")
    _say(f"tapeline: wrote {arguments.artefact} ({arguments.artefact.stat().st_size / 1e6:.2f} MB)")
    if reported:
        _report(questions, reported, Ranker.from_document(document), models, arguments)


def _about_head(head: Head | None) -> str:
    if head is None:
        return "trained without the ResNet50 weights: no head"
    guessed = ", ".join(head.neighbourhoods) or "no entity"
    return f"trained with a head on ResNet50; similar pictures answer for {guessed}"


def _calibration(
    questions: Sequence[Question], ratings: Sequence[Matrix], family: Sequence[str], priors: Priors
) -> tuple[list[float], list[float]]:
    """Return a family's line from ratings to shares of right answers, on cross-validated ratings."""
    rated, right = [], []
    for question, values in zip(questions, ratings, strict=True):
        if question.entity not in family or question.row is None or not len(values):
            continue
        best = int(values.argmax())
        rated.append(float(values[best]))
        right.append(
            not is_contradicted(question)
            and is_right(question.row, preferred(question.measures[best], question.entity, priors).quantity)
        )
    return calibrate(rated, right)


def _report(
    training: Sequence[Question],
    rows: Sequence[LabelledRow],
    ranker: Ranker,
    models: Path | None,
    arguments: argparse.Namespace,
) -> None:
    """Print F1 on the other splits by source, with and without each part."""
    closer = look_at(queries_of(rows), arguments.images, arguments.kept, models)
    once = look_at(queries_of(rows), arguments.images, arguments.kept, models, closer=False)
    rows = [row for row in rows if row.image_link in closer and row.image_link in once]
    sources = sorted({row.source for row in rows})

    def show(title: str, found: Iterable[tuple[LabelledRow, Outcome]]) -> None:
        by_source = scores((row.source, result) for row, result in found)
        print(f"{title:36s}" + "".join(f"{by_source[s].f1:20.3f}" for s in sources), flush=True)

    def answered_by(ranker: Ranker, scenes: Mapping[str, Scene]) -> list[tuple[LabelledRow, Outcome]]:
        found = []
        for link, asked in by_picture(rows).items():
            answers = choose_answers(scenes[link], [row.entity_name for row in asked], ranker=ranker)
            found += [(row, outcome(row, answers[row.entity_name].prediction)) for row in asked]
        return found

    print(f"{'F1 on the other rows':36s}" + "".join(f"{source:>20s}" for source in sources))
    show("all", answered_by(ranker, closer))
    if not arguments.ablate:
        return

    def regrown(**how: Any) -> Ranker:
        grown = [grow(training, names, **how) for names in FAMILIES]
        families = [
            replace(family, forest=Forest.from_document(forest_document(trees)))
            for family, trees in zip(ranker.families, grown, strict=True)
        ]
        return replace(ranker, families=tuple(families))

    if ranker.head:
        without = replace(regrown(without=HEAD), head=replace(ranker.head, neighbourhoods={}))
        show(f"without {HEAD}", answered_by(without, closer))
    for group in GROUPS:
        show(f"without {group}", answered_by(regrown(without=group), closer))
    show("without the filter of votes", answered_by(regrown(clean=False), closer))
    show("without weighing sides together", answered_by(replace(ranker, together=False), closer))
    show("without the second look", answered_by(ranker, once))
    show(
        "rules alone",
        [(row, outcome(row, choose_by_rule(closer[row.image_link], row.entity_name))) for row in rows],
    )
    show(
        "the best of what was read",
        [
            (q.row, "tn" if q.row.silent else "tp" if hits(q, q.row).any() else "fn")
            for q in ask(rows, closer, ranker.priors, ranker.head)
            if q.row is not None
        ],
    )


def evaluate(arguments: argparse.Namespace) -> None:
    """Answer labelled rows as the workers do, and print and draw how well that went."""
    rows = [row for row in read_labels(arguments.rows) if arguments.split in {"all", row.split}]
    queries = queries_of(rows)
    # Without a head the network would only give labels.
    models = arguments.models if default_ranker().head and resnet50_present(arguments.models) else None
    answered = dict(
        zip(
            (query.image_link for query in queries),
            answer(queries, arguments.images, arguments.kept, models),
            strict=True,
        )
    )
    results = []
    unanswered = 0
    for row in rows:
        said = answered[row.image_link].answers[row.entity_name]
        if isinstance(said, Answer):
            results.append((row, said, outcome(row, said.prediction)))
        else:
            unanswered += 1
    if unanswered:
        _say(f"tapeline: {unanswered} rows left out: their pictures can't be had or decoded")
    for source in sorted({row.source for row, _, _ in results}):
        print(
            table(
                source or "all rows",
                scores((row.entity_name, result) for row, _, result in results if row.source == source),
            )
        )
        print()
    wrong = [(row, said) for row, said, result in results if result in {"fp", "fn"}]
    print(f"the first {min(_SHOWN, len(wrong))} of {len(wrong)} wrong rows")
    for row, said in wrong[:_SHOWN]:
        print(_wrong(row, said))
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        predictions = arguments.out / "predictions.csv"
        predictions.write_text(
            "index,prediction\n" + "".join(f"{row.index},{said.prediction}\n" for row, said, _ in results),
            encoding="utf-8",
        )
        page = write_page(results, arguments.images, arguments.out)
        _say(f"tapeline: wrote {predictions} and {page}")


def _wrong(row: LabelledRow, said: Answer) -> str:
    truth = " | ".join(sorted(format_quantity(a) for a in row.answers)) or ("(silent)" if row.silent else "?")
    chosen = f"{said.prediction or '(silent)'} ({said.confidence:.2f}, {said.text!r})"
    others = ", ".join(f"{r.prediction} ({r.confidence:.2f})" for r in said.runners_up)
    return (
        f"{row.index} {row.file_name} {row.entity_name}: {truth}; chose {chosen}; then {others or 'nothing'}"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m infra.training", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, run in (("train", train), ("evaluate", evaluate)):
        command = commands.add_parser(name, help=(run.__doc__ or "").splitlines()[0], description=run.__doc__)
        command.add_argument("rows", type=Path, help="labelled rows; docs/formats.md describes the columns")
        command.add_argument("--images", type=Path, required=True, help="the folder of their pictures")
        command.add_argument("--kept", type=Path, default=_KEPT, help="where what was read is kept")
        command.add_argument(
            "--models",
            type=Path,
            default=_MODELS,
            help="the folder of ResNet50; it goes without where it isn't",
        )
        command.set_defaults(run=run)
        if run is train:
            command.add_argument("--artefact", type=Path, default=_RANKING / ARTEFACT, help="what is written")
            command.add_argument(
                "--catalogue",
                type=Path,
                help="the challenge's train.csv (also .xz or .gz), to count priors in; those of the package "
                "otherwise",
            )
            command.add_argument("--ablate", action="store_true", help="also print F1 without each part")
        else:
            command.add_argument("--split", default="dev", help="dev (the default), train or all")
            command.add_argument(
                "--out", type=Path, help="a folder for predictions.csv and a page to look at"
            )
    arguments = parser.parse_args(argv)
    try:
        arguments.run(arguments)
    except (TapelineError, OSError) as error:
        _say(f"tapeline: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
