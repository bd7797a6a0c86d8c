"""The third fence: what the patient had locked away, and what is closed by default.

Every reader, message, event and explanation asks `disclosed_to`. It is a queryset condition, so
that the database answers it together with the rows, and nothing is remembered between requests:
a directive holds for whatever is read after it was set.

Whoever wrote a row goes on seeing it, a draft they alone, and so does the software, which must
weigh all facts; what it concludes is shown with the withheld parts left out. A scheduler's
directory view holds nothing clinical, so directives do not touch it; nor do they touch the
oversight of whoever guards privacy.
An override that opens what is withheld opens it for one practitioner, until it ends.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any, Literal
from uuid import UUID

from django.apps import apps
from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet, Subquery

from coordination.actors import Actor, Role
from coordination.models import (
    AccessGrant,
    CareTeamMember,
    Directive,
    Labels,
    Override,
    Patient,
    PractitionerRole,
    current,
)
from coordination.succession import IsVersionOf

#: clinical: the circle of care; directory: identity and logistics; oversight: identity only,
#: for whoever guards privacy
View = Literal["clinical", "directory", "oversight"]


#: an empty condition would vanish from a disjunction instead of holding
EVERY_ROW = ~Q(pk__in=[])


class Unlabelled(TypeError):
    """A model that patients own does not say what a directive could name."""


def labels_of(model: type[Model]) -> Labels:
    """Return a model's labels; raises `Unlabelled`, so that nothing is disclosed without."""
    labels = getattr(model, "labels", None)
    if not isinstance(labels, Labels):
        raise Unlabelled(f"{model._meta.label} has no labels for consent directives.")
    return labels


@cache
def labelled() -> dict[str, type[Model]]:
    """Return every labelled model that may be withheld, by its name as a record (`Course`)."""
    return {
        model._meta.object_name or "": model
        for model in apps.get_models()
        if isinstance(getattr(model, "labels", None), Labels) and not labels_of(model).is_identity
    }


def is_bound(actor: Actor, *, view: View = "clinical") -> bool:
    """Say whether directives apply to this reader at all in this view."""
    if actor.is_software:
        return False
    if view == "oversight":
        return Role.PRIVACY_OFFICER not in actor.roles
    return not (view == "directory" and Role.SCHEDULER in actor.roles)


def disclosed_to(
    model: type[Model], actor: Actor, now: datetime, *, view: View = "clinical", at: str = ""
) -> Q:
    """Select the rows of a model that nothing withholds from the actor.

    `at` is the path (with its `__`) to the model from the rows that are filtered.
    """
    labels = labels_of(model)
    if labels.is_identity or actor.is_software or (labels.is_safety and view == "clinical"):
        return EVERY_ROW
    if not is_bound(actor, view=view):
        return EVERY_ROW if view == "oversight" else _ready(labels, actor, at=at)
    patient = at + labels.patient
    shown = Q(~Exists(_withholding(labels, actor, now, at=at)))
    if labels.sensitivity:
        shown &= Q(**{f"{at}{labels.sensitivity}": ""}) | _of_same_discipline(
            labels, actor, now, at
        )
    shown |= _own(labels, actor, at=at)
    shown |= Q(opened_for(patient, actor, now))
    return shown if labels.is_logistic else shown & _ready(labels, actor, at=at)


def named_to(
    model: type[Model], actor: Actor, now: datetime, *, at: str, view: View = "clinical"
) -> Subquery:
    """Return the id at `at`, of a record of this model, or null where that is withheld.

    A record that may be read names others that may not: their ids are left out as they are.
    """
    rows: QuerySet[Any, Any] = QuerySet(model)
    shown = rows.filter(disclosed_to(model, actor, now, view=view), pk=OuterRef(at))
    return Subquery(shown.order_by().values("pk"))


