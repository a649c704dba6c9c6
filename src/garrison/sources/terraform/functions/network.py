"""Functions of IP address ranges."""

from __future__ import annotations

import ipaddress
from typing import Any

from garrison.sources.terraform.functions.calling import Function, Refused, of_data
from garrison.sources.terraform.functions.text import integer, text

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _network(said: Any) -> _Network:
    found = text(said)
    if "/" not in found:
        raise Refused("needs an address range")
    return ipaddress.ip_network(found, strict=False)


def _host(prefix: Any, number: Any) -> str:
    network, index = _network(prefix), integer(number)
    if not -network.num_addresses <= index < network.num_addresses:
        raise Refused("the range has not as many addresses")
    return str(network[index])


def _mask(prefix: Any) -> str:
    network = _network(prefix)
    if network.version != 4:  # noqa: PLR2004 - only IPv4 has masks
        raise Refused("only IPv4 has net masks")
    return str(network.netmask)


def _subnet(prefix: Any, bits: Any, number: Any) -> str:
    network, more, index = _network(prefix), integer(bits), integer(number)
    length = network.prefixlen + more
    if not 0 <= more <= network.max_prefixlen - network.prefixlen or not 0 <= index < 2**more:
        raise Refused("the range cannot be divided so")
    return _cut(network, int(network.network_address) + (index << (network.max_prefixlen - length)), length)


def _cut(network: _Network, start: int, length: int) -> str:
    kind = type(network.network_address)
    return f"{kind(start)}/{length}"


def _subnets(prefix: Any, *bits: Any) -> list[str]:
    network = _network(prefix)
    at, end = int(network.network_address), int(network.network_address) + network.num_addresses
    found = []
    for more in bits:
        length = network.prefixlen + integer(more)
        if not network.prefixlen <= length <= network.max_prefixlen:
            raise Refused("the range cannot be divided so")
        size = 1 << (network.max_prefixlen - length)
        at = -(-at // size) * size
        if at + size > end:
            raise Refused("the range is too small")
        found.append(_cut(network, at, length))
        at += size
    return found


FUNCTIONS: dict[str, Function] = {
    "cidrhost": of_data(_host, 2),
    "cidrnetmask": of_data(_mask, 1),
    "cidrsubnet": of_data(_subnet, 3),
    "cidrsubnets": of_data(_subnets, 1, 1000),
}
