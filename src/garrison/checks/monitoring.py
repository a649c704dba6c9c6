"""What records and watches: trails, log groups, alarms."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if, safe
from garrison.estate.assets.llm import Agent, KnowledgeBase
from garrison.estate.assets.monitoring import Alarm, LogGroup, Trail
from garrison.estate.assets.storage import Bucket
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation
from garrison.estate.truth import Truth


@check(
    id="trail-off",
    severity=Severity.HIGH,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:AU-2", "AWS-FSBP:CloudTrail.1", "CIS-AWS-6.0:4.1", "ATLAS:AML.T0107"),
    mend=safe(records=True),
)
def trail_off(trail: Trail) -> Verdict:
    """The trail records nothing.

    Why: who takes a role and copies models or opens endpoints leaves no trace.
    Fix: turn logging on.
    """
    return fail_if(~trail.records, "it is switched off")


@check(
    id="trail-no-data-events",
    severity=Severity.MEDIUM,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:AU-12", "CIS-AWS-6.0:4.8", "CIS-AWS-6.0:4.9", "CIS-GCP-4.0:2.1", "ATLAS:AML.M0024"),
)
def trail_no_data_events(trail: Trail) -> Verdict:
    """The trail does not record who reads and writes objects.

    Why: training data and models are objects: copying all of them, or swapping one, is not in the trail.
    Fix: record data events of the buckets with data and models, reads and writes.
    """
    return fail_if(trail.records & ~trail.data_events, "reads and writes of objects are not recorded")


@check(
    id="trail-single-region",
    severity=Severity.MEDIUM,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:AU-12", "AWS-FSBP:CloudTrail.1", "CIS-AWS-6.0:4.1"),
    mend=safe(all_regions=True),
)
def trail_single_region(trail: Trail) -> Verdict:
    """The trail records one region only.

    Why: GPU machines for mining or a stolen model's training are started in the region nobody looks at.
    Fix: record all regions.
    """
    return fail_if(~trail.all_regions, "other regions are not recorded")


@check(
    id="trail-not-validated",
    severity=Severity.MEDIUM,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:AU-9", "AWS-FSBP:CloudTrail.4", "CIS-AWS-6.0:4.2"),
    mend=safe(validated=True),
)
def trail_not_validated(trail: Trail) -> Verdict:
    """Nobody can tell whether the trail's files were changed.

    Why: who gets at the log bucket removes the lines that show how a model was taken or its data poisoned.
    Fix: turn log file validation on.
    """
    return fail_if(~trail.validated, "no signed digests are written")


@check(
    id="trail-own-key",
    severity=Severity.LOW,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:AU-9", "AWS-FSBP:CloudTrail.2", "CIS-AWS-6.0:4.5"),
)
def trail_own_key(trail: Trail) -> Verdict:
    """The trail is encrypted with a key that everybody with access to its bucket may use.

    Why: the trail names every role, model and bucket there is: a map for whoever can read the log bucket.
    Fix: encrypt it with a key of your own.
    """
    return fail_if(trail.bucket.given() & trail.encryption_key.is_absent(), "no key of your own encrypts it")


@check(
    id="trail-bucket-erasable",
    severity=Severity.MEDIUM,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:AU-9", "AWS-FSBP:S3.15", "ATLAS:AML.T0107"),
)
def trail_bucket_erasable(trail: Trail, near: Relations) -> Verdict:
    """The trail's files can be deleted for good.

    Why: who copied a model or poisoned its data clears the log bucket behind him, and nothing tells what happened.
    Fix: lock the objects of the log bucket, or at least keep versions of them.
    """
    erasable = trail.records & near.any_to(Relation.LOGS_TO, Bucket, lambda bucket: ~bucket.locked & ~bucket.versioned)
    return fail_if(erasable, "its bucket neither locks objects nor keeps versions")


@check(
    id="log-kept-forever",
    severity=Severity.LOW,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:SI-12", "NIST-800-53:AU-11"),
)
def log_kept_forever(log: LogGroup) -> Verdict:
    """Logs are kept for ever.

    Why: prompts, features and predictions in logs are personal data; kept without end they only wait to be lost.
    Fix: set a retention time.
    """
    return fail_if(log.retention_days.equals(0), "no retention time is said")


@check(
    id="log-short-lived",
    severity=Severity.LOW,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:AU-11",),
    mend=safe(retention_days=365),
)
def log_short_lived(log: LogGroup) -> Verdict:
    """Logs are gone before anybody looks.

    Why: a stolen or poisoned model is noticed after weeks or months; what happened should still be there to read.
    Fix: keep logs for 90 days at least.
    """
    short = log.retention_days.at_least(1) & log.retention_days.at_most(29)
    return fail_if(short, "logs are kept for less than a month")


@check(
    id="alarm-silent",
    severity=Severity.MEDIUM,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:SI-4",),
)
def alarm_silent(alarm: Alarm) -> Verdict:
    """The alarm tells nobody.

    Why: drift, a burst of queries that copies a model, or a trail switched off is seen by the alarm and by no one else.
    Fix: turn its actions on and name a topic or channel that somebody reads.
    """
    return fail_if(~alarm.active | alarm.notified.is_empty(), "nobody is told when it goes off")


@check(
    id="trail-no-model-events",
    severity=Severity.LOW,
    pillar=Pillar.MONITORING,
    maps=("ATLAS:AML.M0024", "NIST-800-53:AU-12"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
    native=("recorded_types",),
)
def trail_no_model_events(trail: Trail, near: Relations) -> Verdict:
    """The trail does not record who calls agents and knowledge bases.

    Why: that somebody emptied a knowledge base question by question, or drove an agent with a stolen role, is in no
    record.
    Fix: record data events of AWS::Bedrock::AgentAlias and AWS::Bedrock::KnowledgeBase too.
    """
    asked = Truth(any(a.root == trail.root for kind in (Agent, KnowledgeBase) for a in near.estate.of(kind)))
    recorded = trail.native("recorded_types").any(lambda t: t.matches(r"^AWS::Bedrock::"))
    return fail_if(asked & ~recorded, "no data events of Bedrock are recorded")


@check(
    id="trail-without-alarms",
    severity=Severity.LOW,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:SI-4", "AWS-FSBP:CloudTrail.5"),
    native=("recorded_types",),
)
def trail_without_alarms(trail: Trail) -> Verdict:
    """The trail only fills a bucket.

    Why: nothing can watch it as it comes: a model that is copied or a guardrail that is deleted is noticed when
    somebody happens to search.
    Fix: send the trail to a log group too, and set alarms on it.
    """
    return fail_if(Truth(trail.provider == "aws") & trail.log_group.is_absent(), "it names no log group")
