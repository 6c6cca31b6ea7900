"""Which words belong to which number: in its line, in a caption, in a table, in an order of sides."""

import pytest

from tapeline.picture import TextLine
from tapeline.ranking.candidates import Candidate, find_candidates
from tapeline.ranking.keywords import Keyword, find_keywords, is_of_another_thing
from tapeline.reading.observing import NO_SHAPES, scene_of

WIDTH, HEIGHT, DEPTH = Keyword.WIDTH, Keyword.HEIGHT, Keyword.DEPTH
LENGTH, DIAMETER, WHOLE = Keyword.LENGTH, Keyword.DIAMETER, Keyword.WHOLE
COMPONENT, STATE, PACKAGE = Keyword.COMPONENT, Keyword.STATE, Keyword.PACKAGE


def line(text: str, x: float = 100, y: float = 100) -> TextLine:
    """Text of 24 px letters whose top left corner is at (x, y)."""
    right, bottom = x + 12.0 * len(text), y + 24.0
    return TextLine(text, 0.9, ((x, y), (right, y), (right, bottom), (x, bottom)))


def candidates(*lines: TextLine) -> list[Candidate]:
    return find_candidates(scene_of(lines, NO_SHAPES, 1200, 800))


def own(text: str) -> list[set[Keyword]]:
    return [set(c.keywords) for c in candidates(line(text))]


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("Depth: 63 cm", DEPTH),
        ("Thickness 7mm", DEPTH),
        ("thickneess: 7mm", DEPTH),
        ('0.5" thick', DEPTH),
        ("Only 6 mm thin", DEPTH),
        ("Épaisseur: 2cm", DEPTH),
        ("Epaisseur 2cm", DEPTH),
        ("Tiefe 30 cm", DEPTH),
        ("Espessura 3 cm", DEPTH),
        ("Profundidad: 40 cm", DEPTH),
        ("D: 5 cm", DEPTH),
        ("T: 3 mm", DEPTH),
        ("厚み：21mm", DEPTH),
        ("奥行37cm", DEPTH),
        ("4 in Long", LENGTH),
        ("long-12cm", LENGTH),
        ("Length:12cm", LENGTH),
        ("Total lenght: 3 in", LENGTH),
        ("全長約60cm", LENGTH),
        ("Width30cm", WIDTH),
        ("W=7.5cm", WIDTH),
        ("(W) 30 cm", WIDTH),
        ("Larghezza 30 cm", WIDTH),
        ("Szerokość 30 cm", WIDTH),
        ("너비 30cm", WIDTH),
        ("幅<12cm", WIDTH),
        ("H30cm", HEIGHT),
        ("30cmH", HEIGHT),
        ("Hight: 30 cm", HEIGHT),
        ("Hohe 30 cm", HEIGHT),
        ("Altura: 25cm", HEIGHT),
        ("Hoogte 25 cm", HEIGHT),
        ("高さ：20cm", HEIGHT),
        ("Ø 5 cm", DIAMETER),
        ("maxφ40cm", DIAMETER),
        ("Dia. 45 cm", DIAMETER),
        ("Diâmetro: 73mm", DIAMETER),
        ("Durchmesser 73mm", DIAMETER),
        ("直径：7.1cm", DIAMETER),
    ],
)
def test_a_side_has_many_names(text: str, side: Keyword) -> None:
    (said,) = own(text)
    assert said - {WHOLE} == {side}


@pytest.mark.parametrize(
    "text",
    [
        "With high-power 40mm",
        "Long-lasting 40mm",
        "Widths vary within 10 cm",
        "高解像度 10 cm",
        "N.W.: 10 cm",
        "H20cmH",
        "10 pn a t3 cm",
    ],
)
def test_what_only_looks_like_a_side_is_none(text: str) -> None:
    (said,) = own(text)
    assert not said & {WIDTH, HEIGHT, DEPTH, LENGTH}


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("W30 x D20 x H10 cm", [WIDTH, DEPTH, HEIGHT]),
        ("W30xD20xH10cm", [WIDTH, DEPTH, HEIGHT]),
        ("L13*W13*H40CM", [LENGTH, WIDTH, HEIGHT]),
        ("30(W)x20(D)x10(H) cm", [WIDTH, DEPTH, HEIGHT]),
        ("30cm(W)x20cm(D)x10cm(H)", [WIDTH, DEPTH, HEIGHT]),
        ('72"Lx24"Wx1/2 inch thick', [LENGTH, WIDTH, DEPTH]),
        ("L 30cm W 20cm H 10cm", [LENGTH, WIDTH, HEIGHT]),
        ("Size(LxWxH): 30x20x10cm", [LENGTH, WIDTH, HEIGHT]),
        ("L*W*H 30*20*10 cm", [LENGTH, WIDTH, HEIGHT]),
        ("B x H x T: 30 x 20 x 10 cm", [WIDTH, HEIGHT, DEPTH]),
        ("Largeur x Profondeur x Hauteur 30 x 20 x 10 cm", [WIDTH, DEPTH, HEIGHT]),
        ("Size: 14.5 x 1.5 cm (D*H)", [DIAMETER, HEIGHT]),
        ("380 mm (H) x 300 mm (V)", [WIDTH, HEIGHT]),
        ("30 in (V) x 20 in (D) x 40 in (H)", [WIDTH, DEPTH, HEIGHT]),
        ("10cm wide x 20cm high", [WIDTH, HEIGHT]),
        ("Width 41 Height 28cm Thickness 2in", [HEIGHT, DEPTH]),
        ("Length: 5 in, Width: 4 in, Height: 3 in", [LENGTH, WIDTH, HEIGHT]),
        ("长30cm 宽20cm 高10cm", [LENGTH, WIDTH, HEIGHT]),
    ],
)
def test_each_number_of_a_line_has_its_own_side(text: str, sides: list[Keyword]) -> None:
    assert own(text) == [{side} for side in sides]


