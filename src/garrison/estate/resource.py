"""What a source hands over: one declared thing, not yet understood."""

from __future__ import annotations

from typing import Protocol

from garrison.estate.truth import Truth
from garrison.estate.values import Place, Value


class Resource(Protocol):
    """A Terraform resource, a CloudFormation resource, a Kubernetes object.

    `format` is the source's name (`terraform`). `root` is what is deployed together (a Terraform root module, a stack,
    a folder of manifests); `address` begins with it, is unique in a scan and does not change when lines move.
    `condition` is the text of what decides whether it `exists`; resources under the same one come and go together.
    """

    @property
    def format(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def root(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def place(self) -> Place: ...
    @property
    def exists(self) -> Truth: ...
    @property
    def condition(self) -> str: ...

    def at(self, path: tuple[str, ...]) -> Value:
        """What is said at a path; see `dig`. Never raises."""
        ...
