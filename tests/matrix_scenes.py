"""Whose records the access matrix asks for, and who asks.

Three scenes, alike but for whose they are: `own` (Asha's patient, with Ben in the team), `other`
(a patient of Hana's, in the same organization) and `foreign` (a patient of Olu's, at Harbour).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.apps import apps
from rest_framework.test import APIClient

from care_plans.models import Condition, Course, SourceDocument
from coordination import consent, denials, own_access, portals, proxies
from coordination.actors import Actor, Role
from coordination.login_fence import known_as, login_of
from coordination.logins import issue_token
from coordination.models import AccessReview, AccessSample, Denial, Editable
from coordination.tenancy import acting_in
from notifications.models import Message
from tests.care_plans import underway, written
from tests.cast import LONG_AGO, NOW, Cast, Person, make_patient, make_person
from tests.coordination.relatives import beside
from tests.test_every_address import mirrored, records
from tests.test_openapi import NOBODY

POSITIONS = ("own", "other", "foreign")
#: kinds of records that are an organization's, or of one's own login
NO_PATIENTS = {
    "Denial",
    "Location",
    "Login",
    "OwnSession",
    "OwnToken",
    "Practitioner",
    "PractitionerRole",
    "ScopeNarrowing",
    "SecondFactor",
}


@dataclass(frozen=True)
class Scene:
    """One patient with a record of each kind, by the name of its model."""

    patient: UUID
    ids: Mapping[str, UUID | int]
    colleague: str
    signature: Mapping[str, str]

    def of(self, model: str) -> str:
        """Return the id of the record of a kind."""
        return str(self.ids.get(model, NOBODY))

    @property
    def missing(self) -> "Scene":
        """Return the same with a patient and records that are not there."""
        return replace(self, patient=UUID(NOBODY), ids={}, colleague=NOBODY)

    def traces(self, kind: str) -> frozenset[bytes]:
        """Return what shows, in a list of this kind of record, that it tells of this scene.

        A list of what no patient owns tells of it by its own record; any other by the patient's.
        """
        if kind in NO_PATIENTS:
            return frozenset({self.of(kind).encode()})
        owned = (one for name, one in self.ids.items() if name not in NO_PATIENTS)
        return frozenset(str(one).encode() for one in (self.patient, *owned))


@dataclass
class Visitor:
    """One column: how it asks with a token, and at a browser; each is made once, when needed."""

    make_program: Callable[[], APIClient]
    make_browser: Callable[[], APIClient]

    @cached_property
    def program(self) -> APIClient:
        return self.make_program()

    @cached_property
    def browser(self) -> APIClient:
        return self.make_browser()


def scenes(cast: Cast) -> dict[str, Scene]:
    """Set the three scenes."""
    hana = make_person(cast.riverside, "Hana", discipline="physiotherapy", location=cast.downtown)
    other = replace(cast, asha=hana, patient=make_patient(hana, family_name="Okoye"))
    written.join(cast, cast.ben)
    return {
        "own": _scene(cast, cast.asha),
        "other": _scene(other, cast.ben),
        "foreign": _scene(mirrored(cast), cast.olu),
    }


def _scene(cast: Cast, login: Person) -> Scene:
    """Set one scene; `login` is whose sessions, tokens and factors are asked for."""
    ids: dict[str, Any] = dict(records(cast))
    with cast.acting():
        ids |= _seldom(cast)
        ids |= _of_physiotherapy(cast, Course.objects.get(pk=ids["Course"]))
    ids |= _of_login(login)
    return scene_of(cast, ids)


def scene_of(cast: Cast, ids: Mapping[str, Any]) -> Scene:
    """Return the scene of a patient whose records are known."""
    place = cast.asha.practitioner_role.location
    newcomer = make_person(cast.riverside, "Ines", discipline="nutrition", location=place)
    signer = cast.asha.practitioner_role
    signature = {
        "name": signer.practitioner.name,
        "college": signer.college,
        "registration_number": signer.registration_number,
    }
    return Scene(cast.patient.id, ids, str(newcomer.practitioner_role.id), signature)


def versions(cast: Cast) -> dict[str, int]:
    """Return the version of each row that can be edited, by its id."""
    found: dict[str, int] = {}
    for organization in (cast.riverside, cast.harbour):
        with acting_in(organization.id):
            for model in apps.get_models():
                if issubclass(model, Editable):
                    rows = model._default_manager.values_list("pk", "version")
                    found |= {str(pk): version for pk, version in rows}
    return found


def _of_physiotherapy(cast: Cast, course: Course) -> dict[str, Any]:
    """Choose, where a course has many of a kind, what its lead's own discipline works on."""
    lane = underway.lane(course, "physiotherapy")
    told = Message.objects.filter(
        patient_id=course.patient_id, to_practitioner_role=cast.asha.role, channel="in_app"
    )
    return {
        "Lane": lane.pk,
        "Activity": lane.activities.order_by("key").values_list("pk", flat=True)[0],
        "Message": told.order_by("pk").values_list("pk", flat=True)[0],
    }


