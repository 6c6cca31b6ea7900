"""Counting priors in the catalogue."""

import gzip
import lzma
from decimal import Decimal
from pathlib import Path

import pytest

from infra.training.priors import count_priors
from tapeline.errors import GroundTruthError
from tapeline.quantities import Quantity

CATALOGUE = "entity_name,entity_value\n" + "voltage,12.0 volt\n" * 30 + 'voltage,"[100.0, 240.0] volt"\n' * 5


def test_priors_are_shares_of_what_was_counted(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text(CATALOGUE + "voltage,2.0 kilogram\n" * 30 + "colour,2.0 volt\n" * 30)
    priors = count_priors(path)
    assert priors.of_unit("voltage", "volt") == pytest.approx(0, abs=0.05)
    assert priors.of_value("voltage", Quantity(Decimal(12), "volt")) == pytest.approx(0, abs=0.05)
    assert priors.of_unit("voltage", "kilovolt") < -5
    assert list(priors.units) == ["voltage"]


def test_rare_values_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text(CATALOGUE + "voltage,24.0 volt\n" * 10)
    priors = count_priors(path)
    assert priors.of_value("voltage", Quantity(Decimal(24), "volt")) < -5
    assert priors.of_size("voltage", 1.38) > -2


def test_a_compressed_catalogue_gives_the_same(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(CATALOGUE)
    (tmp_path / "train.csv.gz").write_bytes(gzip.compress(CATALOGUE.encode()))
    (tmp_path / "train.csv.xz").write_bytes(lzma.compress(CATALOGUE.encode()))
    plain, *compressed = (count_priors(path) for path in sorted(tmp_path.iterdir()))
    assert compressed == [plain, plain]


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "test.csv"
    path.write_text("index,image_link,group_id,entity_name\n")
    with pytest.raises(GroundTruthError, match="entity_value"):
        count_priors(path)
