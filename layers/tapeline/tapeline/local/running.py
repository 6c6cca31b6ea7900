"""A run in this process: the same steps as in the cloud, on folders instead of buckets.

What a run has done so far is in its folder of outputs, under :data:`~tapeline.local.out_folder.STATE`: the
input as it was, and what FanOut and the workers write. A run that is stopped goes on from there, whatever
stopped it.
"""

import hashlib
import json
import math
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final, Protocol, Self

from tapeline.adapters.file_store import FileStore
from tapeline.answering import Components
from tapeline.batch import keys
from tapeline.batch.documents import RejectionDocument, RunDocument
from tapeline.batch.estimate import Pace
from tapeline.batch.fan_out import Sharding, fan_out
from tapeline.batch.inference import Worker, infer_shard
from tapeline.batch.kept_run import restore_run
from tapeline.batch.keys import InputObject
from tapeline.batch.reducer import reduce_run
from tapeline.batch.report_document import ReportDocument
from tapeline.batch.reruns import rerun_names
from tapeline.batch.shard_results import PictureResult, load_shard_result
from tapeline.batch.states import ReducerOutput
from tapeline.batch.table_formats import MEDIA_TYPES
from tapeline.batch.thumbnails import Reviewing
from tapeline.entity_file import DEFAULT, load_entities
from tapeline.errors import OutFolderError
from tapeline.local.components import Pictures, build_fetcher, processors, start_local_answerer
from tapeline.local.out_folder import STATE, bring_outputs, find_origin

# Pictures in a shard at most. Chosen by hand: all workers are busy until near the end.
_LARGEST_SHARD: Final = 8

# Rows in a table at most, as in the template's MaxRows.
_MOST_ROWS: Final = 5_000_000

# What is kept for a review: the template's ReviewThreshold and Thumbnails.
_REVIEWING: Final = Reviewing(threshold=0.9, thumbnails=2000)

# In place of the bucket's name.
_BUCKET: Final = "local"

# Bytes of the input that are hashed at once. Chosen by hand.
_CHUNK_BYTES: Final = 1 << 20

# Seconds between two checks whether workers are done, in which an interrupt gets through. Chosen by hand.
_POLL_SECONDS: Final = 0.2

# Seconds that an interrupted run waits for the pictures that are being read. Chosen by hand: a few pictures.
_STOP_SECONDS: Final = 10.0

_OPTIONS_FILE: Final = "options.json"


class RunProgress(Protocol):
    """Where a run shows how far it is."""

    def start(self, pictures: int, rows: int) -> None:
        """Begin to count pictures."""
        ...

    def update(self, pictures: int, errors: int) -> None:
        """Show how many pictures are done in all, and how many of their rows have errors."""
        ...

    def finish(self) -> None:
        """End the counting."""
        ...


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a table is answered on this machine.

    Attributes:
        table: The input's absolute path.
        images: A folder whose files answer links by their last part; None to download all.
        models: The folder of the model files; None for the user's.
        workers: Pictures that are read at once.
        s3: Where ``s3://`` links may lead.
        keep_columns: Whether the predictions have the table's columns beside them.
        earlier: Runs of the same run's errors.csv before this one: the same file is another run each time.
        entities: The entities file: the name of a shipped one, or an absolute path.
    """

    table: Path
    images: Path | None = None
    models: Path | None = None
    workers: int = field(default_factory=processors)
    s3: tuple[str, ...] = ()
    keep_columns: bool = False
    earlier: int = 0
    entities: str = DEFAULT

    @property
    def key(self) -> str:
        """The input's key in the drop bucket."""
        return f"incoming/{self.earlier}/{self.table.name}" if self.earlier else f"incoming/{self.table.name}"

    def dump(self) -> str:
        """Return the options as JSON."""
        return json.dumps(asdict(self), default=str, indent=2)

    @classmethod
    def load(cls, text: str) -> Self:
        """Return what :meth:`dump` wrote."""
        found = json.loads(text)
        paths = {name: Path(found[name]) if found[name] else None for name in ("table", "images", "models")}
        return cls(**{**found, **paths, "s3": tuple(found["s3"])})


