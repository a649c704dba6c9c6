"""What records and watches: trails, log groups, alarms."""

from __future__ import annotations

from typing import Annotated, ClassVar

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.facts import Content
from garrison.estate.relations import By, Relation, To
from garrison.estate.truth import Truth
from garrison.estate.values import Value


class Trail(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """The record of who called which API of the cloud: CloudTrail, Google's audit configuration."""

    records: Truth = UNMAPPED_TRUTH  # it is switched on
    all_regions: Truth = UNMAPPED_TRUTH
    validated: Truth = UNMAPPED_TRUTH  # a changed or missing file can be told from signed digests
    data_events: Truth = UNMAPPED_TRUTH  # it also records who reads and writes objects
    exempt: Value = UNMAPPED  # principals whose calls are not recorded
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own
    bucket: Annotated[Value, To(Relation.LOGS_TO)] = UNMAPPED
    log_group: Annotated[Value, To(Relation.LOGS_TO)] = UNMAPPED


class LogGroup(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Where logs lie: CloudWatch log group, Cloud Logging bucket, Log Analytics workspace."""

    stores: ClassVar[bool] = True
    keeps: ClassVar[tuple[Content, ...]] = (Content.AUDIT_LOG,)

    retention_days: Value = UNMAPPED  # 0 is for ever
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own


class Alarm(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A rule that tells people when something is out of bounds: CloudWatch alarm, Cloud Monitoring alert policy."""

    active: Truth = UNMAPPED_TRUTH  # it is switched on
    notified: Value = UNMAPPED  # the topics, channels or action groups it tells
