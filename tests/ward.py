"""Patients of two organizations with circles and lockboxes of their own, and who may see what.

What is set up (`tests.admission`) is written down as facts (`circles`, `lockboxes`), and `may_see`
reads these facts and the rows' own columns; it asks nothing of the product's policy. Whatever text
a person writes carries a word that occurs nowhere else, made of the row's own id.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from coordination.consent import Decided
from tests.cast import Cast, Person
from tests.matrix_scenes import Scene

WORD = re.compile(rb"zq[0-9a-f]{12}")
ID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: texts that people write; each is given its row's own word
TEXTS = {
    "about",
    "because",
    "display",
    "evidence",
    "note",
    "ordered_by",
    "payer",
    "reason",
    "review_note",
    "summary",
    "text",
    "title",
}
SAID = Decided(given_by="patient", means="spoken", evidence="form 12")


@dataclass(frozen=True)
class Kind:
    """Who sees a kind of row in principle, and in which columns it says whose it is."""

    seen: str
    patient: str = "patient_id"
    discipline: str = ""
    author: str = ""
    course: str = ""
    part_of: str = "pk"
    asked_by: str = ""
    corrects: str = ""


BY_ROLE = {"discipline": "practitioner_role__discipline", "author": "practitioner_role_id"}
OF_COURSE = {"patient": "course__patient_id", "course": "course_id"}
#: identity: the circle, schedulers and oversight; register: the circle and schedulers; clinical:
#: the circle without what is locked away; safety: the circle, whatever is locked away; referral:
#: clinical, and schedulers; oversight: alone
KINDS: Mapping[str, Kind] = {
    "Patient": Kind("identity", patient="pk"),
    "PatientIdentifier": Kind("identity"),
    "CareTeamMember": Kind("identity"),
    "Consent": Kind("identity"),
    "RelatedPerson": Kind("register"),
    "RelatedPersonRight": Kind("register"),
    "Coverage": Kind("register"),
    "MessagingConsent": Kind("register"),
    "HandOff": Kind("register"),
    "DuplicateReview": Kind("register"),
    "Directive": Kind("oversight"),
    "LegalHold": Kind("oversight"),
    "Override": Kind("oversight"),
    "CarePlan": Kind("plan"),
    "Course": Kind("plan", course="pk"),
    "Lane": Kind("plan", **OF_COURSE, discipline="discipline", author="practitioner_role_id"),
    "Activity": Kind(
        "clinical",
        **OF_COURSE,
        discipline="lane__discipline",
        author="lane__practitioner_role_id",
    ),
    "Goal": Kind("clinical", **OF_COURSE),
    "LaneSignOff": Kind(
        "clinical", **OF_COURSE, discipline="lane__discipline", author="practitioner_role_id"
    ),
    "StageTransition": Kind("clinical", **OF_COURSE, **BY_ROLE),
    "Assessment": Kind("clinical", **BY_ROLE, course="course_id"),
    "Score": Kind(
        "clinical",
        patient="assessment__patient_id",
        discipline="assessment__practitioner_role__discipline",
        author="assessment__practitioner_role_id",
        course="assessment__course_id",
        part_of="assessment_id",
    ),
    "RedFlagScreen": Kind("clinical", **BY_ROLE, course="course_id"),
    "ComplexityScreen": Kind("clinical", **BY_ROLE, course="course_id"),
    "VersionDecision": Kind("clinical", **OF_COURSE, **BY_ROLE),
    "DoseChange": Kind(
        "clinical",
        patient="activity__course__patient_id",
        course="activity__course_id",
        discipline="activity__lane__discipline",
        author="practitioner_role_id",
    ),
    "AdherenceEntry": Kind(
        "clinical",
        course="course_id",
        discipline="activity__lane__discipline",
        author="practitioner_role_id",
    ),
    "ConflictDecision": Kind(
        "clinical",
        course="first__course_id",
        discipline="first__lane__discipline",
        author="practitioner_role_id",
    ),
    "SafetyAlert": Kind("safety"),
    "Recommendation": Kind("clinical", course="course_id"),
    "RedFlag": Kind(
        "clinical",
        discipline="screen__practitioner_role__discipline",
        author="screen__practitioner_role_id",
        course="course_id",
        part_of="screen_id",
    ),
    "PatientStatement": Kind("clinical", **BY_ROLE),
    "Encounter": Kind("clinical", **BY_ROLE, course="course_id"),
    "ClinicalNote": Kind(
        "note",
        discipline="discipline",
        author="author_id",
        course="course_id",
        corrects="amends_id",
    ),
    "CareSummary": Kind(
        "clinical", discipline="discipline", author="author_id", course="course_id"
    ),
    "Referral": Kind(
        "referral",
        discipline="discipline",
        author="requested_by_id",
        course="condition_id",
        asked_by="requested_by__discipline",
    ),
}
#: who sees a kind besides the circle
HATS = {
    "identity": {"scheduler", "privacy_officer"},
    "register": {"scheduler"},
    "referral": {"scheduler"},
    "oversight": {"privacy_officer"},
}
#: never locked away from the circle
OPEN_TO_CIRCLE = {"identity", "register", "safety"}


@dataclass(frozen=True)
class Row:
    """One row of a patient's: the facts that decide who may see it."""

    kind: str
    id: str
    organization: UUID
    patient: UUID
    discipline: str
    author: UUID | None
    course: UUID | None
    part_of: UUID
    asked_by: str


