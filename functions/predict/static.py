"""Serves the page at the API's root: the files in the folder ``page``."""

import html
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Final

from aws_lambda_powertools.event_handler import Response

from predict.problems import SHOWN_CHARACTERS
from tapeline.errors import ProblemError

# The folder with the page's files.
_FOLDER: Final = Path(__file__).parent / "page"

# File suffix -> media type; files with another suffix aren't served.
_MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# The headers of every file.
_HEADERS: Final = {
    # Only the page's own files and the API that serves it; blob: is the chosen picture, data: the preview
    # that /predict returns.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def page_file(name: str, *, base: str | None = None) -> Response[str]:
    """Return one of the page's files.

    Args:
        name: The file's name.
        base: The path that the page's relative links are resolved against; its own where it is left out.

    Raises:
        ProblemError: There is no such file.
    """
    text = _read_files().get(name)
    if text is None:
        raise ProblemError(
            HTTPStatus.NOT_FOUND,
            "not-found",
            f"expected one of {sorted(_read_files())}, received {name[:SHOWN_CHARACTERS]!r}",
        )
    if base is not None:
        text = text.replace("<head>", f'<head>\n<base href="{html.escape(base)}">', 1)
    return Response(HTTPStatus.OK, _MEDIA_TYPES[Path(name).suffix], text, headers=dict(_HEADERS))


@cache
def _read_files() -> dict[str, str]:
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in _FOLDER.iterdir()
        if path.suffix in _MEDIA_TYPES
    }
