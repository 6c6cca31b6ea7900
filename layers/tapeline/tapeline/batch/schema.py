"""The JSON form of the types that one function writes and another one reads."""

import json
from typing import Final

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from tapeline.errors import CorruptObjectError

# Characters of a received value in a message: enough to recognise it, chosen by hand.
_SHOWN: Final = 80

_COMPACT: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class Schema[T]:
    """Writes and reads one type as JSON.

    Reading validates strictly: a number in quotes isn't a number. Unknown fields are ignored.

    Args:
        record_type: A dataclass.
        name: What it is called in a message, such as ``a picture of a shard``.
        advice: What a message tells the reader to do.
    """

    def __init__(self, record_type: type[T], *, name: str, advice: str) -> None:
        # JSON has neither NaN nor infinities, but the parser would take them.
        self._adapter = TypeAdapter(with_config(ConfigDict(allow_inf_nan=False))(record_type))
        self._name = name
        self._advice = advice

    def dump_line(self, record: T) -> bytes:
        """Return a record as a line of JSON Lines; fields with their default value are left out.

        Raises:
            ValueError: It contains a NaN or an infinity, which JSON doesn't have.
        """
        document = self._adapter.dump_python(record, mode="json", exclude_defaults=True)
        return _COMPACT.encode(document).encode() + b"\n"

    def load(self, body: bytes) -> T:
        """Return the record in a JSON document.

        Raises:
            CorruptObjectError: The bytes aren't such a document.
        """
        try:
            return self._adapter.validate_json(body, strict=True)
        except ValidationError as error:
            message = f"expected {self._name}: {first_problem(error)}; {self._advice}"
            raise CorruptObjectError(message) from error


def first_problem(error: ValidationError) -> str:
    """Describe the first problem that validation found.

    Returns:
        The path of the field, what was expected of it, and the beginning of what was received.
    """
    first = error.errors(include_url=False)[0]
    field = ".".join(map(str, first["loc"])) or "document"
    received = "nothing" if first["type"] == "missing" else repr(first["input"])
    shown = received if len(received) <= _SHOWN else f"{received[:_SHOWN]}..."
    return f"{field}: {first['msg']}, received {shown}"