def _seldom(cast: Cast) -> dict[str, Any]:
    """Write what only an import, a weekly draw or a refusal leaves behind."""
    mine = {"organization": cast.riverside, "patient": cast.patient}
    sample = (
        AccessSample.objects.create(
            organization=cast.riverside, week=NOW.date(), seed=1, drawn_at=NOW, drawn=1
        )
        if not AccessSample.objects.exists()
        else AccessSample.objects.get()
    )
    review = AccessReview.objects.create(
        **mine,
        sample=sample,
        audit_event_id=cast.patient.id,
        accessed_at=NOW,
        user_id=cast.asha.user.id,
        actor=cast.asha.user.email,
        event="patient.read",
        resource="Patient",
        basis="",
        rules=["random"],
    )
    condition = Condition.objects.create(
        **mine,
        origin="imported",
        display="Asthma",
        clinical_status="active",
        source_key=f"condition {cast.patient.id}",
        recorded_at=NOW,
    )
    document = SourceDocument.objects.create(
        **mine,
        kind="CarePlan",
        content={},
        source_key=f"document {cast.patient.id}",
        source_digest="0" * 64,
        recorded_at=NOW,
    )
    right = {
        "right": "message",
        "granted_by": "patient",
        "legal_basis": "patient_authorization",
        "evidence": "form 12",
        "since": LONG_AGO,
        "until": datetime.now(UTC) + timedelta(days=30),
    }
    person = beside(cast)
    held = proxies.grant_right(person.id, right, actor=cast.asha.actor(), now=NOW)
    refusal = denials.Refusal(
        actor=cast.asha.actor(),
        now=NOW,
        verb="GET",
        action="course.retrieve",
        rule="reach",
        status=404,
    )
    assert denials.keep(refusal)
    agreed = consent.record_consent(
        cast.patient.id,
        category="treatment",
        about="care",
        decision="permit",
        decided=consent.Decided(given_by="patient", means="spoken"),
        actor=cast.asha.actor(),
        now=NOW,
    )
    return {
        "Consent": agreed.pk,
        "RelatedPerson": person.pk,
        "AccessReview": review.pk,
        "Condition": condition.pk,
        "SourceDocument": document.pk,
        "RelatedPersonRight": held.pk,
        "Denial": Denial.objects.order_by("pk").latest("pk").pk,
    }


def _of_login(who: Person) -> dict[str, Any]:
    token, _ = issue_token(
        who.user, who.organization.id, name="another", now=datetime.now(UTC), is_vouched=True
    )
    logged_in(who)
    with known_as(who.user.pk):
        session = who.user.loginsession_set.latest("pk")
        factor = Authenticator.objects.create(
            user=who.user, type=Authenticator.Type.TOTP, data={"secret": ""}
        )
    return {
        "OwnToken": token.pk,
        "OwnSession": session.pk,
        "SecondFactor": factor.pk,
        "Login": who.user.pk,
    }


def logged_in(who: Person) -> APIClient:
    """Return a browser in which somebody has logged in with a second factor."""
    browser = APIClient()
    with known_as(who.user.pk):
        browser.force_login(who.user)
    session = browser.session
    session["factor"] = "totp"
    session["organization"] = str(who.organization.id)
    session.save()
    return browser


def visitors(cast: Cast) -> dict[str, Visitor]:
    """Return every column of the matrix."""
    people = {
        "lead": cast.asha,
        "colleague": cast.ben,
        "outsider": cast.gus,
        "scheduler": cast.sam,
        "administrator": cast.ada,
        "privacy": cast.pia,
        "proxy": a_proxy(cast),
        "patient": a_patient(cast),
        "foreigner": cast.olu,
    }
    found = {name: _visitor(who) for name, who in people.items()}
    found["portal"] = Visitor(lambda: _portal(cast), APIClient)
    found["nobody"] = Visitor(APIClient, APIClient)
    return found


def _visitor(who: Person) -> Visitor:
    return Visitor(lambda: who.client, lambda: logged_in(who))


def a_proxy(cast: Cast) -> Person:
    with cast.acting():
        person = beside(cast)
        for right in ("view", "consent"):
            fields = {
                "right": right,
                "granted_by": "patient",
                "legal_basis": "patient_authorization",
                "evidence": "form 12",
                "since": LONG_AGO,
                "until": datetime.now(UTC) + timedelta(days=30),
            }
            proxies.grant_right(person.id, fields, actor=cast.asha.actor(), now=NOW)
        email = "zoe@continuum.example"
        proxies.bind_login(person.id, email=email, actor=cast.sam.actor(), now=NOW)
    return Person(login_of(email), cast.riverside)


def a_patient(cast: Cast) -> Person:
    user, _ = own_access.bind_login(
        cast.patient.id,
        organization_id=cast.riverside.id,
        email="noor@continuum.example",
        password=None,
        now=NOW,
    )
    return Person(user, cast.riverside)


def _portal(cast: Cast) -> APIClient:
    """Return a portal that acts by itself as a scheduler, and was granted `patient:read` alone."""
    now = datetime.now(UTC)
    portal, secret = portals.register_portal(
        cast.riverside.id,
        name="Family portal",
        scopes=["patient:read"],
        role=Role.SCHEDULER,
        actor=Actor.system("operator", cast.riverside.id),
        now=now,
    )
    asked = APIClient().post(
        "/oauth/token",
        {
            "grant_type": "client_credentials",
            "client_id": portal.client_id,
            "client_secret": secret,
        },
        format="multipart",
    )
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {asked.json()['access_token']}")
    return client
