"""How a state machine refuses: where the thing stands, and what can be done about it instead.

A machine gives its words once, beside its table, and every refusal reads the same way.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a state machine's thing, its states and its actions are called in a sentence.

    `states` continue the subject ("was granted"), `actions` continue "can be" ("granted").
    """

    subject: str
    pronoun: str = "it"
    states: Mapping[str, str]
    actions: Mapping[str, str]

    def refuse(self, state: str, action: str, instead: Iterable[str]) -> str:
        """Return why `action` is not possible in `state`, and which actions are, in one text.

        `instead` are the actions that are possible now, in the order of the table.
        """
        return self.refuse_as(self.states[state], action, instead)

    def refuse_as(self, phrase: str, action: str, instead: Iterable[str] | None) -> str:
        """Do the same for where more than the state says how things stand: `phrase` says it.

        With None for `instead` it says alone what comes first, after which more is possible.
        """
        asked = self.actions[action]
        again = " again" if phrase.rsplit(maxsplit=1)[-1] == asked.split()[-1] else ""
        why = f"{self.subject} {phrase}, so {self.pronoun} cannot be {asked}{again}."
        if instead is None:
            return why
        can = one_of(list(dict.fromkeys(self.actions[each] for each in instead)))
        if not can:
            return f"{why} Nothing more can be done with {_OBJECT[self.pronoun]}."
        return f"{why} {self.pronoun.capitalize()} can be {can}."


_OBJECT: Mapping[str, str] = {"it": "it", "they": "them"}


def actions_from(moves: Iterable[tuple[str, str]], state: str) -> list[str]:
    """Return the actions that a table of `(state, action)` has from a state, in its order."""
    return [action for at, action in moves if at == state]


def one_of(names: Sequence[str]) -> str:
    """Return the names as a choice: "this", "this or that", "this, that or those"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} or {names[-1]}"
