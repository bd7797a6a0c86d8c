"""What a patient's row says of itself to the third fence: where its labels stand."""

from dataclasses import dataclass

#: for rows about a record of any kind
EVERY_KIND = ("*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Field paths, from a model, to what a consent directive can name; "" where it has none.

    A model that patients own carries one as the class attribute `labels`.
    """

    patient: str = "patient_id"
    record: str = "pk"
    """To the id by which people name it: a score is a part of its assessment."""
    discipline: str = ""
    """To the discipline that the row comes from (a value of `Discipline`)."""
    author: str = ""
    """To the id of the practitioner role that wrote it."""
    parties: tuple[str, ...] = ()
    """To the ids of the practitioner roles between whom it passes; each goes on seeing it."""
    members: tuple[str, ...] = ()
    """To the ids of the practitioner roles that it shows at work for the patient: whoever withholds
    the record of their membership in the team withholds that as well."""
    recorder: str = ""
    """To the id of the user who wrote it down, where no practitioner role stands."""
    condition: str = ""
    """To the id of the course (the condition on the plan) that it is about."""
    versions: tuple[str, ...] = ()
    """The kinds of row (`Assessment`) that say which records are versions of one and the same: what
    withholds one version of the record withholds all of them."""
    ties: tuple[str, str] | None = None
    """The columns of a row of this kind that name two versions: a correction, what it corrects."""
    sensitivity: str = ""
    """To a sensitivity code; rows that have one are closed by default."""
    ready: str = ""
    """To what is null while the row is a draft: its author's alone; of logistics, the circle's."""
    is_logistic: bool = False
    """True for what the desk reads as well: who pays, who takes over, who is referred to whom."""
    is_safety: bool = False
    """True for what the circle must know of at once: no directive hides it from them."""
    is_identity: bool = False
    """True for who the patient is and who may see them: never withheld from the circle."""
