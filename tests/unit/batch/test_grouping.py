from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.batch.grouping import RowGroups
from tapeline.batch.rows import Row
from tapeline.batch.shards import PictureTask, Question, load_shard

ROWS = st.lists(
    st.tuples(st.text('ab\t\n"\\\u2028ü', max_size=2), st.text('w\t\n"ü', max_size=2)), max_size=40
)


def row(position: int, link: str, entity: str = "width", problem: str | None = None) -> Row:
    return Row(position, str(position), link, entity, (), problem)


def grouped(folder: Path, *rows: Row) -> tuple[RowGroups, list[PictureTask]]:
    with RowGroups(folder) as groups:
        for item in rows:
            groups.add(item)
        groups.group()
        return groups, load_shard(b"".join(groups))


def test_rows_are_grouped_by_picture_in_order_of_their_first_row(tmp_path: Path) -> None:
    rows = (row(0, "b"), row(1, "a"), row(2, "b", "height"), row(3, "a", problem="short"))
    groups, tasks = grouped(tmp_path, *rows)
    assert (groups.rows, groups.pictures, groups.tasks) == (4, 2, 2)
    assert tasks == [
        PictureTask("b", (Question(0, "width"), Question(2, "height"))),
        PictureTask("a", (Question(1, "width"), Question(3, "width", "short"))),
    ]


def test_a_picture_has_the_category_of_its_rows(tmp_path: Path) -> None:
    rows = [
        replace(row(number, link), category=category)
        for number, (link, category) in enumerate([("a", "7"), ("b", "7"), ("a", "7"), ("b", "8"), ("c", "")])
    ]
    _, tasks = grouped(tmp_path, *rows)
    assert [(task.image_link, task.category) for task in tasks] == [("a", "7"), ("b", ""), ("c", "")]


def test_no_rows_are_no_groups(tmp_path: Path) -> None:
    groups, tasks = grouped(tmp_path)
    assert (groups.rows, groups.pictures, groups.tasks, tasks) == (0, 0, 0, [])


@given(ROWS)
def test_any_links_and_entities_are_grouped_as_in_memory(cells: list[tuple[str, str]]) -> None:
    expected: dict[str, list[Question]] = {}
    for position, (link, entity) in enumerate(cells):
        expected.setdefault(link, []).append(Question(position, entity))
    with TemporaryDirectory() as folder:
        groups, tasks = grouped(Path(folder), *(row(number, *cell) for number, cell in enumerate(cells)))
    assert tasks == [PictureTask(link, tuple(questions)) for link, questions in expected.items()]
    assert groups.pictures == len(expected)


def test_a_picture_with_many_questions_has_several_tasks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tapeline.batch.grouping.LARGEST_TASK_BYTES", 100)
    rows = [row(number, "a" if number % 5 else f"b{number}") for number in range(50)]
    groups, tasks = grouped(tmp_path, *rows)
    assert groups.pictures == 11
    assert groups.tasks == len(tasks) > 11
    assert max(len(task.questions) for task in tasks) <= 4
    first = [task.questions[0].position for task in tasks]
    assert first == sorted(first)
    found = {question.position: task.image_link for task in tasks for question in task.questions}
    assert found == {item.position: item.image_link for item in rows}
    assert sum(len(task.questions) for task in tasks) == 50
