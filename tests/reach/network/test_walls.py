"""What security groups remember."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from garrison.estate.assets.compute import Instance
from garrison.estate.estate import Estate
from garrison.reach.network.lines import incoming, rules_of
from garrison.reach.network.rules import passed
from garrison.reach.network.seats import seat_of
from garrison.reach.network.walls import Wall


def test_what_a_wall_remembers_is_what_its_rules_say(estate: Callable[..., Estate]) -> None:
    """Each pair of machines, asked of one memo, as if its rules were followed for it alone."""
    found = estate(
        """
        resource "aws_vpc" "v" { cidr_block = "10.0.0.0/16" }
        resource "aws_subnet" "a" {
          vpc_id     = aws_vpc.v.id
          cidr_block = "10.0.1.0/24"
        }
        resource "aws_subnet" "b" {
          vpc_id     = aws_vpc.v.id
          cidr_block = "10.0.2.0/24"
        }
        resource "aws_security_group" "own" {
          vpc_id = aws_vpc.v.id
          ingress {
            from_port = 6006
            to_port   = 6006
            protocol  = "tcp"
            self      = true
          }
        }
        resource "aws_security_group" "named" {
          vpc_id = aws_vpc.v.id
          ingress {
            from_port       = 8888
            to_port         = 8888
            protocol        = "tcp"
            security_groups = [aws_security_group.own.id]
            cidr_blocks     = ["10.0.2.0/24"]
          }
          egress {
            from_port   = 0
            to_port     = 0
            protocol    = "-1"
            cidr_blocks = ["10.0.0.0/16"]
          }
        }
        resource "aws_security_group" "strange" {
          vpc_id = aws_vpc.v.id
          ingress {
            from_port       = 22
            to_port         = 22
            protocol        = "tcp"
            security_groups = [var.elsewhere]
          }
        }
        resource "aws_instance" "m" {
          for_each = {
            a = ["a", ["own"]], b = ["b", ["own", "named"]], c = ["b", ["named"]], d = ["a", ["strange"]], e = ["b", []]
          }
          subnet_id              = { a = aws_subnet.a.id, b = aws_subnet.b.id }[each.value[0]]
          vpc_security_group_ids = [for g in each.value[1] : {
            own = aws_security_group.own.id, named = aws_security_group.named.id, strange = aws_security_group.strange.id
          }[g]]
        }
        """
    )
    seats = [seat for machine in found.of(Instance) if (seat := seat_of(machine, found)) is not None]
    walls = {seat.walls: Wall(seat.firewalls, found, loose=False) for seat in seats}
    answers = set()
    for one, other in product(seats, seats):
        rules = list(rules_of(other.firewalls, found))
        alone = passed(incoming(rules, one.peer, found), one.peer, otherwise=False)
        kept = walls[other.walls].passes(one.peer, out=False)
        assert (kept.sure, kept.perhaps, kept.because) == (alone.sure, alone.perhaps, alone.because)
        answers.add((kept.sure, kept.perhaps))
    assert len(seats) == 5
    assert len(answers) == 5  # nothing, 22 perhaps, 6006, 8888, both
