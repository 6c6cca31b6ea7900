"""Counting priors in the catalogue."""

import gzip
import lzma
from decimal import Decimal
from pathlib import Path

import pytest

from infra.training.priors import count_priors
from tapeline.errors import GroundTruthError
from tapeline.quantities import Quantity
from tapeline.ranking.priors import Sizes

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


def test_each_category_has_its_sizes_without_pictures_that_are_trained_on(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    rows = [f"https://e.com/{number}.jpg,7,width,{10 * 3**number} centimetre\n" for number in range(3)]
    rows += ["https://e.com/9.jpg,8,width,5 centimetre\n", "https://e.com/8.jpg,7,depth,1 centimetre\n"]
    path.write_text("image_link,group_id,entity_name,entity_value\n" + "".join(rows))
    priors = count_priors(path, without={"https://e.com/9.jpg"})
    assert list(priors.categories) == ["7"]
    assert priors.rows_of("7") == 4
    assert priors.general["width"] == pytest.approx((3, 2.477, 0.39), abs=0.001)
    # One depth is drawn far to all depths, which are that one.
    assert priors.sizes_in("7", "depth") == Sizes(1, 1.0, 0.0)
    shares = [priors.asked_share("7", entity) for entity in ("width", "depth", "height")]
    assert shares == sorted(set(shares), reverse=True)


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "test.csv"
    path.write_text("index,image_link,group_id,entity_name\n")
    with pytest.raises(GroundTruthError, match="entity_value"):
        count_priors(path)
