"""Which image links are accepted, and what they point at.

A link is untrusted, so that everything that isn't plainly one of the three accepted forms is refused here,
before a name is resolved or a request is sent. Where a host leads is checked later, on the address that it
resolves to: see :mod:`tapeline.download.addresses`.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from tapeline.buckets import BUCKET_NAME
from tapeline.errors import ErrorCode, RowError, printable

# Characters in a link. Chosen by hand: longer ones aren't portable between browsers, servers and CDNs.
MAX_LINK_LENGTH: Final = 2048

# Ports of web servers, for http and https; any other may lead to services that aren't web servers.
# Source: RFC 9110, 4.2.1 and 4.2.2.
STANDARD_PORTS: Final = frozenset({80, 443})

# Characters in a host's name. Source: RFC 1035, 2.3.4, whose 255 octets are 253 characters as text.
_MAX_HOST_LENGTH: Final = 253

# Bytes of an object's key, in UTF-8. Source: Amazon S3 user guide, "Naming Amazon S3 objects".
_MAX_KEY_BYTES: Final = 1024

# What is expected, in messages.
_EXPECTED: Final = "an image link of the form https://host/path, http://host/path or s3://bucket/key"

# Characters of a link in a message, so that messages stay short. Chosen by hand.
_MAX_SHOWN_LENGTH: Final = 120

# Characters that no file name holds: those that separate or end a path, on POSIX systems and on Windows.
_PATH_CHARACTERS: Final = frozenset("/\\\0")


@dataclass(frozen=True, slots=True)
class HttpLink:
    """A link to a web server.

    Attributes:
        url: The link as it was given.
        scheme: ``http`` or ``https``.
        host: The name or literal address, in lower case, without brackets.
        port: The port, also where the link leaves it out.
        path: The path, still percent-encoded; empty where the link has none.
    """

    url: str
    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class S3Link:
    """A link to an object in Amazon S3.

    Attributes:
        bucket: The bucket's name.
        key: The object's key, taken literally as the AWS CLI does: nothing in it is decoded.
    """

    bucket: str
    key: str


class S3Prefix(NamedTuple):
    """A part of a bucket: the objects whose keys start with a prefix.

    Attributes:
        bucket: The bucket's name.
        prefix: The prefix, with its closing slash, such as ``images/``; empty for the whole bucket.
    """

    bucket: str
    prefix: str

    def covers(self, link: S3Link) -> bool:
        """Say whether a link leads to one of these objects.

        A key with ``.`` or ``..`` between its slashes doesn't: S3 takes it literally, but a proxy, or a
        server like S3, may resolve it, and so leave the prefix.
        """
        resolvable = not {".", ".."}.isdisjoint(link.key.split("/"))
        return link.bucket == self.bucket and link.key.startswith(self.prefix) and not resolvable


def show_link(link: str) -> str:
    """Return a link as messages show it: quoted, printable, without credentials, and not too long."""
    # Credentials mustn't travel on into errors.csv and logs.
    return repr(printable(re.sub(r"//[^/?#]*@", "//***@", link), _MAX_SHOWN_LENGTH))


def is_s3(link: str) -> bool:
    """Say whether a link has the scheme of S3; it may still be malformed."""
    return link[:5].lower() == "s3://"


def is_path(link: str) -> bool:
    """Say whether a link has no scheme, and so is a path where files may be read; it may lead nowhere."""
    return bool(link) and "://" not in link


def parse_link(link: str, *, extra_ports: Collection[int] = ()) -> HttpLink | S3Link:
    """Take a link apart, or refuse it.

    Args:
        link: The link as it was given.
        extra_ports: Ports to accept besides 80 and 443; only tests, which can't listen on those, have any.

    Raises:
        RowError: ``bad_link``: empty, longer than :data:`MAX_LINK_LENGTH`, of another scheme, without host,
            with credentials, spaces, control characters or backslashes, or with another port.
    """
    if not link:
        raise _bad(link, "an empty link")
    if len(link) > MAX_LINK_LENGTH:
        raise _bad(link, f"more than {MAX_LINK_LENGTH} characters")
    # Before urlsplit(), which drops some of them without an error. Backslashes are slashes to some parsers
    # only. Of all spaces, only " " counts as printable.
    if not link.isprintable() or " " in link or "\\" in link:
        raise _bad(link, "a link with a space, control character or backslash (percent-encode it)")
    return _parse_s3(link) if is_s3(link) else _parse_http(link, extra_ports)


def file_name_of(link: str, *, extra_ports: Collection[int] = ()) -> str:
    """Return the file name of a link's picture: what stands after the last slash of the link's path.

    This is the definition for everything that keeps pictures under the names in their links: the mirror in
    S3, a folder of pictures, training. For ``http`` and ``https`` the name is percent-decoded, and neither
    query nor fragment belong to it (``https://host/a%20b.jpg?size=1`` -> ``a b.jpg``). For ``s3`` it is
    literal, as the key is (``s3://bucket/a%20b.jpg?size=1`` -> ``a%20b.jpg?size=1``).

    A name is safe to join to a folder or a prefix: where decoding makes a slash, a backslash or a NUL, or
    where the name is ``.`` or ``..``, the link counts as one without a file name.

    Args:
        link: The link as it was given.
        extra_ports: As for :func:`parse_link`.

    Returns:
        Such as ``61Bk.jpg``; empty where the link has no file name.

    Raises:
        RowError: ``bad_link``, as :func:`parse_link` does.
    """
    parsed = parse_link(link, extra_ports=extra_ports)
    if isinstance(parsed, S3Link):
        return _safe_name(parsed.key.rpartition("/")[2])
    return _safe_name(unquote(parsed.path.rpartition("/")[2]))


def copy_name(link: str, *, extra_ports: Collection[int] = ()) -> str:
    """Return the name under which a folder or a mirror has the copy of a link's picture.

    Args:
        link: The link as it was given; a path, without a scheme, has its last part as its copy's name.
        extra_ports: As for :func:`parse_link`.

    Returns:
        As for :func:`file_name_of`.

    Raises:
        RowError: ``bad_link``, as :func:`parse_link` does.
    """
    if is_path(link):
        return _safe_name(link.rpartition("/")[2])
    return file_name_of(link, extra_ports=extra_ports)


def _safe_name(name: str) -> str:
    """Return a name that may be joined to a folder, or nothing."""
    is_unsafe = name in {".", ".."} or not _PATH_CHARACTERS.isdisjoint(name)
    return "" if is_unsafe else name


def _parse_s3(link: str) -> S3Link:
    # Not urlsplit(): a key may hold "?" and "#".
    bucket, _, key = link[len("s3://") :].partition("/")
    if "@" in bucket:
        raise _bad(link, "credentials in the link (remove them)")
    if not re.fullmatch(BUCKET_NAME, bucket):
        raise _bad(link, "something that isn't the name of a bucket after s3://")
    if not key:
        raise _bad(link, "a bucket without a key")
    if len(key.encode()) > _MAX_KEY_BYTES:
        raise _bad(link, f"a key of more than {_MAX_KEY_BYTES} bytes")
    return S3Link(bucket, key)


def _parse_http(link: str, extra_ports: Collection[int]) -> HttpLink:
    try:
        parts = urlsplit(link)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _bad(link, f"a link that can't be taken apart ({error})") from error
    if parts.scheme not in {"http", "https"}:
        raise _bad(link, f"the scheme {parts.scheme!r}" if parts.scheme else "no scheme")
    if "@" in parts.netloc:
        raise _bad(link, "credentials in the link (remove them)")
    if not host or not host.strip("."):
        raise _bad(link, "a link without host")
    if len(host) > _MAX_HOST_LENGTH or "%" in host:
        raise _bad(link, "a host that is too long or percent-encoded")
    if port is None:
        port = 443 if parts.scheme == "https" else 80
    if port not in STANDARD_PORTS and port not in extra_ports:
        raise _bad(link, f"port {port} (only 80 and 443 are accepted)")
    return HttpLink(url=link, scheme=parts.scheme, host=host, port=port, path=parts.path)


def _bad(link: str, received: str) -> RowError:
    return RowError(ErrorCode.BAD_LINK, f"expected {_EXPECTED}, received {received}: {show_link(link)}")