@dataclass(frozen=True, slots=True)
class RunResult:
    """What came out of a run.

    Attributes:
        files: The outputs: predictions, details, errors, review, the report's page, the report.
        report: What report.json says.
        seconds: How long it took, of a resumed one since it was resumed.
        merged: Whether the table was the errors.csv of a run, and these are that run's outputs.
    """

    files: tuple[Path, ...]
    report: ReportDocument
    seconds: float
    merged: bool = False

    @property
    def predictions(self) -> Path:
        """The table of index and prediction."""
        return self.files[0]

    @property
    def errors(self) -> Path:
        """The input's rows with errors, which is an input itself."""
        return self.files[2]


def start_run(options: RunOptions, out: Path, progress: RunProgress) -> RunResult:
    """Answer a table, and write its outputs.

    Where the table is the errors.csv of the run whose outputs are in the folder, its answers are merged into
    them.

    Args:
        options: What to answer, and how.
        out: The folder for the outputs, after :func:`tapeline.local.out_folder.check_out_folder`.
        progress: Where to show how far it is.

    Raises:
        RejectedInputError: The table can't be used as a whole.
        ModelFileError: A model file isn't what it should be.
        ReadingProcessError: A process that reads pictures didn't start.
        KeyboardInterrupt: It was stopped; :func:`resume_run` goes on.
    """
    state = out / STATE
    shutil.rmtree(state, ignore_errors=True)
    started = replace(options, earlier=_restore(options.table, out))
    table = _drop(out).path(started.key)
    table.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(options.table, table)
    # Last: a folder with options has all that a run needs.
    (state / _OPTIONS_FILE).write_text(started.dump(), encoding="utf-8")
    return _Run(started, out).finish(progress)


def _drop(out: Path) -> FileStore:
    return FileStore(out / STATE / "drop")


def _results(out: Path) -> FileStore:
    return FileStore(out / STATE / "results")


def _restore(table: Path, out: Path) -> int:
    """Bring the run back that a table's answers are to be merged into; return how many were before."""
    origin = find_origin(table, out)
    if origin is None:
        return 0
    drop, results = _drop(out), _results(out)

    def put(key: str, body: bytes) -> InputObject:
        drop.write(key, body, content_type=MEDIA_TYPES[".csv"])
        return InputObject(_BUCKET, key, _hash(drop.path(key)))

    restore_run(out, origin, results, put)
    return len(rerun_names(origin.run, results)) + 1