@pytest.mark.parametrize(
    "name",
    [
        "length",
        "width",
        "height",
        "depth",
        "thickness",
        "diameter",
        "long",
        "wide",
        "high",
        "deep",
        "thick",
        "dia",
        "länge",
        "breite",
        "höhe",
        "tiefe",
        "longueur",
        "largeur",
        "hauteur",
        "profondeur",
        "largo",
        "ancho",
        "alto",
        "comprimento",
        "largura",
        "altura",
        "profundidad",
        "profundidade",
        "l",
        "w",
        "h",
        "d",
        "t",
        "b",
        "p",
        "v",
        "ø",
    ],
)
def test_any_name_of_a_side_may_stand_in_an_order(name: str) -> None:
    first, second, third = own(f"{name} x {name} x {name}: 30 x 20 x 10 cm")
    assert len(first) == 1
    assert first == second == third


def test_what_a_line_lists_besides_a_group_keeps_its_words() -> None:
    said = own("30 x 20 x 10 cm (L x W x H), 5 kg net weight")
    assert said == [{LENGTH}, {WIDTH}, {HEIGHT}, {Keyword.NET, Keyword.WEIGHT}]


def test_a_separator_divides_words_from_those_of_the_next_number() -> None:
    assert own("0.43 oz / Net wt. 4.3 oz") == [set(), {Keyword.NET, Keyword.WEIGHT}]
    assert own("Overall height 30 cm, seat height 20 cm") == [{WHOLE, HEIGHT}, {COMPONENT, HEIGHT}]


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("Folded size: 10 x 20 x 30 cm", STATE),
        ("Folded size: 100 x 200 mm / 4 x 8 in", STATE),
        ("Folded: 10cm wide x 20cm high", STATE),
        ("Package size 10 x 20 cm", PACKAGE),
        ("Inner box: 10 x 20 cm", PACKAGE),
        ("10 x 20 cm screen", COMPONENT),
        ("Fits 5 x 7 in pictures", Keyword.SUITED),
        ("10 x 15 in - usable", Keyword.INNER),
        ("Product size: 10 x 20 cm", WHOLE),
    ],
)
def test_another_things_size_is_one_in_all_its_numbers(text: str, keyword: Keyword) -> None:
    said = own(text)
    assert len(said) > 1
    assert all(keyword in words for words in said)


def test_another_things_word_stays_with_its_own_size() -> None:
    hook, height = own("Hook width: 4.5 cm 120cm (H)")
    assert hook == {COMPONENT, WIDTH}
    assert height == {HEIGHT}


@pytest.mark.parametrize(
    "text",
    [
        "Chain length: 46 cm",
        "Folded height 46 cm",
        "Model height 172 cm",
        "Package width 46 cm",
        "Perimeter 46 cm",
        "Suitable height 46 cm",
        "Inner height 46 cm",
        "Screen 46 cm",
        "Mounting holes 46 mm",
        "Distance 46 mm",
        "Compared with a 13 in laptop",
    ],
)
def test_another_things_size_is_no_side(text: str) -> None:
    assert is_of_another_thing(find_keywords(text.lower()))


@pytest.mark.parametrize(
    "text", ["Height 46 cm", "Overall height with handle 46 cm", "Unfolded size 46 cm", "12 in storage box"]
)
def test_the_whole_products_size_may_be_a_side(text: str) -> None:
    assert not is_of_another_thing(find_keywords(text.lower()))


@pytest.mark.parametrize("order", ["L x W x H", "Size (L*W*H)", "Product Dimensions (L x W x H)"])
def test_an_order_above_a_group_gives_each_member_its_side(order: str) -> None:
    found = candidates(line(order, y=70), line("30 x 20 x 10 cm / 12 x 8 x 4 in"))
    assert [c.caption - {WHOLE} for c in found] == [{LENGTH}, {WIDTH}, {HEIGHT}] * 2


def test_an_order_in_a_table_row_gives_each_member_its_side() -> None:
    found = candidates(line("W x D x H", x=20), line("30 x 20 x 10 cm", x=700))
    assert [c.table_row for c in found] == [{WIDTH}, {DEPTH}, {HEIGHT}]
    assert [c.caption for c in found] == [frozenset()] * 3


def test_an_order_says_nothing_of_other_groups() -> None:
    found = candidates(line("L x W x H", y=70), line("30 x 20 cm"))
    assert [c.caption for c in found] == [frozenset()] * 2


def test_an_order_of_alternatives_names_a_single_number_both() -> None:
    (single,) = candidates(line("Width / Length", y=70), line("20 cm"))
    assert single.caption == {WIDTH, LENGTH}
    found = candidates(line("Width / Length", y=70), line("20 x 30 cm"))
    assert [c.caption for c in found] == [{WIDTH}, {LENGTH}]


@pytest.mark.parametrize("letter", ["H", "T", "W"])
def test_a_lone_letter_is_the_end_of_a_dimension_line(letter: str) -> None:
    (candidate,) = candidates(line(letter, x=60), line("30 cm"))
    assert candidate.caption == frozenset()


def test_lone_letters_of_two_sides_are_captions() -> None:
    first, second = candidates(line("H", x=60), line("30 cm"), line("W", x=60, y=300), line("20 cm", y=300))
    assert [first.caption, second.caption] == [{HEIGHT}, {WIDTH}]
    first, second = candidates(line("H", x=60), line("30 cm"), line("W: 20 cm", y=300))
    assert [first.caption, second.keywords] == [{HEIGHT}, {WIDTH}]
