"""AWS VPC flow logs, version 2 ("Flow log records", Amazon VPC User Guide)."""

from __future__ import annotations

from garrison.events.event import Class, Event, Status
from garrison.events.numbers import number

NAME = "aws-vpc-flow"
LABEL = "AWS VPC flow logs"
NO_JSON = True

VERSION_2 = (
    "version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets", "bytes",
    "start", "end", "action", "log-status",
)  # fmt: skip
_FIELDS = len(VERSION_2)
_TRAFFIC, _REFUSE, _UNKNOWN = 6, 5, 0


def event(line: bytes) -> Event:
    """One record of version 2; `-` stands where nothing is known."""
    parts = line.decode("ascii", errors="strict").split()
    if len(parts) != _FIELDS or not (parts[0].isdigit() or parts[0] == "-"):
        raise ValueError(f"it has {len(parts)} fields, version 2 has {_FIELDS}")
    told = dict(zip(VERSION_2, parts, strict=True))
    refused = told["action"] == "REJECT"
    start, end = number(told["start"]), number(told["end"])
    if not start:
        raise ValueError("it does not tell when it began")
    return Event(
        time_us=start * 1_000_000,
        class_uid=Class.NETWORK,
        activity_id=_UNKNOWN if told["log-status"] != "OK" else _REFUSE if refused else _TRAFFIC,
        status_id=Status.FAILURE if refused else Status.SUCCESS,
        status_detail="" if told["log-status"] == "OK" else told["log-status"],
        product=LABEL,
        src_ip=_text(told["srcaddr"]),
        src_port=number(told["srcport"]),
        dst_ip=_text(told["dstaddr"]),
        dst_port=number(told["dstport"]),
        resource=_text(told["interface-id"]),
        resource_type="network interface",
        cloud_provider="AWS",
        cloud_account=_text(told["account-id"]),
        bytes_out=number(told["bytes"]),
        duration_us=max(end - start, 0) * 1_000_000,
        decision="denied" if refused else "allowed" if told["action"] == "ACCEPT" else "",
        raw=line,
    )


def _text(said: str) -> str:
    return "" if said == "-" else said
