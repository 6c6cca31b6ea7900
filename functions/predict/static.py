"""The page at the API's root: plain files in the folder ``page``."""

import html
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Final

from aws_lambda_powertools.event_handler import Response

from tapeline.errors import ProblemError

_FOLDER: Final = Path(__file__).parent / "page"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_HEADERS: Final = {
    # Nothing but the page's own files and its own API. A data: picture is what /predict sends back.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def page_file(name: str, path: str = "/") -> Response[str]:
    """Return one of the page's files.

    Args:
        name: The file's name.
        path: Path of the request as the browser has it, with the API's stage.

    Raises:
        ProblemError: There is no such file.
    """
    text = _files().get(name)
    if text is None:
        raise ProblemError(
            HTTPStatus.NOT_FOUND, "not-found", f"expected one of {sorted(_files())}, received {name[:100]!r}"
        )
    if not path.endswith("/"):
        # At .../prod, the page's relative links would lead to the files beside prod.
        text = text.replace("<head>", f'<head>\n<base href="{html.escape(path)}/">', 1)
    return Response(HTTPStatus.OK, _TYPES[Path(name).suffix], text, headers=dict(_HEADERS))


@cache
def _files() -> dict[str, str]:
    return {
        path.name: path.read_text(encoding="utf-8") for path in _FOLDER.iterdir() if path.suffix in _TYPES
    }
