"""What the core needs from the outside, as protocols; :mod:`tapeline.adapters` implements them."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import IO, Literal, Protocol

from tapeline.picture import Classification, Picture, Shapes, TextLine

# The state of an execution of the state machine.
type ExecutionState = Literal["running", "succeeded", "failed"]


class ObjectStore(Protocol):
    """One bucket of objects under string keys."""

    def open(self, key: str, version: str | None = None) -> AbstractContextManager[Iterator[bytes]]:
        """Stream an object's bytes in chunks.

        Raises:
            ObjectMissingError: There is no such key, or no such version of it.
        """
        ...

    def read(self, key: str) -> bytes:
        """Return a whole object.

        Raises:
            ObjectMissingError: There is no such key.
        """
        ...

    def exists(self, key: str) -> bool:
        """Say whether there is an object under this key."""
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys that start with ``prefix``, in ascending order."""
        ...

    def write(self, key: str, body: bytes | IO[bytes], *, content_type: str) -> None:
        """Write a whole object in a single request, in place of any other."""
        ...

    def write_once(self, key: str, body: bytes, *, content_type: str) -> bool:
        """Write a whole object unless the key is taken; say whether it was written."""
        ...

    def read_tagged(self, key: str) -> tuple[bytes, str]:
        """Return a whole object and the tag of its content; nothing and an empty tag where there is none."""
        ...

    def write_tagged(self, key: str, body: bytes, tag: str, *, content_type: str) -> str | None:
        """Write a whole object in place of the one with a tag, or where there is none if the tag is empty.

        Returns:
            The new content's tag; None where another content is there, and nothing was written.
        """
        ...


class ExecutionStarter(Protocol):
    """Starts the state machine."""

    def start(self, name: str, payload: str) -> bool:
        """Start an execution under a name, with a JSON document as its input.

        Returns:
            False where an execution of that name was started before, which then goes on alone.
        """
        ...


class ExecutionReader(Protocol):
    """Looks up executions of the state machine."""

    def state(self, name: str) -> ExecutionState | None:
        """Return an execution's state; None where there is none of that name."""
        ...


class Notifier(Protocol):
    """Tells programs and people that something has ended."""

    def notify(self, kind: str, detail: str, subject: str, text: str) -> None:
        """Send an event of a kind with its detail as JSON, and a mail with a subject and a text.

        Raises:
            NoticeError: It couldn't be sent.
        """
        ...


class LinkSigner(Protocol):
    """Makes presigned URLs of private objects."""

    def sign(self, key: str, seconds: int) -> str:
        """Return a presigned URL that downloads an object without credentials, for so many seconds."""
        ...


class PictureFetcher(Protocol):
    """Brings the bytes behind a link."""

    def fetch(self, link: str) -> bytes:
        """Return the body behind a link; safe to call from several threads.

        Raises:
            RowError: The link is malformed or refused, or nothing usable came.
        """
        ...


class PictureDecoder(Protocol):
    """Turns bytes into pixels."""

    def decode(self, data: bytes) -> Picture:
        """Decode a picture.

        Raises:
            RowError: The bytes aren't an accepted picture, or it is too large.
        """
        ...


class TextReader(Protocol):
    """Reads the text in a picture."""

    def read(self, picture: Picture, longest_side: int | None = None) -> list[TextLine]:
        """Return the lines of text, in no particular order; empty where there is none.

        Args:
            picture: What to read.
            longest_side: For a second OCR pass: the size in pixels of the longest side at which lines are
                searched, larger than the reader's own, which holds where it is left out.
        """
        ...


class ShapeFinder(Protocol):
    """Finds what is drawn beside text: straight segments, and the product's outline."""

    def find(self, picture: Picture) -> Shapes:
        """Return a picture's line segments and its product's outline."""
        ...


class PictureClassifier(Protocol):
    """Says what pictures show."""

    @property
    def model_hashes(self) -> dict[str, str]:
        """File name -> SHA-256 of each model file in use."""
        ...

    def classify(self, pictures: Sequence[Picture]) -> list[Classification]:
        """Classify a batch of pictures; one result for each, in their order."""
        ...
