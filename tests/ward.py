"""Patients of two organizations with circles and lockboxes of their own, and who may see what.

What is set up here is written down as facts (`circles`, `lockboxes`), and `may_see` reads these
facts and the rows' own columns; it asks nothing of the product's policy. Whatever text a person
writes carries a word that occurs nowhere else, made of the row's own id.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import CharField, TextField
from django.db.models.signals import pre_save

from care_plans import notes
from coordination.consent import Decided, Locked, set_directive
from coordination.models import Organization
from coordination.tenancy import acting_in
from tests.care_plans import written
from tests.cast import NOW, Cast, Person, make_patient
from tests.matrix_scenes import Scene, a_patient, a_proxy, scene_of
from tests.test_every_address import mirrored, records

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
        Oversight reads which record a directive names.
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


@contextmanager
def planting() -> Iterator[None]:
    """Let every text that is written carry its row's word."""

    def plant(sender: Any, instance: Any, **given: Any) -> None:
        if sender.__name__ not in KINDS:
            return
        word = word_of(str(instance.pk)).decode()
        for text in sender._meta.concrete_fields:
            held = getattr(instance, text.attname)
            is_text = text.name in TEXTS and isinstance(text, (CharField, TextField))
            if is_text and not text.choices and held and word not in held:
                setattr(instance, text.attname, f"{held} {word}")

    pre_save.connect(plant, weak=False)
    try:
        yield
    finally:
        pre_save.disconnect(plant)


def open_ward(cast: Cast) -> Ward:
    """Set everything up."""
    ward = Ward(cast)
    with planting():
        _admit(ward)
        _lock(ward)
        _amend(ward)
    _name_people(ward)
    for organization in (cast.riverside, cast.harbour):
        with acting_in(organization.id):
            ward.rows += _rows(organization)
    return ward


def _admit(ward: Ward) -> None:
    cast = ward.cast
    second, third, fourth = (
        make_patient(lead, family_name=name)
        for lead, name in ((cast.gus, "Zqokoye"), (cast.asha, "Zqroy"), (cast.gus, "Zqsato"))
    )
    teams = (
        (cast, (cast.ben, cast.chloe, cast.farah)),
        (replace(cast, asha=cast.gus, patient=second), (cast.ben, cast.chloe, cast.dmitri)),
        (replace(cast, patient=third), (cast.ben,)),
        (replace(cast, asha=cast.gus, patient=fourth), (cast.chloe, cast.esi)),
        (mirrored(cast), ()),
    )
    for one, team in teams:
        ids = dict(records(one))
        written.join(one, *team)
        for who in team:
            written.note(one, who)
            written.visit(one, who)
            written.summary(one, who)
        with one.acting():
            twin = _twin(one)
        circle = {who.practitioner_role.id for who in (one.asha, *team)}
        ward.circles[one.patient.id] = circle
        ward.circles[twin] = {one.asha.practitioner_role.id}
        ward.names.append(one.patient.family_name)
        with one.acting():
            ward.numbers.append(one.patient.identifiers.get().value)
        ward.scenes.append(scene_of(one, ids))


def _twin(one: Cast) -> UUID:
    from coordination.models import DuplicateReview

    found: UUID = (
        DuplicateReview.objects.filter(candidate_id=one.patient.id).latest("pk").patient_id
    )
    return found


def _lock(ward: Ward) -> None:
    cast, (first, second, third, fourth, _) = ward.cast, ward.scenes
    chloe, ben = cast.chloe.practitioner_role, cast.ben.practitioner_role
    esi = cast.esi.practitioner_role
    ward.lockboxes += [
        Lockbox(
            first.patient, "discipline", "massage_therapy", "practitioner", ben.practitioner_id
        ),
        Lockbox(second.patient, "practitioner", chloe.practitioner_id, "discipline", "kinesiology"),
        Lockbox(
            third.patient, "condition", third.ids["Course"], "practitioner", ben.practitioner_id
        ),
        Lockbox(fourth.patient, "record", fourth.ids["ClinicalNote"], "everyone"),
        Lockbox(fourth.patient, "everything", None, "practitioner", esi.practitioner_id),
    ]
    for box in ward.lockboxes:
        _set(cast, box)


def _amend(ward: Ward) -> None:
    """Write something in the place of the note that was locked away, and again in its place."""
    from care_plans.models import ClinicalNote

    last = UUID(str(ward.scenes[3].ids["ClinicalNote"]))
    with ward.cast.acting():
        author = ClinicalNote.objects.get(pk=last).author_id
        (who,) = (
            one
            for one in ward.cast.everybody.values()
            if one.role is not None and one.role.pk == author
        )
        for _ in range(2):
            last = notes.amend_note(
                last, text="Otherwise.", because="Wrong.", actor=who.actor(), now=NOW
            ).pk


def _set(cast: Cast, box: Lockbox) -> None:
    targets = {
        "discipline": "target_discipline",
        "practitioner": "target_practitioner_id",
        "condition": "target_id",
        "record": "target_id",
    }
    said: dict[str, Any] = {"target": box.target, "audience": box.audience}
    if box.target in targets:
        said[targets[box.target]] = box.what
    if box.audience != "everyone":
        whom = {"discipline": "", "practitioner": "_id"}[box.audience]
        said[f"audience_{box.audience}{whom}"] = box.whom
    with cast.acting():
        set_directive(box.patient, Locked(**said), decided=SAID, actor=cast.pia.actor(), now=NOW)


def _name_people(ward: Ward) -> None:
    cast = ward.cast
    practising = ("asha", "ben", "chloe", "dmitri", "esi", "farah", "gus", "olu")
    for name in practising:
        ward.people[name], ward.hats[name] = cast.everybody[name], "practitioner"
    for name, hat in (("sam", "scheduler"), ("ada", "administrator"), ("pia", "privacy_officer")):
        ward.people[name], ward.hats[name] = cast.everybody[name], hat
    ward.people["zoe"], ward.hats["zoe"] = a_proxy(cast), "proxy"
    ward.people["noor"], ward.hats["noor"] = a_patient(cast), "patient"
    ward.proxied = cast.patient.id
    for who in ward.people.values():
        assert who.client is not None
    from coordination.models import PractitionerRole

    for organization in (cast.riverside, cast.harbour):
        with acting_in(organization.id):
            roles = PractitionerRole.objects.values_list("pk", "practitioner_id")
            ward.authors |= dict(roles)


def _rows(organization: Organization) -> Iterator[Row]:
    models = {model.__name__: model for model in apps.get_models()}
    for name, kind in KINDS.items():
        rows: Any = models[name]._default_manager
        paths = (
            kind.patient,
            kind.discipline,
            kind.author,
            kind.course,
            kind.part_of,
            kind.asked_by,
            kind.corrects,
        )
        found = list(rows.values("pk", *(path for path in paths if path)))
        originals = {row["pk"]: row[kind.corrects] for row in found if kind.corrects}
        for row in found:
            yield Row(
                name,
                str(row["pk"]),
                organization.id,
                row[kind.patient],
                row.get(kind.discipline, ""),
                row.get(kind.author),
                row.get(kind.course),
                _first(row[kind.part_of], originals),
                row.get(kind.asked_by, ""),
            )


def _first(one: UUID, originals: Mapping[UUID, UUID | None]) -> UUID:
    """Return the first version of a record: it stands for all of them."""
    before = originals.get(one)
    return one if before is None else _first(before, originals)
