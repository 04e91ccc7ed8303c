"""Which hosts a source may speak to (主机白名单): its own and those it lists, and never this machine by accident.

A name is looked up first, every address it has is judged, and the connection goes to the address that was judged:
a name that changes its address between looking and connecting (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from collectors.base import CollectorError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Addresses at which clouds answer with their credentials, outside the link-local range.
_METADATA = frozenset({ipaddress.ip_address("100.100.100.200"), ipaddress.ip_address("fd00:ec2::254")})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class AllowedHosts:
    """The hosts of one source: `own` stands in its address, `listed` are its `allow_hosts`.

    An entry is a name, an address, or a network (`10.20.0.0/16`). Private networks are ordinary here: a company's
    systems stand in them. Loopback, link-local and the like count only if the address, its network or `localhost`
    is listed itself.
    """

    source: str
    own: frozenset[str]
    listed: tuple[str, ...] = ()

    def check_name(self, host: str) -> None:
        """Raises CollectorError (permanent) for a host that is neither the source's own nor listed."""
        name = plain_host(host)
        if name in self.own or name in self.names or self._address_listed(name):
            return
        raise CollectorError(
            f"Source '{self.source}' may not speak to {host}: it is neither the host of its address nor in "
            f'allow_hosts. Add it there if it is meant: allow_hosts = ["{name}"].',
            permanent=True,
        )

    def addresses(self, host: str, port: int) -> list[str]:
        """Addresses of an allowed host, each fit to be connected to. Raises CollectorError."""
        self.check_name(host)
        found = _looked_up(host, port)
        for address in found:
            self._check_address(host, address)
        return [str(address) for address in found]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(plain_host(entry) for entry in self.listed)

    @property
    def networks(self) -> list[Network]:
        parsed = (_network(entry) for entry in self.listed)
        return [network for network in parsed if network is not None]

    def _address_listed(self, host: str) -> bool:
        address = _address(host)
        return address is not None and any(_inside(address, network) for network in self.networks)

    def _check_address(self, host: str, address: Address) -> None:
        bare = _unwrapped(address)
        kind = _special(bare)
        if kind is None or any(_inside(bare, network) for network in self.networks):
            return
        if bare.is_loopback and plain_host(host) == "localhost" and "localhost" in self.names:
            return
        raise CollectorError(
            f"Source '{self.source}' may not speak to {host}: its address {address} is {kind}. "
            f'If that is meant, list the address: allow_hosts = ["{bare}"].',
            permanent=True,
        )


def plain_host(host: str) -> str:
    """A host as it is compared: lower case, without brackets and final dot."""
    return host.strip().strip("[]").rstrip(".").lower()


def problems_of(entries: Iterable[str]) -> Sequence[str]:
    """Entries of `allow_hosts` that can never match: with a scheme, a port, a path or a blank."""
    return [entry for entry in entries if _network(entry) is None and not _is_name(entry)]


def _is_name(entry: str) -> bool:
    name = plain_host(entry)
    return bool(name) and all(letter.isalnum() or letter in "-._" for letter in name)


def _network(entry: str) -> Network | None:
    try:
        return ipaddress.ip_network(plain_host(entry), strict=False)
    except ValueError:
        return None


def _address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(plain_host(host))
    except ValueError:
        return None


def _looked_up(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(plain_host(host), port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        cause = error.strerror if isinstance(error, socket.gaierror) else "it is no host name"
        raise CollectorError(f"The host {host} cannot be found ({cause}). Check its name and the DNS.") from error
    texts = dict.fromkeys(str(entry[4][0]).split("%")[0] for entry in found)
    return [ipaddress.ip_address(text) for text in texts]


def _unwrapped(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one (mapped, 6to4, NAT64): that is where a packet would end."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in _NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address


def _inside(address: Address, network: Network) -> bool:
    return address.version == network.version and address in network


def _special(address: Address) -> str | None:
    """What an address is that no source should reach unasked; None for an ordinary one."""
    if address.is_loopback:
        return "this machine itself (loopback)"
    if address in _METADATA:
        return "a cloud's metadata service"
    if address.is_link_local:
        return "link-local"
    if address.is_unspecified or address.is_multicast:
        return "no address of one host"
    if address.is_reserved:
        return "reserved"
    return None