def is_doer_shown(actor: Actor, now: datetime, *, at: str, patient: str = "patient_id") -> Q:
    """Select the rows at whose path `at` no practitioner role stands that is withheld.

    For what somebody else did to a record that may be read: who cleared it, or decided on it.
    """
    found = directed_at(actor, now, Q(patient_id=OuterRef(patient)))
    if found is None:
        return EVERY_ROW
    kinds = Directive.Target
    target = Q(target=kinds.EVERYTHING) | _membership(at)
    target |= Q(target=kinds.DISCIPLINE, target_discipline=OuterRef(f"{at}__discipline"))
    doer = OuterRef(f"{at}__practitioner_id")
    target |= Q(target=kinds.PRACTITIONER, target_practitioner_id=doer)
    mine = Q(**{f"{at}_id__in": actor.practitioner_role_ids})
    return mine | Q(**{f"{at}_id": None}) | Q(~Exists(found.filter(target)))


def is_member_shown(actor: Actor, now: datetime, *, at: str, patient: str = "patient_id") -> Q:
    """Select the rows at whose path `at` nobody stands whose membership in the team is withheld."""
    found = directed_at(actor, now, Q(patient_id=OuterRef(patient)))
    return EVERY_ROW if found is None else Q(~Exists(found.filter(_membership(at))))


def applying_to(actor: Actor, now: datetime) -> QuerySet[Any, Any]:
    """Return the directives in force that are directed at the actor, whatever they withhold."""
    practitioners = {role.practitioner_id for role in actor.practitioner_roles}
    audience = Q(audience=Directive.Audience.EVERYONE)
    audience |= Q(audience_discipline__in=sorted(actor.disciplines))
    audience |= Q(audience_practitioner_id__in=practitioners)
    return Directive.objects.in_force(now).filter(audience, organization_id=actor.organization_id)


def opened_by(actor: Actor, now: datetime) -> QuerySet[Any, Any]:
    """Return the actor's overrides that open what is withheld, now."""
    return Override.objects.filter(
        current(now),
        organization_id=actor.organization_id,
        practitioner_role_id__in=actor.practitioner_role_ids,
        opens_withheld=True,
    )


def opened_for(patient: str, actor: Actor, now: datetime) -> Exists:
    """Say whether an override of the actor's opens the record at a path, now.

    It opens the person: what rests in the record that was named is open as well.
    """
    goes_on = Patient.objects.filter(pk=OuterRef(OuterRef(patient))).values("merged_into_id")
    named = Q(patient_id=OuterRef(patient)) | Q(patient_id__in=goes_on)
    return Exists(opened_by(actor, now).filter(named))


def something_withheld(
    actor: Actor,
    now: datetime,
    patient_ids: Iterable[UUID],
    *,
    view: View = "clinical",
    asked_for: QuerySet[Any, Any] | None = None,
) -> bool:
    """Say whether a directive of any of these patients is directed at the reader.

    It tells that, never what, nor whether it was asked for just now: so it does not depend on
    what a query would have found. `asked_for` are further patients, within the reader's reach.
    """
    wanted = list(patient_ids)
    if not (wanted or asked_for is not None):
        return False
    about = Q(patient_id__in=wanted)
    if asked_for is not None:
        about |= Q(patient_id__in=asked_for.values("pk"))
    found = directed_at(actor, now, about, view=view)
    return found is not None and bool(found.exists())


def people_withheld(
    actor: Actor,
    now: datetime,
    patient_id: UUID,
    user_ids: Iterable[UUID],
    *,
    view: View = "clinical",
) -> set[UUID]:
    """Return whose doing a patient's directives withhold from the actor, by login.

    Whose membership in the team is withheld is among them: what they wrote is told without a name.
    """
    found = directed_at(actor, now, Q(patient_id=patient_id), view=view)
    others = set(user_ids) - {actor.user_id}
    if found is None or not others:
        return set()
    kinds = Directive.Target
    locked = list(
        found.values("target", "target_discipline", "target_practitioner_id", "target_id")
    )
    if any(one["target"] == kinds.EVERYTHING for one in locked):
        return others
    disciplines = [one["target_discipline"] for one in locked if one["target_discipline"]]
    practitioners = [one["target_practitioner_id"] for one in locked]
    members = CareTeamMember.objects.filter(pk__in=[one["target_id"] for one in locked])
    roles = PractitionerRole.objects.filter(
        Q(discipline__in=disciplines)
        | Q(practitioner_id__in=practitioners)
        | Q(pk__in=members.values("practitioner_role_id")),
        practitioner__user_id__in=others,
    )
    return others & set(roles.values_list("practitioner__user_id", flat=True))


