"""Setting a ward up: who is admitted, what is locked away, and the word that each text carries."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import CharField, TextField
from django.db.models.signals import pre_save

from care_plans import notes
from coordination.consent import Locked, set_directive
from coordination.models import Directive, Organization
from coordination.tenancy import acting_in
from tests.care_plans import written
from tests.cast import NOW, Cast, make_patient
from tests.matrix_scenes import a_patient, a_proxy, scene_of
from tests.test_every_address import mirrored, records
from tests.ward import KINDS, SAID, TEXTS, Lockbox, Row, Ward, word_of


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
            for directive, user in Directive.objects.values_list("pk", "consent__user_id"):
                ward.wrote_down.setdefault(user, set()).add(str(directive).encode())
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
