"""What a channel is: one method that delivers a letter, and one exception when it cannot."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Letter:
    """One message, ready to go. `message_id` is the same at every try."""

    message_id: UUID
    address: str
    subject: str
    text: str
    unsubscribe: str = ""
    """Where one request opts the recipient out; empty where they change it in Continuum."""


class NotDelivered(Exception):
    """The channel did not take the letter.

    `permanent`: it never will. `channel_down`: it takes nobody's letters just now. `str()` of it
    is kept with the attempt, so it holds neither an address nor health data.
    """

    def __init__(
        self, response: str, *, permanent: bool = False, channel_down: bool = False
    ) -> None:
        super().__init__(response)
        self.permanent = permanent
        self.channel_down = channel_down


class Delivers(Protocol):
    """Takes letters where they should go."""

    def deliver(self, letter: Letter) -> str:
        """Deliver one letter and return the answer; raises `NotDelivered`.

        Returns or raises within a minute. Called outside any transaction.
        """
