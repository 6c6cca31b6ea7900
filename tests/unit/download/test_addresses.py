import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.download.addresses import AddressPolicy
from tapeline.errors import ErrorCode, RowError


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("10.0.0.1", "private"),
        ("100.64.0.1", "carrier-grade NAT"),
        ("100.127.255.255", "carrier-grade NAT"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("169.254.169.254", "link-local"),
        ("169.254.170.2", "link-local"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.0.0.192", "protocol assignments"),
        ("192.0.2.1", "documentation"),
        ("192.88.99.1", "6to4 relay"),
        ("192.168.1.1", "private"),
        ("198.19.0.1", "benchmarking"),
        ("198.51.100.1", "documentation"),
        ("203.0.113.1", "documentation"),
        ("224.0.0.1", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "reserved"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::127.0.0.1", "IPv4-compatible"),
        ("::ffff:127.0.0.1", "IPv4-mapped"),
        ("::ffff:8.8.8.8", "IPv4-mapped"),
        ("::ffff:0:127.0.0.1", "reserved"),
        ("64:ff9b::7f00:1", "NAT64"),
        ("64:ff9b:1::7f00:1", "NAT64"),
        ("100::1", "discard-only"),
        ("2001::1", "Teredo"),
        ("2001:2::1", "protocol assignments"),
        ("2001:20::1", "protocol assignments"),
        ("2001:db8::1", "documentation"),
        ("2002:7f00:1::", "6to4"),
        ("3fff::1", "documentation"),
        ("4000::1", "reserved"),
        ("5f00::1", "segment routing"),
        ("fc00::1", "private"),
        ("fd00:ec2::254", "private"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("2606:4700::1111%eth0", "an address with a zone"),
        ("fec0::1", "site-local"),
        ("ff02::1", "multicast"),
        ("localhost", "not a numeric address"),
        ("2130706433", "not a numeric address"),
        ("0177.0.0.1", "not a numeric address"),
    ],
)
def test_addresses_that_are_not_public_are_refused(address: str, reason: str) -> None:
    assert AddressPolicy().refusal(address, 443) == reason


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "52.95.110.1",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2a05:d018::1",
    ],
)
@pytest.mark.parametrize("port", [80, 443])
def test_public_addresses_pass(address: str, port: int) -> None:
    assert AddressPolicy().refusal(address, port) is None


@pytest.mark.parametrize("port", [0, 22, 8080, 65535])
def test_other_ports_are_refused(port: int) -> None:
    assert AddressPolicy().refusal("1.1.1.1", port) == f"port {port}"


def test_allowed_pairs_open_nothing_but_themselves() -> None:
    policy = AddressPolicy(allowed=[("127.0.0.1", 8099)])
    assert policy.extra_ports == {8099}
    assert policy.refusal("127.0.0.1", 8099) is None
    assert policy.refusal("127.0.0.1", 80) == "loopback"
    assert policy.refusal("127.0.0.2", 8099) == "port 8099"
    assert policy.refusal("1.1.1.1", 8099) == "port 8099"


def test_a_name_can_not_be_allowed() -> None:
    with pytest.raises(ValueError, match="localhost"):
        AddressPolicy(allowed=[("localhost", 80)])


def test_the_error_names_host_address_and_reason() -> None:
    with pytest.raises(
        RowError, match=r"169\.254\.169\.254 port 80 \(link-local\) for the host 'meta\.test'"
    ) as caught:
        AddressPolicy().check("169.254.169.254", 80, host="meta.test")
    assert caught.value.code is ErrorCode.BLOCKED_ADDRESS


def test_check_lets_public_addresses_pass() -> None:
    AddressPolicy().check("1.1.1.1", 443, host="example.com")


@given(st.integers(0, 2**32 - 1))
def test_no_embedding_of_an_ipv4_address_passes(number: int) -> None:
    policy = AddressPolicy()
    embeddings = (
        number,
        0xFFFF << 32 | number,
        0x64FF9B << 96 | number,
        0x64FF9B0001 << 80 | number,
        0x2002 << 112 | number << 80,
        0x20010000 << 96 | number ^ 0xFFFFFFFF,
    )
    for embedding in embeddings:
        assert policy.refusal(str(ipaddress.IPv6Address(embedding)), 443) is not None


@given(st.ip_addresses())
def test_what_passes_is_global_to_the_standard_library_too(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if AddressPolicy().refusal(str(address), 443) is None:
        assert address.is_global
        assert not address.is_multicast