@dataclass(frozen=True)
class Lockbox:
    """What a patient had locked away, and from whom: kept here as it was said."""

    patient: UUID
    target: str
    what: Any
    audience: str
    whom: Any = None

    def holds(self, row: Row, authors: Mapping[UUID, UUID]) -> bool:
        """Say whether a row is what was meant."""
        if self.target == "everything":
            return True
        if self.target == "discipline":
            return self.what in {row.discipline, row.asked_by}
        if self.target == "practitioner":
            return row.author is not None and authors.get(row.author) == self.what
        return self.what in {row.part_of, row.course}

    def binds(self, who: Person) -> bool:
        """Say whether it is directed at somebody."""
        role = who.practitioner_role
        mine = {"everyone": None, "discipline": role.discipline}
        return bool(self.whom == mine.get(self.audience, role.practitioner_id))


#: what a patient's own login reads of them under `/me`: whose record it is, what they answered and
#: did at home, and what they said, with the plan that it stands in
OF_THEMSELF = frozenset(
    {"Patient", "CarePlan", "PatientStatement", "Assessment", "Score", "AdherenceEntry"}
)


@dataclass
class Ward:
    """Everything that was set up."""

    cast: Cast
    people: dict[str, Person] = field(default_factory=dict)
    hats: dict[str, str] = field(default_factory=dict)
    circles: dict[UUID, set[UUID]] = field(default_factory=dict)
    lockboxes: list[Lockbox] = field(default_factory=list)
    scenes: list[Scene] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    authors: dict[UUID, UUID] = field(default_factory=dict)
    proxied: UUID | None = None
    #: by user: the directives that they wrote down, which they may end without reading them
    wrote_down: dict[Any, set[bytes]] = field(default_factory=dict)

    def may_see(self, name: str, row: Row) -> bool:
        """Say whether somebody may be shown a row."""
        who, hat = self.people[name], self.hats[name]
        if row.organization != who.organization.id:
            return False
        seen = KINDS[row.kind].seen
        if hat == "proxy":
            return row.patient == self.proxied and seen == "identity"
        if hat == "patient":
            return row.patient == self.proxied and row.kind in OF_THEMSELF
        if hat != "practitioner":
            return hat in HATS.get(seen, set())
        if who.practitioner_role.id not in self.circles.get(row.patient, set()):
            return False
        return seen in OPEN_TO_CIRCLE or (
            seen != "oversight" and not self._withheld(who, row, seen)
        )

    def reaches(self, name: str, patient: UUID) -> bool:
        """Say whether anything of a patient is within somebody's reach."""
        return any(self.may_see(name, row) for row in self.rows if row.patient == patient)

    def wrote(self, name: str) -> set[bytes]:
        """Return the ids of the directives that somebody wrote down."""
        return self.wrote_down.get(self.people[name].user.pk, set())

    def is_bound(self, name: str) -> bool:
        """Say whether a patient whom somebody cares for locked something away from them."""
        who = self.people[name]
        return self.hats[name] == "practitioner" and any(
            box.binds(who) and who.practitioner_role.id in self.circles.get(box.patient, set())
            for box in self.lockboxes
        )

    def hidden_from(self, name: str) -> tuple[frozenset[bytes], frozenset[bytes]]:
        """Return the ids and the words of all that somebody may not see.

        Schedulers read which conditions are treated, by whom: ids, and never a word about them.
        Oversight reads which record a directive names. Patients read which course an answer of
        theirs counts for, and never a word about it.
        """
        hidden = [row for row in self.rows if not self.may_see(name, row)]
        planned = self.hats[name] == "scheduler"
        own = self.people[name].organization.id
        ids = {
            row.id.encode()
            for row in hidden
            if not (planned and KINDS[row.kind].seen == "plan" and row.organization == own)
        }
        if self.hats[name] == "privacy_officer":
            ids -= {str(box.what).encode() for box in self.lockboxes}
        if self.hats[name] == "patient":
            named = (row for row in hidden if row.kind == "Course" and row.patient == self.proxied)
            ids -= {row.id.encode() for row in named}
        return frozenset(ids), frozenset(word_of(row.id) for row in hidden)

    def _withheld(self, who: Person, row: Row, seen: str) -> bool:
        role = who.practitioner_role
        if row.author == role.id:
            return False
        if seen == "note" and row.discipline == "psychotherapy" != role.discipline:
            return True
        boxes = [box for box in self.lockboxes if box.patient == row.patient and box.binds(who)]
        return any(box.holds(row, self.authors) for box in boxes)


def word_of(row_id: str) -> bytes:
    """Return the word that a row's texts carry."""
    return b"zq" + row_id.replace("-", "")[-12:].encode()
