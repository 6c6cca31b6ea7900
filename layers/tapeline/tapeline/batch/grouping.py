"""The rows of an input grouped by picture, in files: memory doesn't grow with the input."""

import heapq
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Final, Self

from tapeline.batch.rows import Row
from tapeline.batch.shards import NO_TEXT, Question, dump_question, dump_text, join_task

# Files that rows are spread over by their links; one of them is grouped at a time. Measured: with 5,000,000
# rows on as many links the process peaks at 67 MB, 38 of them for the grouping of one file.
_PARTITIONS: Final = 64

# Bytes of each file that are held until they are written. Chosen by hand: 4 MB for all files together.
_BUFFER_BYTES: Final = 64 * 1024

# Bytes of the questions in one task at most, and what one more question brings; about 12,000 questions. A
# picture with more has several tasks. Measured: 500,000 questions about one picture make 41 tasks, with whose
# results the reducer peaks at 230 MB.
LARGEST_TASK_BYTES: Final = 512 * 1024


class RowGroups:
    """Rows grouped by picture, pictures in order of their first row.

    A picture's category is that of its rows; where these name several, it isn't known.

    The challenge's 131,187 rows have 90,666 distinct links; each is to be fetched and read once.

    All rows of a link are in the same one of several files, which is chosen by the link's hash, so that each
    file can be grouped alone. The groups are merged by the position of their first row. What comes out
    depends on nothing but the rows: two calls for one input write the same shards.

    Args:
        folder: An empty folder for temporary files: about twice the size of the rows' links and questions.

    Attributes:
        rows: Rows so far.
        pictures: Distinct links; 0 before :meth:`group`.
        tasks: Tasks, at least one for each picture; 0 before :meth:`group`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = ExitStack()
        self._partitions: dict[int, IO[bytes]] = {}
        self._grouped: list[Path] = []
        # Position of the first question -> where the task begins in the file of full tasks.
        self._full: list[tuple[int, int]] = []
        self.rows = 0
        self.pictures = 0
        self.tasks = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def add(self, row: Row) -> None:
        """Add a row to its picture's group."""
        number = hash(row.image_link) % _PARTITIONS
        if (partition := self._partitions.get(number)) is None:
            path = self._folder / f"rows-{number:02d}"
            partition = self._files.enter_context(path.open("w+b", buffering=_BUFFER_BYTES))
            self._partitions[number] = partition
        question = dump_question(Question(row.position, row.entity_name, row.problem))
        # No field has a tab or a newline in it: JSON escapes both.
        link, category = dump_text(row.image_link), dump_text(row.category)
        partition.write(b"%d\t%b\t%b\t%b\n" % (row.position, link, category, question))
        self.rows += 1

    def group(self) -> None:
        """Group all rows that were added; none may be added after that."""
        full_file = self._files.enter_context(self._full_path.open("wb"))
        for number, partition in self._partitions.items():
            partition.seek(0)
            grouped = self._folder / f"tasks-{number:02d}"
            with grouped.open("wb") as file:
                self._group(partition, file, full_file)
            self._grouped.append(grouped)
            partition.close()
            (self._folder / f"rows-{number:02d}").unlink()
        full_file.close()

    def __iter__(self) -> Iterator[bytes]:
        """Yield each task as a shard has it: a line of JSON; see :func:`tapeline.batch.shards.load_shard`."""
        with ExitStack() as files:
            opened = [files.enter_context(path.open("rb")) for path in self._grouped]
            full = (
                self._full_tasks(files.enter_context(self._full_path.open("rb"))) if self._full else iter(())
            )
            for _, task in heapq.merge(*map(_tasks, opened), full):
                yield task

    @property
    def _full_path(self) -> Path:
        return self._folder / "full-tasks"

    def _group(self, rows: IO[bytes], grouped: IO[bytes], full_file: IO[bytes]) -> None:
        """Group one file's rows; full tasks go to a file of their own, as they end in another order."""
        groups: dict[bytes, _Group] = {}
        for line in rows:
            position, link, category, question = line.rstrip(b"\n").split(b"\t")
            group = groups.get(link)
            if group is None:
                groups[link] = group = _Group(category)
            elif group.category != category:
                group.category = NO_TEXT
            if not group.questions:
                group.first = int(position)
            group.questions.append(question)
            group.size += len(question)
            if group.size >= LARGEST_TASK_BYTES:
                self._full.append((group.first, full_file.tell()))
                full_file.write(b"%d\t%b" % (group.first, join_task(link, group.questions, group.category)))
                group.questions.clear()
                group.size = 0
                self.tasks += 1
        self.pictures += len(groups)
        left = [(group.first, link) for link, group in groups.items() if group.questions]
        for first, link in sorted(left):
            grouped.write(b"%d\t%b" % (first, join_task(link, groups[link].questions, groups[link].category)))
        self.tasks += len(left)

    def _full_tasks(self, file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
        for position, offset in sorted(self._full):
            file.seek(offset)
            yield position, file.readline().partition(b"\t")[2]


class _Group:
    """The questions about one picture that aren't in a full task, and its category as JSON."""

    __slots__ = ("category", "first", "questions", "size")

    def __init__(self, category: bytes) -> None:
        self.category = category
        self.first = 0
        self.questions: list[bytes] = []
        self.size = 0


def _tasks(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    for line in file:
        position, _, task = line.partition(b"\t")
        yield int(position), task
