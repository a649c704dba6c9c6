"""Type constraints of variables: what Terraform makes of a value before it is used.

"Type Constraints" in Terraform's language documentation.
"""

from __future__ import annotations

from garrison.estate.values import Value
from garrison.sources.terraform.evaluation import Env
from garrison.sources.terraform.syntax import Expression


def converted(value: Value, constraint: Expression, env: Env) -> Value:
    """The value as its variable's type has it."""
    return value
