"""Packets that a firewall logs by syslog: Linux's netfilter (iptables' and nftables' LOG, ufw) and pf's filterlog (pfSense, OPNsense).

netfilter writes `PREFIX IN=… OUT=… SRC=… DST=… PROTO=… SPT=… DPT=…` (nf_log_syslog.c of Linux) and no decision: what the prefix says
of it is believed. filterlog writes values with commas between ("Raw Filter Log Format", pfSense documentation).
"""

from __future__ import annotations

import re

from garrison.events.event import Class, Event, Status
from garrison.events.mappers import syslog
from garrison.events.numbers import number

NAME = "firewall"
LABEL = "firewall"
NO_JSON = True
ENVELOPED = True  # its times and hosts stand in the head of the message

_PACKET = re.compile(r"(?:\[ *\d{1,12}\.\d{1,9}\] ?)?(?P<prefix>.*?)(?=\bIN=\S* OUT=)(?P<fields>.*)\Z", re.DOTALL)
_FIELD = re.compile(r"\b([A-Z]+)=(\S*)")
_DENIED = re.compile(r"(?<![A-Z])(?:BLOCK|DENY|DENIED|DROP|DROPPED|REJECT|REJECTED|INVALID)(?![A-Z])", re.IGNORECASE)
_ALLOWED = re.compile(r"(?<![A-Z])(?:ACCEPT|ACCEPTED|ALLOW|ALLOWED|PASS)(?![A-Z])", re.IGNORECASE)
_TRAFFIC, _REFUSE = 6, 5
_VERSION = 8  # of IP: its place in a line of filterlog
_IP = {"4": (16, 18), "6": (12, 15)}  # version: where the name of the protocol stands, and where the addresses begin
_MAX_PORT = 65_535


def event(line: bytes) -> Event:
    """One packet."""
    found = syslog.event(line)
    if found.process == "filterlog":
        _filterlog(found)
    else:
        _netfilter(found)
    found.class_uid, found.product = Class.NETWORK, LABEL
    found.activity_id = _REFUSE if found.decision == "denied" else _TRAFFIC
    found.status_id = {"denied": Status.FAILURE, "allowed": Status.SUCCESS}.get(found.decision, Status.UNKNOWN)
    return found


def _netfilter(event: Event) -> None:
    packet = _PACKET.match(event.message)
    told: dict[str, str] = {}
    for name, said in _FIELD.findall(packet["fields"]) if packet else ():
        told.setdefault(name, said)  # behind the packet an ICMP error quotes another one
    if packet is None or "SRC" not in told or "DST" not in told:
        raise ValueError("it tells of no packet: IN=… OUT=… SRC=… DST=…")
    prefix = packet["prefix"].strip(" :-[]")
    event.message, event.status_detail = event.message.strip(), prefix
    event.decision = "denied" if _DENIED.search(prefix) else "allowed" if _ALLOWED.search(prefix) else ""
    event.src_ip, event.dst_ip = told["SRC"], told["DST"]
    event.src_port, event.dst_port = _port(told.get("SPT", "")), _port(told.get("DPT", ""))
    event.bytes_out = number(told.get("LEN", ""))
    event.actor_uid = told.get("UID", "")
    event.resource, event.resource_type = told.get("IN") or told.get("OUT", ""), "network interface"


def _filterlog(event: Event) -> None:
    said = event.message.split(",")
    protocol, source = _IP.get(said[_VERSION] if len(said) > _VERSION else "", (0, 0))
    if not protocol or len(said) < source + 2:
        raise ValueError("its fields are not those of a packet")
    event.decision = {"block": "denied", "reject": "denied", "pass": "allowed"}.get(said[6], "")
    event.status_detail = said[5]
    event.resource, event.resource_type = said[4], "network interface"
    event.src_ip, event.dst_ip = said[source : source + 2]
    if said[protocol].lower() in ("tcp", "udp") and len(said) > source + 3:
        event.src_port, event.dst_port = _port(said[source + 2]), _port(said[source + 3])


def _port(said: str) -> int:
    found = number(said)
    if found > _MAX_PORT:
        raise ValueError(f"{said} is no port")
    return found
