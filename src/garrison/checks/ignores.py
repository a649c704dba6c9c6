"""What was decided not to be told of."""

from __future__ import annotations

from garrison.checks.check import Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.ignore import Ignore


@check(id="ignore-without-reason", severity=Severity.LOW, pillar=Pillar.MONITORING, maps=("NIST-800-53:RA-5",))
def ignore_without_reason(ignore: Ignore) -> Verdict:
    """Finding is ignored without a reason.

    Why: nobody can tell later whether the open training bucket was accepted, is protected by something else, or was
    only in the way.
    Fix: write the reason behind the brackets: `garrison: ignore[bucket-public] data set is published`.
    """
    return fail_if(ignore.reason.is_absent(), "it gives no reason")


@check(id="ignore-expired", severity=Severity.MEDIUM, pillar=Pillar.MONITORING, maps=("NIST-800-53:RA-5",))
def ignore_expired(ignore: Ignore) -> Verdict:
    """Finding was to be ignored only until a date that has passed.

    Why: what was put off "until the model is live" is still open; it is shown again until somebody decides anew.
    Fix: mend what it ignores and remove it, or decide anew and give a later date: `until=2027-01-01`.
    """
    return fail_if(ignore.expired, "its date has passed, or is none")


@check(id="ignore-unknown-check", severity=Severity.LOW, pillar=Pillar.MONITORING, maps=("NIST-800-53:RA-5",))
def ignore_unknown_check(ignore: Ignore) -> Verdict:
    """Ignore names a check that does not exist.

    Why: it ignores nothing: a misspelt name hides that somebody looked at a model server's setting and accepted it.
    Fix: write an id that `garrison checks` lists between the brackets.
    """
    return fail_if(~ignore.known_checks, "it names no check that exists")
