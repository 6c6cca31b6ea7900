"""The runs of a soak: pictures with known numbers on a server, and hostile ones among them."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from tests.bombs import BOMBS
from tests.integration.http_server import PictureServer, Reply
from tests.integration.pictures import drawn, huge_png

# Pictures of a run, of two rows each.
_PICTURES: Final = 100

# Hostile pictures among them: one in fifty.
_HOSTILE: Final = 2

# What a hostile picture says that it does to the process that reads it, or to the worker: see the handlers.
_POISONS: Final = ("sigkill", "exit", "memory", "hang", "worker")

# Width and height, in pixels, that a bomb's header claims.
_HUGE: Final = (50_000, 50_000)


@dataclass(frozen=True, slots=True)
class Case:
    """A run to do.

    Attributes:
        name: The name of its input, without an ending.
        rows: Link and entity of each row.
        predictions: What is drawn, for each row; empty for hostile pictures.
    """

    name: str
    rows: Sequence[tuple[str, str]]
    predictions: Sequence[str]


def _weight(number: int) -> str:
    """Return the kilograms on a good picture: those of a parcel, since a hundred may as well be a load."""
    return f"{number / 10:g}"


def _voltage(number: int) -> int:
    """Return the volts on a good picture."""
    return number + 200


class Cases:
    """Makes runs, whose pictures are on a server: good ones with known numbers, and hostile ones.

    Args:
        server: The server.
        chance: Picks the hostile ones.

    Attributes:
        hostile: Kind -> hostile pictures so far.
        count: Runs so far.
    """

    def __init__(self, server: PictureServer, chance: random.Random) -> None:
        self._server = server
        self._chance = chance
        self._deck: list[str] = []
        self.hostile: Counter[str] = Counter()
        self.count = 0
        self._good = [
            server.put(f"/good-{number}.png", Reply(drawn(f"{_weight(number)} kg  {_voltage(number)} V")))
            for number in range(1, _PICTURES + 1)
        ]

    def draw(self) -> Case:
        """Return another run."""
        self.count += 1
        hostile = set(self._chance.sample(range(_PICTURES), _HOSTILE))
        rows: list[tuple[str, str]] = []
        predictions: list[str] = []
        for index in range(_PICTURES):
            link = self._draw_hostile() if index in hostile else self._good[index]
            rows += [(link, "item_weight"), (link, "voltage")]
            right = (f"{_weight(index + 1)} kilogram", f"{_voltage(index + 1)} volt")
            predictions += ("", "") if index in hostile else right
        return Case(f"run-{self.count}", rows, predictions)

    def _draw_hostile(self) -> str:
        # Each kind comes as often as another.
        if not self._deck:
            self._deck = [*_POISONS, self._chance.choice(["huge", *BOMBS])]
            self._chance.shuffle(self._deck)
        kind = self._deck.pop()
        self.hostile[kind] += 1
        # Each has a link of its own: two in a run would be one picture.
        path = f"/hostile-{self.hostile.total()}.png"
        return self._server.put(path, Reply(_hostile_body(kind)))


@cache
def _hostile_body(kind: str) -> bytes:
    if kind in _POISONS:
        return drawn("1 kg") + f"poison:{kind}".encode()
    return huge_png(*_HUGE) if kind == "huge" else BOMBS[kind]()
