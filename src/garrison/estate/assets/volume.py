"""Disks of a cluster: what training data and models lie on."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

from garrison.estate.assets.asset import UNMAPPED, Asset
from garrison.estate.truth import Truth
from garrison.estate.values import Value


class Volume(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A PersistentVolumeClaim, or the PersistentVolume behind it."""

    stores: ClassVar[bool] = True

    namespace: Value = UNMAPPED
    access_modes: Value = UNMAPPED  # ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod
    node_path: Value = UNMAPPED  # a folder of the node
    file_server: Value = UNMAPPED  # of NFS
    mount_options: Value = UNMAPPED

    @cached_property
    def on_node(self) -> Truth:
        """Whether it is a folder of the node's own disk."""
        return self.node_path.given()

    @cached_property
    def plain_network(self) -> Truth:
        """Whether what is read and written travels unencrypted: NFS, unless Kerberos or TLS wraps it."""
        wrapped = self.mount_options.any(lambda o: o.matches(r"sec=krb5p|xprtsec=m?tls"))
        return self.file_server.given() & ~wrapped
