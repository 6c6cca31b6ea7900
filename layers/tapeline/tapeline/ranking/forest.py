"""Decision trees in plain numpy: what LightGBM trained is evaluated without LightGBM."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Trees whose leaves are added up.

    All nodes of all trees are in the same arrays; children are given by their index in them. A leaf leads to
    itself.

    Attributes:
        roots: Each tree's first node, shape (trees,).
        feature: Column that a node compares, shape (nodes,).
        threshold: A row goes left where its value is at most this, shape (nodes,).
        left: Left child, shape (nodes,).
        right: Right child, shape (nodes,).
        value: What a leaf adds, shape (nodes,); 0 elsewhere.
        depth: Steps from a root to the deepest leaf.
    """

    roots: npt.NDArray[np.int32]
    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.float64]
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    value: npt.NDArray[np.float64]
    depth: int

    def evaluate(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the sum of the leaves that each row ends in.

        Args:
            rows: Features, shape (rows, columns), finite.

        Returns:
            Shape (rows,), float64; 0 where there are no trees.
        """
        # Shape (rows, trees): the node that each row is at in each tree.
        node = np.broadcast_to(self.roots, (len(rows), len(self.roots)))
        each = np.arange(len(rows))[:, None]
        for _ in range(self.depth):
            goes_left = rows[each, self.feature[node]] <= self.threshold[node]
            node = np.where(goes_left, self.left[node], self.right[node])
        total: npt.NDArray[np.float64] = self.value[node].sum(axis=1)
        return total

    @classmethod
    def from_document(cls, trees: Sequence[Mapping[str, Any]]) -> Self:
        """Build a forest from its JSON form.

        Args:
            trees: For each tree ``feature``, ``threshold``, ``left`` and ``right`` of its inner nodes and
                the ``value`` of its leaves. A child below zero, ``-1 - n``, is leaf ``n``.
        """
        roots: list[int] = []
        feature: list[int] = []
        left: list[int] = []
        right: list[int] = []
        threshold: list[float] = []
        value: list[float] = []
        deepest = 0
        for tree in trees:
            start, inner = len(feature), len(tree["feature"])
            roots.append(start)
            leaves = range(start + inner, start + inner + len(tree["value"]))
            feature += [*tree["feature"], *(0 for _ in leaves)]
            threshold += [*tree["threshold"], *(0.0 for _ in leaves)]
            for side, children in ((left, tree["left"]), (right, tree["right"])):
                side.extend(start + c if c >= 0 else leaves[-1 - c] for c in children)
                side.extend(leaves)
            value += [*(0.0 for _ in range(inner)), *tree["value"]]
            deepest = max(deepest, _depth(tree))
        return cls(
            np.array(roots, np.int32), np.array(feature, np.int32), np.array(threshold, np.float64),
            np.array(left, np.int32), np.array(right, np.int32), np.array(value, np.float64), deepest,
        )  # fmt: skip


def _depth(tree: Mapping[str, Any]) -> int:
    """Return the number of inner nodes on a tree's longest path."""
    level, steps = [0] if tree["feature"] else [], 0
    while level:
        steps += 1
        level = [c for node in level for c in (tree["left"][node], tree["right"][node]) if c >= 0]
    return steps
