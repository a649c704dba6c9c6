"""Security groups of AWS: what they let pass together, asked once for all peers that they cannot tell apart."""

from __future__ import annotations

from collections.abc import Sequence

from garrison.estate.assets.network import Firewall
from garrison.estate.estate import Estate
from garrison.reach.network.lines import incoming, named_in, outgoing, rules_of
from garrison.reach.network.rules import UNKNOWN, Flow, Known, Line, Peer, passed
from garrison.reach.network.sets import ALL_TRAFFIC, EVERY_ADDRESS


class Wall:
    """Some groups as one. `loose` where rules of theirs may not be in these files."""

    def __init__(self, firewalls: Sequence[Firewall], estate: Estate, *, loose: bool) -> None:
        self._estate, self._loose = estate, loose
        self._rules = list(rules_of(firewalls, estate))
        self._by_default = [line for f in firewalls for line in _by_default(f, estate)]
        self._named = named_in(self._rules, estate)
        self._memo: dict[tuple[Peer, bool], Flow] = {}

    def passes(self, peer: Peer, *, out: bool) -> Flow:
        """What may come from a peer, or go to it."""
        seen = peer.seen_by(self._named)
        found = self._memo.get((seen, out))
        if found is None:
            lines = outgoing(self._rules, seen, self._estate) if out else incoming(self._rules, seen, self._estate)
            found = passed([*lines, *self._by_default] if out else lines, seen, otherwise=False)
            found = self._memo[seen, out] = found | UNKNOWN if self._loose else found
        return found


def _by_default(firewall: Firewall, estate: Estate) -> list[Line]:
    """CloudFormation leaves a group that says nothing of outgoing traffic as EC2 makes it: all of it may leave.

    Terraform takes that rule away ("aws_security_group", Terraform AWS provider).
    """
    if firewall.format != "cloudformation" or any(
        r.direction.equals("egress").yes for r in rules_of([firewall], estate)
    ):
        return []
    every = Known(ALL_TRAFFIC, ALL_TRAFFIC)
    return [Line(0, True, every, Known(EVERY_ADDRESS, EVERY_ADDRESS), firewall.description)]