def is_role_withheld(
    actor: Actor, now: datetime, patient_id: UUID, role: PractitionerRole, *, view: View
) -> bool:
    """Say whether a patient's directives withhold from the actor what a practitioner does.

    It does not depend on whether they do anything for the patient.
    """
    found = directed_at(actor, now, Q(patient_id=patient_id), view=view)
    if found is None or role.pk in actor.practitioner_role_ids:
        return False
    kinds = Directive.Target
    target = Q(target=kinds.EVERYTHING)
    target |= Q(target=kinds.DISCIPLINE, target_discipline=role.discipline)
    target |= Q(target=kinds.PRACTITIONER, target_practitioner_id=role.practitioner_id)
    target |= Q(target=kinds.RECORD, target_id__in=_memberships(role.pk))
    return bool(found.filter(target).exists())


def directed_at(
    actor: Actor, now: datetime, about: Q, *, view: View = "clinical"
) -> QuerySet[Any, Any] | None:
    """Return the directives among those `about` that withhold something from the reader now.

    None where directives do not apply to the reader at all.
    """
    if not is_bound(actor, view=view):
        return None
    return applying_to(actor, now).filter(about).exclude(opened_for("patient_id", actor, now))


def events_disclosed_to(actor: Actor, now: datetime) -> Q:
    """Select the events (`subject`, `subject_id`) whose record nothing withholds from the actor.

    The record is looked up only where the patient has a directive directed at the actor, or where
    records of the kind may be closed by default.
    """
    if not is_bound(actor):
        return EVERY_ROW
    locked = Exists(applying_to(actor, now).filter(patient_id=OuterRef("patient_id")))
    plain = [name for name, model in labelled().items() if _is_plain(labels_of(model))]
    free = Q(patient=None) | (~Q(locked) & (Q(subject__in=plain) | ~Q(subject__in=labelled())))
    identities = Q(subject__in=_identities())
    found = free | identities
    for name, model in labelled().items():
        rows: QuerySet[Any, Any] = QuerySet(model)
        shown = rows.filter(disclosed_to(model, actor, now))
        found |= Q(Exists(shown.filter(pk=OuterRef("subject_id"))), subject=name)
    # what came of a review is between whoever guards privacy and whom they tell
    found &= ~Q(subject="AccessReview")
    return found & ~Q(subject="Override", subject_id__in=_overrides_of_others(actor))


def events_of_drafts(actor: Actor) -> Q:
    """Select the events about drafts that are no matter for the desk, whoever works at it."""
    found = Q(pk__in=[])
    for name, model in labelled().items():
        labels = labels_of(model)
        if labels.ready and labels.is_logistic:
            rows: QuerySet[Any, Any] = QuerySet(model)
            drafts = rows.exclude(_ready(labels, actor, at=""))
            found |= Q(Exists(drafts.filter(pk=OuterRef("subject_id"))), subject=name)
    return found


def _is_plain(labels: Labels) -> bool:
    """Say whether every row of a kind is open to the circle unless a directive says otherwise."""
    return not labels.sensitivity and (labels.is_logistic or not labels.ready)


def _overrides_of_others(actor: Actor) -> QuerySet[Any, Any]:
    """Return whose breaking of the glass is between them and whoever guards privacy."""
    others = Override.objects.filter(organization_id=actor.organization_id)
    return others.exclude(practitioner_role_id__in=actor.practitioner_role_ids).values("pk")


@cache
def _identities() -> list[str]:
    return [
        model._meta.object_name or ""
        for model in apps.get_models()
        if isinstance(getattr(model, "labels", None), Labels) and labels_of(model).is_identity
    ]