def resume_run(out: Path, progress: RunProgress) -> RunResult:
    """Go on with the stopped run of a folder; what was answered before isn't read again.

    Raises:
        OutFolderError: There is no stopped run.
        Exception: As :func:`start_run`.
    """
    try:
        options = RunOptions.load((out / STATE / _OPTIONS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutFolderError(
            f"expected a folder with a stopped run, found none in {out}: begin one with `tapeline run`"
        ) from error
    return _Run(options, out).finish(progress)


class _Run:
    """A run, from its state to its outputs."""

    def __init__(self, options: RunOptions, out: Path) -> None:
        self._options = options
        self._out = out
        self._state = out / STATE
        self._drop, self._results = _drop(out), _results(out)
        self._source = InputObject(_BUCKET, options.key, _hash(self._drop.path(options.key)))

    def finish(self, progress: RunProgress) -> RunResult:
        """Do what is left to do."""
        start = time.monotonic()
        run = self._fan_out()
        document = RunDocument.load(self._results.read(keys.run_document_key(run)))
        progress.start(document.pictures, document.rows)
        try:
            _Workers(run, self._results, self._options, _Count(progress)).finish()
        finally:
            progress.finish()
        origin = self._reduce(run).origin
        if origin is not None:
            self._reduce(origin)
            document = RunDocument.load(self._results.read(keys.run_document_key(origin)))
        files = bring_outputs(document, self._drop, self._results, self._out)
        report = ReportDocument.load(files[-1].read_bytes())
        shutil.rmtree(self._state)
        return RunResult(files, report, time.monotonic() - start, merged=origin is not None)

    def _reduce(self, run: str) -> ReducerOutput:
        return reduce_run(
            run,
            self._drop,
            self._results,
            self._state,
            threshold=_REVIEWING.threshold,
        )

    def _fan_out(self) -> str:
        sharding = Sharding(Pace(self._options.workers, _LARGEST_SHARD), _MOST_ROWS)
        outcome = fan_out(
            self._source,
            self._drop,
            self._results,
            _NoMachine(),
            sharding,
            entities=load_entities(self._options.entities),
            keep_columns=self._options.keep_columns,
            scratch=self._state,
        )
        if outcome.rejected is not None:
            rejection = RejectionDocument.load(self._results.read(keys.rejection_key(self._source)))
            # Nothing was begun that could go on.
            shutil.rmtree(self._state)
            raise rejection.to_error()
        return outcome.run


class _NoMachine:
    """In place of the state machine: :class:`_Workers` goes through the shards."""

    def start(self, name: str, payload: str) -> bool:  # noqa: ARG002 - the port's signature
        return True


class _Count:
    """Pictures and errors of all workers."""

    def __init__(self, progress: RunProgress) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self._pictures = self._errors = 0

    def add(self, result: PictureResult) -> None:
        with self._lock:
            self._pictures += 1
            self._errors += sum(row.error_code is not None for row in result.rows)
            self._progress.update(self._pictures, self._errors)


class _Workers:
    """Threads that go through a run's shards, each with a reading process of its own."""

    def __init__(self, run: str, store: FileStore, options: RunOptions, count: _Count) -> None:
        self._run = run
        self._store = store
        self._options = options
        self._count = count
        self._shards: SimpleQueue[str] = SimpleQueue()
        self._stopping = threading.Event()
        self._failures: SimpleQueue[BaseException] = SimpleQueue()

    def finish(self) -> None:
        """Answer all shards that aren't complete."""
        waiting = 0
        for shard in self._left():
            self._shards.put(shard)
            waiting += 1
        threads = [
            # Not waited for at the interpreter's end: an interrupt may leave one in a picture.
            threading.Thread(target=self._work, name=f"worker-{number}", daemon=True)
            for number in range(min(self._options.workers, waiting))
        ]
        try:
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                threads[0].join(_POLL_SECONDS)
                threads.sort(key=lambda thread: not thread.is_alive())
        except KeyboardInterrupt:
            self._stop(threads)
            raise
        if not self._failures.empty():
            raise self._failures.get()

    def _stop(self, threads: list[threading.Thread]) -> None:
        """Let each worker finish its picture, and write what it has."""
        self._stopping.set()
        deadline = time.monotonic() + _STOP_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _left(self) -> Iterator[str]:
        """Yield the shards that aren't complete, and count what is answered."""
        complete = set()
        for key in self._store.keys(keys.shard_results_prefix(self._run)):
            if keys.is_complete(key):
                complete.add(keys.shard_of(key))
        for key in self._store.keys(keys.shard_results_prefix(self._run)):
            shard = keys.shard_of(key)
            if keys.is_complete(key) or (keys.part_number(key) is not None and shard not in complete):
                with self._store.open(key) as chunks:
                    for result in load_shard_result(chunks)[1]:
                        self._count.add(result)
        for key in self._store.keys(keys.shards_prefix(self._run)):
            if (shard := keys.shard_of(key)) not in complete:
                yield shard

    def _work(self) -> None:
        components: Components | None = None
        worker = Worker(
            remaining_seconds=lambda: 0.0 if self._stopping.is_set() else math.inf,
            reserve_seconds=1.0,
            # By it report.json says what the run would cost in the cloud.
            memory_megabytes=Pace().memory_megabytes,
            cold_start=True,
            # Each picture is kept as soon as it is answered.
            part_seconds=0.0,
            answered=self._count.add,
            reviewing=_REVIEWING,
        )
        try:
            while not self._stopping.is_set():
                shard = self._shards.get_nowait()
                if components is None:
                    options = self._options
                    fetcher = build_fetcher(Pictures(options.images, options.table.parent, options.s3))
                    components = Components(fetcher, start_local_answerer(options.models))
                infer_shard(self._run, shard, self._store, components, worker)
                worker = replace(worker, cold_start=False)
        except Empty:
            return
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            self._failures.put(error)
            self._stopping.set()


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
