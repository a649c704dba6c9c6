"""`garrison ledger verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from garrison.cli.ledger._open import (
    ago,
    entries,
    exit_with,
    format_option,
    key_option,
    ledger_option,
    named,
    pinned,
    read_file,
    reading,
    say,
    write_json,
)
from garrison.errors import ExitCode, TamperedError, UsageError

if TYPE_CHECKING:
    from garrison.ledger.checkpoint import SignedCheckpoint
    from garrison.ledger.log import Ledger
    from garrison.ledger.note import Ed25519Verifier
    from garrison.ledger.trust import Policy


@click.command(
    name="verify",
    epilog="""\b
Examples:
  garrison ledger verify                                      every file of the ledger, by its own key
  garrison ledger verify --key example.com/audit+1a2b3c4d+AT8x...    by the key that you kept
  garrison ledger verify --since kept.checkpoint              and that it continues what was signed then
  garrison ledger verify --witness VKEY --witness VKEY        and that these witnesses cosigned it
  garrison ledger verify --policy trust.policy                and that enough of them did (C2SP tlog-policy)
  garrison ledger verify --consistency old.checkpoint new.checkpoint
  garrison ledger verify --proof 17.json.tlog-proof 17.json --key VKEY     a proof, without the ledger
\b
Exit codes: 0 all is as it was signed, 1 something was changed (it is named), 2 wrong usage, 3 it could not be read.""",
)
@click.argument("entry", required=False, type=click.Path(path_type=Path))
@ledger_option
@key_option
@click.option(
    "--since", multiple=True, type=click.Path(path_type=Path), metavar="CHECKPOINT",
    help="A checkpoint that you kept: the ledger must continue it. Its folder alone cannot show that it was cut off and signed anew.",
)  # fmt: skip
@click.option(
    "--witness",
    "witnesses",
    multiple=True,
    metavar="VKEY",
    help="A witness that must have cosigned; may be given several times.",
)
@click.option(
    "--policy",
    type=click.Path(path_type=Path),
    help="Which logs and witnesses are trusted, a file of C2SP tlog-policy.",
)
@click.option(
    "--consistency", nargs=2, metavar="OLD NEW", type=click.Path(path_type=Path),
    help="Only whether the checkpoint NEW continues the checkpoint OLD.",
)  # fmt: skip
@click.option(
    "--proof",
    type=click.Path(path_type=Path),
    help="Only whether this file proves ENTRY, a file; the ledger is not needed.",
)
@format_option
def command(folder: Path | None, entry: Path | None, vkey: str | None, form: str, **options: Any) -> None:
    """Verify a ledger: whether every entry, tile and signature is what was signed. What was changed is named."""
    if (entry is None) != (options["proof"] is None):
        raise UsageError(
            "ENTRY and --proof belong together", hint="write: garrison ledger verify --proof FILE ENTRY --key VKEY"
        )
    if options["proof"] is not None and entry is not None:
        _prove(entry, options["proof"], _trusted(vkey, options), form)
    elif options["consistency"]:
        _compare(named(folder), vkey, *options["consistency"], form=form)
    else:
        _audit(named(folder), vkey, options, form)


def _audit(folder: Path, vkey: str | None, options: dict[str, Any], form: str) -> None:
    from garrison.ledger.audit import audit, policy_of
    from garrison.ledger.settings import load

    known = [at.vkey for at in load(folder).witness]
    if options["policy"] is not None:
        policy = _trusted(vkey, options)
        first = _of_policy(folder, policy) if policy.logs else pinned(folder, None)
    else:
        first = pinned(folder, vkey)
        policy = _trusted(str(first.key), options) if options["witnesses"] else policy_of(known)
    found = audit(folder, first, policy, options["since"])
    checkpoint = found.checkpoint
    if form == "json":
        write_json({
            "consistent": not found.faults, "faults": found.faults, "key": found.key, "cosigned": found.cosigned,
            "checkpoint": checkpoint and {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex()},
        })  # fmt: skip
    elif checkpoint is not None and not found.faults:
        signed = f"{entries(checkpoint.size)}, last signed {ago(found.signed_s)} by {checkpoint.origin}"
        say(f"{signed} · consistent", style="green")
        for each in found.cosigned:
            say(f"{each.size:,} of them cosigned by {each.name} {ago(each.time_s)}")
        if vkey is None:
            say("verified by the key in its own folder; --key VKEY pins the one you kept")
    else:
        for fault in found.faults:
            say(str(fault), style="red")
    exit_with([ExitCode.FINDINGS if found.faults else ExitCode.CLEAN])


def _of_policy(folder: Path, policy: Policy) -> Ed25519Verifier:
    """The key that a policy trusts for this ledger. Raises TamperedError where it trusts none."""
    from garrison.ledger.log import read_checkpoint

    origin = read_checkpoint(folder, ()).checkpoint.origin
    found = next((log for log in policy.logs if log.name == origin), None)
    if found is None:
        known = ", ".join(log.name for log in policy.logs)
        raise TamperedError(f"the policy trusts no key of {origin}", hint=f"it trusts keys of: {known}")
    return found


def _prove(entry: Path, proof: Path, policy: Policy, form: str) -> None:
    from garrison.ledger.cosignature import cosigned_s
    from garrison.ledger.proof import Proof, verify_proof

    read = Proof.parse(read_file(proof))
    signed = verify_proof(read_file(entry), read, policy)
    checkpoint = signed.checkpoint
    cosigned = [(w.name, signed.note.signed_by(w)) for w in policy.witnesses]
    witnesses = [{"name": name, "time_s": cosigned_s(s)} for name, s in cosigned if s is not None]
    if form == "json":
        write_json(
            {
                "proved": True,
                "index": read.index,
                "origin": checkpoint.origin,
                "size": checkpoint.size,
                "cosigned": witnesses,
            }
        )
        return
    say(
        f"{entry} is entry {read.index} of {checkpoint.origin}, under its checkpoint of {entries(checkpoint.size)}",
        style="green",
    )
    for each in witnesses:
        say(f"cosigned by {each['name']} {ago(float(str(each['time_s'])))}")


def _compare(folder: Path, vkey: str | None, old: Path, new: Path, *, form: str) -> None:
    """By a consistency proof out of the ledger, from one signed root to the other (RFC 6962, section 2.1.2)."""
    from garrison.ledger.checkpoint import open_checkpoint
    from garrison.ledger.merkle import EMPTY, verify_consistency
    from garrison.ledger.split import check_split

    ledger, keys = reading(folder, vkey)
    origin = keys[-1].name
    first, second = (open_checkpoint(read_file(path), keys, origin=origin) for path in (old, new))
    a, b = first.checkpoint, second.checkpoint
    if a.size > b.size:
        raise UsageError(f"{old} has {a.size:,} entries, {new} has {b.size:,}", hint="give the older checkpoint first")
    check_split(first, second)
    proof = _proof(ledger, first, second)
    consistent = a.root == EMPTY if a.size == 0 else verify_consistency(a.size, b.size, proof, a.root, b.root)
    if not consistent:
        raise TamperedError(
            f"the {b.size:,} entries of {new} do not continue the {a.size:,} of {old}",
            hint="the history was rewritten between them, or the ledger is neither; keep both checkpoints",
        )
    if form == "json":
        write_json({"consistent": True, "old": a.size, "new": b.size, "proof": [h.hex() for h in proof]})
    else:
        say(f"consistent: the first {a.size:,} of {b.size:,} entries are the same", style="green")


def _proof(ledger: Ledger, old: SignedCheckpoint, new: SignedCheckpoint) -> list[bytes]:
    if old.checkpoint.size in {0, new.checkpoint.size}:
        return []
    return ledger.consistency(old.checkpoint.size, new.checkpoint.size)


def _trusted(vkey: str | None, options: dict[str, Any]) -> Policy:
    """The policy of a file, a key that was given in the place of its logs; or of keys alone. Raises UsageError for neither."""
    from garrison.ledger.note import Ed25519Verifier
    from garrison.ledger.trust import Policy, parse_policy, trusting

    path: Path | None = options["policy"]
    if path is not None:
        if options["witnesses"]:
            raise UsageError("--policy names the witnesses already", hint="leave --witness out, or add it to the file")
        policy = parse_policy(read_file(path).decode("utf8", "replace"), str(path))
        return policy if vkey is None else Policy((Ed25519Verifier.parse(vkey),), policy.members, policy.quorum)
    if vkey is None:
        raise UsageError("no key is given to verify the proof with", hint="give --key VKEY or --policy FILE")
    return trusting([vkey], options["witnesses"])