def _withholding(labels: Labels, actor: Actor, now: datetime, *, at: str) -> QuerySet[Any, Any]:
    kinds = Directive.Target
    target = Q(target=kinds.EVERYTHING)
    target |= Q(target=kinds.RECORD) & _names(labels, at=at)
    if labels.discipline:
        target |= Q(target=kinds.DISCIPLINE, target_discipline=OuterRef(at + labels.discipline))
    for role in _roles(labels, at=at):
        wrote = OuterRef(f"{role}__practitioner_id")
        target |= Q(target=kinds.PRACTITIONER, target_practitioner_id=wrote)
        if f"{role}__discipline" != at + labels.discipline:
            of = OuterRef(f"{role}__discipline")
            target |= Q(target=kinds.DISCIPLINE, target_discipline=of)
    for path in labels.members:
        target |= Q(target=kinds.RECORD, target_id__in=_memberships(OuterRef(OuterRef(at + path))))
    if labels.recorder:
        roles = PractitionerRole.objects.filter(
            practitioner__user_id=OuterRef(OuterRef(at + labels.recorder))
        )
        target |= Q(
            target=kinds.PRACTITIONER, target_practitioner_id__in=roles.values("practitioner_id")
        )
        target |= Q(target=kinds.DISCIPLINE, target_discipline__in=roles.values("discipline"))
    if labels.condition:
        target |= Q(
            target__in=[kinds.CONDITION, kinds.RECORD],
            target_id=OuterRef(at + labels.condition),
        )
    about = Q(patient_id=OuterRef(at + labels.patient))
    return applying_to(actor, now).filter(about, target)


def _names(labels: Labels, *, at: str) -> Q:
    """Say whether a directive names a row's record, or another version of it."""
    record = OuterRef(at + labels.record)
    if not labels.versions:
        return Q(target_id=record)
    return Q(IsVersionOf(F("target_id"), record, kinds=labels.versions))


def _membership(at: str) -> Q:
    """Select the directives that name the membership of the role at a path."""
    members = _memberships(OuterRef(OuterRef(f"{at}_id")))
    return Q(target=Directive.Target.RECORD, target_id__in=members)


def _memberships(role: Any) -> QuerySet[Any, Any]:
    """Return the memberships of a role in teams, whichever patient's: a directive is about one."""
    return CareTeamMember.objects.filter(practitioner_role_id=role).values("pk")


def _roles(labels: Labels, *, at: str) -> list[str]:
    """Return the paths to the practitioner roles whose doing a row is."""
    return [at + path.removesuffix("_id") for path in (labels.author, *labels.parties) if path]


def _ready(labels: Labels, actor: Actor, *, at: str) -> Q:
    """Leave out the drafts of others; an override opens none, for nobody was kept from them."""
    if not labels.ready:
        return EVERY_ROW
    return Q(**{f"{at}{labels.ready}__isnull": False}) | _own(labels, actor, at=at)


def _own(labels: Labels, actor: Actor, *, at: str) -> Q:
    own = Q(pk__in=[])
    for role in _roles(labels, at=at):
        own |= Q(**{f"{role}_id__in": actor.practitioner_role_ids})
    if labels.recorder and actor.user_id is not None:
        own |= Q(**{at + labels.recorder: actor.user_id})
    return own


def _of_same_discipline(labels: Labels, actor: Actor, now: datetime, at: str) -> Q:
    if not labels.discipline:
        return Q(pk__in=[])
    if len(actor.disciplines) == 1:  # in the circle at all means in the circle as that
        return Q(**{f"{at}{labels.discipline}__in": sorted(actor.disciplines)})
    shown = Q(pk__in=[])
    for discipline in sorted(actor.disciplines):
        roles = [role.id for role in actor.practitioner_roles if role.discipline == discipline]
        held = AccessGrant.objects.filter(
            current(now),
            organization_id=actor.organization_id,
            patient_id=OuterRef(at + labels.patient),
            practitioner_role_id__in=roles,
        )
        shown |= Q(Exists(held), **{f"{at}{labels.discipline}": discipline})
    return shown
