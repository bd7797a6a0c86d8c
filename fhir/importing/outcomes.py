"""What became of one resource."""

from dataclasses import dataclass, field
from typing import Literal

What = Literal["imported", "updated", "skipped", "rejected"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`seq` is the entry's place in the order of reading; `reasons` say why, or what was lost."""

    seq: int
    what: What
    reasons: list[str] = field(default_factory=list)

    @property
    def is_written(self) -> bool:
        """Say whether something was written."""
        return self.what in ("imported", "updated")

    @property
    def reason(self) -> str:
        """Return all reasons as one text."""
        return "; ".join(self.reasons)
