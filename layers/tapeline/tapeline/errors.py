"""Every error that Tapeline raises on purpose.

::

    TapelineError
    ├── SettingsError       an environment variable or option is missing or wrong
    ├── RejectedInputError  an input file as a whole can't be used
    ├── RowError            one row or its picture can't be answered; carries an ErrorCode
    │   └── TransientError  a download failed and a retry may succeed; never leaves the fetcher
    ├── ObjectMissingError  an object that has to be in the store isn't there
    ├── CorruptObjectError  a shard, a shard result or a document of a run doesn't have its format
    ├── CorrectionError     a person's answer to a row can't be taken
    ├── StateInputError     an event isn't the input of the state that received it
    ├── ModelFileError      a model file is missing, or isn't the one that the lock names
    │   └── ModelUnavailableError  a model file can't be downloaded or copied
    ├── BaseImageError      the base image's digest can't be found out, or the files that name it differ
    ├── GroundTruthError    rows with right answers can't be trained on or scored
    ├── DeadlineError       the answer missed the caller's deadline
    ├── NoticeError         who waits for a run couldn't be told of its end
    ├── ReadingProcessError the process that answers pictures didn't start
    ├── ProblemError        a request to the API can't be answered; carries its HTTP status and type
    ├── LocalCloudError     the local cloud didn't start, or the template's stack wasn't created
    ├── EngineError         no Docker Engine answers, or it lacks an image
    ├── RunFailedError      a run ended without outputs
    ├── OutFolderError      the folder for a run's outputs can't be used, or holds another run
    ├── MissingPackageError the packages that something needs aren't installed
    └── PortTakenError      another process listens on the requested port

A :class:`RowError` is data: it ends up in errors.csv and never fails a shard. A :class:`ProblemError`
is the API's response. The others end the step that met them. Each message says what
was expected, what was received, and what to do about it.
"""

from enum import StrEnum
from typing import Final, Self

# Characters of a row's error message at most; the longest of our own have about 500. Chosen by hand.
MAX_MESSAGE_LENGTH: Final = 1000


class ErrorCode(StrEnum):
    """Why a row has no answer, as written to details.csv and errors.csv."""

    BAD_ROW = "bad_row"
    UNKNOWN_ENTITY = "unknown_entity"
    BAD_LINK = "bad_link"
    BLOCKED_ADDRESS = "blocked_address"
    DNS_FAILURE = "dns_failure"
    CONNECT_FAILURE = "connect_failure"
    TIMEOUT = "timeout"
    HTTP_STATUS = "http_status"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    TOO_LARGE = "too_large"
    NOT_AN_IMAGE = "not_an_image"
    TOO_MANY_PIXELS = "too_many_pixels"
    DECODE_FAILURE = "decode_failure"
    TOO_COMPLEX = "too_complex"
    TIMEOUT_READING = "timeout_reading"
    WORKER_DIED = "worker_died"
    SHARD_LOST = "shard_lost"
    INTERNAL = "internal"


def printable(text: str, length: int) -> str:
    r"""Return a text of foreign origin as it may stand in a message.

    Args:
        text: Any text.
        length: Characters of the result at most.

    Returns:
        The text with an escape such as ``\x1b`` for each character that isn't printable (control
        characters, line breaks, directions of writing, lone surrogates), cut with ``…`` where it is too long.
    """
    # Cut first, as the rest isn't worth escaping, and again, as escapes are longer.
    shown = "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text[: length + 1]
    )
    return shown if len(shown) <= length else f"{shown[: length - 1]}…"


class TapelineError(Exception):
    """The base of all errors that Tapeline raises on purpose."""


class SettingsError(TapelineError):
    """An environment variable or an option is missing, or its value can't be used."""


class RejectedInputError(TapelineError):
    """An input file can't be used as a whole.

    Args:
        expected: What the file should have been.
        received: What it is.
        advice: What to do about it.
        line: The file's line (from 1) at which that was seen, where there is one.
    """

    def __init__(self, *, expected: str, received: str, advice: str, line: int | None = None) -> None:
        where = f" (line {line})" if line is not None else ""
        super().__init__(f"expected {expected}, received {received}{where}: {advice}")
        self.expected = expected
        self.received = received
        self.advice = advice
        self.line = line


class RowError(TapelineError):
    """One row, or the picture that it links to, can't be answered.

    Servers, pictures and the libraries that read them have a say in messages, which end up in errors.csv, in
    logs, on terminals and in the API's responses. So a message is always printable, and of bounded length.

    Args:
        code: The stable code of the reason.
        message: What was expected and what came, in one line.
    """

    def __init__(self, code: ErrorCode, message: str) -> None:
        message = printable(message, MAX_MESSAGE_LENGTH)
        super().__init__(message)
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[type[Self], tuple[ErrorCode, str]]:
        # Exceptions are pickled by their args alone, and so would come back without the code.
        return type(self), (self.code, self.message)


class TransientError(RowError):
    """A download failed, and a retry may succeed; a fetcher raises a plain RowError after its last retry.

    Args:
        code: The stable code of the reason.
        message: What was expected and what came, in one line.
        retry_after: Seconds to wait before the retry, where the server gives them.
    """

    def __init__(self, code: ErrorCode, message: str, retry_after: float | None = None) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after


class ObjectMissingError(TapelineError):
    """An object that has to be in the store isn't there."""


class CorruptObjectError(TapelineError):
    """A shard, a shard result or a document of a run doesn't have the format that it should have."""


class CorrectionError(TapelineError):
    """A person's answer to a row isn't one that the row can have."""


class StateInputError(TapelineError):
    """An event isn't the input that a state of the state machine takes."""


class ModelFileError(TapelineError):
    """A model file is missing, or its size or hash isn't the one that the lock names."""


class ModelUnavailableError(ModelFileError):
    """A model file can't be downloaded, or copied from the folder that was given."""


class BaseImageError(TapelineError):
    """The base image's digest can't be found out, or the files that name it differ."""


class GroundTruthError(TapelineError):
    """Rows with right answers, or the catalogue, don't have the form or content that training needs."""


class DeadlineError(TapelineError):
    """The answer missed the caller's deadline."""


class NoticeError(TapelineError):
    """The notice of a run's end couldn't be sent."""


class ReadingProcessError(TapelineError):
    """The process that holds the models and answers pictures didn't start."""


class ProblemError(TapelineError):
    """A request to the API can't be answered; the API sends it as a problem (RFC 9457).

    Args:
        status: The HTTP status.
        kind: The last part of the problem's type, such as ``too-large``; docs/api.md lists them.
        detail: What was expected, what was received, what to do.
        errors: Each part of the request that is wrong, where the problem is the request's form.
    """

    def __init__(self, status: int, kind: str, detail: str, errors: list[str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.errors = errors


class LocalCloudError(TapelineError):
    """The local cloud didn't start, or the template's stack couldn't be created in it."""


class EngineError(TapelineError):
    """No Docker Engine answers, or it lacks an image."""


class RunFailedError(TapelineError):
    """A run ended without outputs."""


class OutFolderError(TapelineError):
    """The folder for a run's outputs can't be used, or has something in it that a run mustn't replace."""


class MissingPackageError(TapelineError):
    """The packages that something needs aren't installed."""


class PortTakenError(TapelineError):
    """Another process listens on the requested port."""
