"""The states of a run that has not ended."""

from __future__ import annotations

from typing import Final

UNFINISHED: Final = ("PENDING", "RUNNING", "CANCELING")
"""All of them; KFP's PAUSED is never written."""

TERMINABLE: Final = ("PENDING", "RUNNING")
"""Those in which a run can be asked to stop."""
