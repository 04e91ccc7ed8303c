"""Which hosts and addresses a source may speak to."""

import pytest

from collectors.base import CollectorError
from collectors.hosts import AllowedHosts, problems_of


def hosts(*listed, own="api.example"):
    return AllowedHosts("api", frozenset({own}), listed)


@pytest.fixture
def resolves(monkeypatch):
    """`resolves("10.0.0.1", …)`: every name has these addresses."""

    def to(*addresses):
        answer = [(2, 1, 6, "", (address, 80)) for address in addresses]
        monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: answer)

    return to


@pytest.mark.parametrize("host", ["api.example", "API.Example.", "partner.example"])
def test_its_own_host_and_listed_ones_are_allowed(resolves, host):
    resolves("203.0.113.7")
    assert hosts("partner.example").addresses(host, 443) == ["203.0.113.7"]


@pytest.mark.parametrize("host", ["evil.example", "xapi.example", "api.example.evil.com", "partner.example.evil.com"])
def test_any_other_host_is_refused(resolves, host):
    resolves("203.0.113.7")
    with pytest.raises(CollectorError, match="neither the host of its address nor in allow_hosts") as caught:
        hosts("partner.example").addresses(host, 443)
    assert caught.value.permanent


@pytest.mark.parametrize(
    "address", ["10.20.3.4", "192.168.1.5", "172.16.0.9", "203.0.113.7", "fd12:3456::1", "100.64.0.1"]
)
def test_a_companys_own_networks_are_ordinary(resolves, address):
    resolves(address)
    assert hosts().addresses("api.example", 443) == [address]


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.1", "loopback"), ("127.8.8.8", "loopback"), ("::1", "loopback"), ("::ffff:127.0.0.1", "loopback"),
        ("64:ff9b::7f00:1", "loopback"), ("2002:7f00:1::", "loopback"), ("169.254.169.254", "link-local"),
        ("fe80::1", "link-local"), ("::ffff:169.254.169.254", "link-local"), ("100.100.100.200", "metadata"),
        ("fd00:ec2::254", "metadata"), ("0.0.0.0", "no address of one host"), ("::", "no address of one host"),
        ("224.0.0.1", "no address of one host"), ("255.255.255.255", "reserved"),
    ],
)  # fmt: skip
def test_addresses_that_nobody_should_reach_unasked_are_refused(resolves, address, kind):
    resolves(address)
    with pytest.raises(CollectorError, match=kind):
        hosts().addresses("api.example", 443)


def test_one_bad_address_among_good_ones_is_enough(resolves):
    resolves("203.0.113.7", "127.0.0.1")
    with pytest.raises(CollectorError, match="loopback"):
        hosts().addresses("api.example", 443)


@pytest.mark.parametrize("listed", ["127.0.0.1", "127.0.0.0/8"])
def test_loopback_is_allowed_when_its_address_is_listed(resolves, listed):
    resolves("127.0.0.1")
    assert hosts(listed).addresses("api.example", 443) == ["127.0.0.1"]
    assert hosts(listed).addresses("127.0.0.1", 443) == ["127.0.0.1"]


def test_localhost_by_name_is_allowed_when_it_is_listed_by_name(resolves):
    resolves("127.0.0.1", "::1")
    assert hosts("localhost").addresses("localhost", 443) == ["127.0.0.1", "::1"]
    with pytest.raises(CollectorError, match="loopback"):
        hosts("localhost").addresses("api.example", 443)
    with pytest.raises(CollectorError, match="loopback"):
        hosts(own="localhost").addresses("localhost", 443)


def test_a_listed_network_allows_its_addresses_only(resolves):
    resolves("169.254.7.7")
    assert hosts("169.254.7.0/24").addresses("api.example", 1) == ["169.254.7.7"]
    with pytest.raises(CollectorError, match="link-local"):
        hosts("169.254.8.0/24").addresses("api.example", 1)


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1"])
def test_odd_spellings_of_an_address_are_judged_by_what_they_mean(host):
    """No fake resolver: the C library understands these."""
    with pytest.raises(CollectorError, match=r"loopback|cannot be found"):
        hosts(own=host).addresses(host, 80)


def test_a_name_that_does_not_exist_is_named_and_tried_again():
    with pytest.raises(CollectorError, match=r"The host nowhere\.invalid cannot be found") as caught:
        hosts(own="nowhere.invalid").addresses("nowhere.invalid", 80)
    assert not caught.value.permanent


def test_entries_that_can_never_match_are_found():
    assert problems_of(["api.example", "10.0.0.0/8", "::1", "内网.example", "https://x", "x:80", "a b", ""]) == [
        "https://x", "x:80", "a b", ""]  # fmt: skip
