"""What every refusal of a state machine has to be: a sentence for people, with a way on."""

from collections.abc import Collection
from re import fullmatch, split

from coordination.refusals import Words

SENTENCES = r"[A-Z][a-z '-]+, so (it|they) cannot be [a-z -]+\. .+\."
NOTHING = ("Nothing more can be done with it.", "Nothing more can be done with them.")


def check_reads_well(text: str, words: Words, possible: Collection[str]) -> None:
    """Check that a refusal names a state in words and exactly the actions that are possible."""
    assert fullmatch(SENTENCES, text), text
    assert "_" not in text
    why, instead = text.split(". ", 1)
    assert why.startswith(words.subject)
    if not possible:
        assert instead in NOTHING
        return
    _, can = instead.removesuffix(".").split(" can be ")
    assert set(split(", | or ", can)) == {words.actions[each] for each in possible}
