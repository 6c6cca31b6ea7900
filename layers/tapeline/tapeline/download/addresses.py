"""Which network addresses may be connected to: those of the public internet, and no others.

A picture's link is untrusted, and the code that follows it runs inside an AWS account. The policy checks the
numeric address of a connection, and never the spelling of a host: ``http://2130706433/``, ``http://0x7f.1/``,
``http://017700000001/`` and a name whose DNS record says 127.0.0.1 are all ``127.0.0.1`` here.
"""

import ipaddress
from collections.abc import Iterable
from typing import Final

from tapeline.download.links import STANDARD_PORTS
from tapeline.errors import ErrorCode, RowError

type _Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Blocks of addresses that aren't public -> what they are for. The first match names the reason, so that
# narrow blocks come before the wide ones that hold them. They are spelled out because ipaddress has some of
# them only in later releases of Python 3.12.
# Source: the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890 and its updates).
_REFUSED: Final[tuple[tuple[_Network, str], ...]] = tuple(
    (ipaddress.ip_network(block), name)
    for block, name in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::ffff:0:0/96", "IPv4-mapped"),
        ("::/96", "IPv4-compatible"),
        ("64:ff9b::/96", "NAT64"),
        ("64:ff9b:1::/48", "NAT64"),
        ("100::/64", "discard-only"),
        ("2001::/32", "Teredo"),
        # Holds benchmarking and both ORCHID blocks too; its few global anycast services serve no pictures.
        ("2001::/23", "protocol assignments"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)

# All that IANA has assigned as global unicast; the rest of IPv6 is special or not in use.
# Source: the IANA registry of the IPv6 address space (RFC 4291, 2.4).
_GLOBAL_IPV6: Final = ipaddress.ip_network("2000::/3")


class AddressPolicy:
    """Refuses every address that isn't public, and every port but 80 and 443.

    Addresses that carry an IPv4 address inside an IPv6 one (mapped, compatible, 6to4, NAT64, Teredo) are
    refused whatever they carry: no picture's server is published under one.

    Args:
        allowed: Pairs of a literal address and a port to allow all the same. It is for tests, whose servers
            listen on the loopback address; no setting or environment variable reaches it.

    Raises:
        ValueError: A pair doesn't have a literal address.
    """

    def __init__(self, allowed: Iterable[tuple[str, int]] = ()) -> None:
        self._allowed = frozenset((ipaddress.ip_address(address), port) for address, port in allowed)

    @property
    def extra_ports(self) -> frozenset[int]:
        """The ports of the allowed pairs, for :func:`tapeline.download.links.parse_link`."""
        return frozenset(port for _, port in self._allowed)

    def refusal(self, address: str, port: int) -> str | None:
        """Say why a connection is refused; None where it may be made.

        Args:
            address: A numeric IPv4 or IPv6 address, as a resolver returns it.
            port: The TCP port.
        """
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return "not a numeric address"
        if (parsed, port) in self._allowed:
            return None
        if port not in STANDARD_PORTS:
            return f"port {port}"
        return _special_use(parsed)

    def check(self, address: str, port: int, *, host: str) -> None:
        """Accept a connection, or refuse it.

        Args:
            address: The numeric address that the connection will be made to.
            port: The TCP port.
            host: The host that led there, for the message.

        Raises:
            RowError: ``blocked_address``: the address isn't public, or the port is neither 80 nor 443.
        """
        reason = self.refusal(address, port)
        if reason is not None:
            raise RowError(
                ErrorCode.BLOCKED_ADDRESS,
                f"expected a public address on port 80 or 443, received {address} port {port} ({reason}) "
                f"for the host {host!r}: put the picture where anyone can download it, or in S3",
            )


def _special_use(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str | None:
    """Name what an address is reserved for; None where it is public."""
    for network, name in _REFUSED:
        if address in network:
            return name
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return "an address with a zone"
        if address not in _GLOBAL_IPV6:
            return "reserved"
    # Blocks that were registered after the list above was written, as far as the interpreter has them.
    return None if address.is_global else "not public"
