"""Where people write and run code next to the data."""

from __future__ import annotations

from garrison.checks.check import Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.notebook import Notebook


@check(
    id="notebook-direct-internet",
    severity=Severity.HIGH,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0025", "NIST-800-53:SC-7", "AWS-FSBP:SageMaker.1"),
    about_ml=True,
)
def notebook_direct_internet(notebook: Notebook) -> Verdict:
    """Notebook reaches the internet without passing the customer's network.

    Why: code run in the notebook can send training data anywhere, past every network control.
    Fix: put it in a subnet and turn direct internet access off.
    """
    return fail_if(notebook.direct_internet, "direct internet access is on")
