"""Proxies: each right by itself, for its time, and not a moment longer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from coordination import own_access, proxies
from coordination.actors import Role
from coordination.login_fence import login_of
from coordination.models import (
    AuditEvent,
    Directive,
    Membership,
    Patient,
    RelatedPerson,
    RelatedPersonRight,
)
from coordination.problems import Denied, NotFound, Stale
from coordination.staff import FROM_OUTSIDE, LoginOfAnother, admit_member
from coordination.tenancy import acting_in
from tests import lockbox
from tests.care_plans import underway
from tests.cast import LONG_AGO, NOW, Cast, Person, make_person
from tests.coordination.relatives import beside
from tests.held import MOMENT, Held
from tests.matrix_scenes import a_patient

URL = "/api/v1/related-persons"
MINE = "/api/v1/me/patients"
DAY = timedelta(days=1)
RIGHTS = list(RelatedPersonRight.Right.values)


def grant(cast: Cast, person: RelatedPerson, right: str, **changes: Any) -> RelatedPersonRight:
    fields = {
        "right": right,
        "granted_by": "patient",
        "legal_basis": "patient_authorization",
        "evidence": "form 12",
        "since": NOW - DAY,
        "until": timezone.now() + 30 * DAY,
        **changes,
    }
    return proxies.grant_right(person.id, fields, actor=cast.asha.actor(), now=NOW)


def proxy(cast: Cast) -> tuple[RelatedPerson, Person]:
    with cast.acting():
        person = beside(cast)
    email = "rana@continuum.example"
    answer = cast.sam.client.post(f"{URL}/{person.id}/login", {"email": email})
    assert (answer.status_code, answer.data["has_login"]) == (200, True)
    return person, Person(login_of(email), cast.riverside)


@pytest.mark.feature("PT-04")
@pytest.mark.parametrize("right", RIGHTS)
def test_it_implies_no_right_by_another(cast: Cast, right: str) -> None:
    person, rana = proxy(cast)
    assert rana.client.get(MINE).data == []
    with cast.acting():
        grant(cast, person, right)
        now = timezone.now()
        assert proxies.rights_of(rana.actor(now), cast.patient.id, now) == {right}
        for other in set(RIGHTS) - {right}:
            with pytest.raises(Denied) as refused:
                proxies.demand(other, rana.actor(now), cast.patient.id, now)
            assert refused.value.rule == f"proxy.{other}"
    seen = rana.client.get(MINE).data
    assert [row["id"] for row in seen] == ([str(cast.patient.id)] if right == "view" else [])
    body = {"target": "everything", "audience": "everyone"}
    asked = rana.client.post(f"{MINE}/{cast.patient.id}/directives", body)
    assert asked.status_code == (201 if right == "consent" else 403)
    with cast.acting():
        assert Directive.objects.count() == (right == "consent")


@pytest.mark.feature("PT-04")
def test_it_refuses_a_right_the_moment_it_ends(cast: Cast) -> None:
    person, rana = proxy(cast)
    with cast.acting():
        end = NOW + 10 * DAY
        actor = rana.actor(timezone.now())
        grant(cast, person, "view", until=end)
        for at, held in ((end - timedelta(microseconds=1), {"view"}), (end, set())):
            assert proxies.rights_of(actor, cast.patient.id, at) == held
            assert proxies.patients_seen_by(actor, at).exists() == bool(held)
        with pytest.raises(NotFound):
            proxies.demand("view", actor, cast.patient.id, end)
        book = grant(cast, person, "book")
        view = grant(cast, person, "view", since=end)
        revoke = cast.asha.client.post(
            f"{URL}/{person.id}/revoke", {"right": str(book.id), "because": "Asked by the patient"}
        )
        assert revoke.status_code == 200
        later = timezone.now() + 20 * DAY
        assert proxies.rights_of(actor, cast.patient.id, later) == {"view"}
        assert view.revoked_at is None


@pytest.mark.feature("PT-04")
def test_it_opens_nothing_else_to_a_proxy_and_says_proxy_in_the_trail(cast: Cast) -> None:
    person, rana = proxy(cast)
    with cast.acting():
        for right in RIGHTS:
            grant(cast, person, right)
    assert rana.client.get(f"{MINE}/{cast.patient.id}").data["family_name"] == "Tremblay"
    for path in ("patients", "courses", "referrals", "hand-offs", f"patients/{cast.patient.id}"):
        assert rana.client.get(f"/api/v1/{path}").status_code in (403, 404), path
    assert rana.client.get(f"{MINE}/{cast.stranger.id}").status_code == 404
    assert cast.asha.client.get(MINE).status_code == 403
    with cast.acting():
        row = AuditEvent.objects.get(event="Patient.read", user_id=rana.user.id)
        assert (row.bases, row.patient_ids) == (["proxy"], [cast.patient.id])


@pytest.mark.feature("PT-04")
def test_it_shows_the_plan_to_who_may_view_but_for_what_is_locked_from_everyone(
    cast: Cast,
) -> None:
    person, rana = proxy(cast)
    at = f"{MINE}/{cast.patient.id}/plan"
    with cast.acting():
        course = underway.start(cast)
        for right in set(RIGHTS) - {"view"}:
            grant(cast, person, right)
    assert rana.client.get(at).status_code == 404
    with cast.acting():
        grant(cast, person, "view")
    shown = rana.client.get(at).data
    assert shown == [{"condition": course.condition, "status": "active", "stage": "acute"}]
    lock = {"target": "condition", "target_id": course.id, "audience": "everyone"}
    lockbox.Scene(cast, course).lock(**lock)
    assert rana.client.get(at).data == []


def test_it_takes_a_right_only_with_its_document(cast: Cast) -> None:
    with cast.acting():
        person = beside(cast)
    body = {
        "right": "view",
        "granted_by": "authority",
        "legal_basis": "power_of_attorney",
        "evidence": "file 7",
        "since": NOW.isoformat(),
        "until": (timezone.now() + DAY).isoformat(),
    }
    at = f"{URL}/{person.id}/rights"
    wrong = [{"evidence": ""}, {"granted_by": "patient"}, {"until": NOW.isoformat()}]
    for change in wrong:
        assert cast.asha.client.post(at, {**body, **change}).status_code == 400, change
    assert cast.asha.client.post(at, body).status_code == 201
    assert cast.asha.client.post(at, body).status_code == 409
    assert cast.gus.client.post(at, body).status_code == 404
    shown = cast.sam.client.get(URL, {"patient": str(cast.patient.id)}).data["results"]
    assert [right["legal_basis"] for right in shown[0]["rights"]] == ["power_of_attorney"]


@pytest.mark.feature("PT-04")
def test_it_lets_nobody_alone_open_a_record_to_themselves(cast: Cast) -> None:
    with cast.acting():
        person = beside(cast)
    at = f"{URL}/{person.id}"
    for member in (cast.sam, cast.gus):
        refused = cast.sam.client.post(f"{at}/login", {"email": member.user.email})
        assert (refused.status_code, refused.data["rule"]) == (403, "related-person.staff")
    right = {
        "right": "view",
        "granted_by": "patient",
        "legal_basis": "patient_authorization",
        "evidence": "form 12",
        "since": NOW.isoformat(),
        "until": (timezone.now() + DAY).isoformat(),
    }
    email = {"email": "rana@continuum.example"}
    assert cast.sam.client.post(f"{at}/rights", right).status_code == 201
    alone = cast.sam.client.post(f"{at}/login", email)
    assert (alone.status_code, alone.data["rule"]) == (403, "related-person.second-person")
    # nor the other way round
    with cast.acting():
        other = beside(cast)
    at = f"{URL}/{other.id}"
    assert cast.sam.client.post(f"{at}/login", email).status_code == 200
    alone = cast.sam.client.post(f"{at}/rights", right)
    assert (alone.status_code, alone.data["rule"]) == (403, "related-person.second-person")
    assert cast.asha.client.post(f"{at}/rights", right).status_code == 201


@pytest.mark.feature("PT-04")
@pytest.mark.parametrize("first", ["granted", "bound", "bound by another"])
def test_it_lets_nobody_alone_open_a_record_to_themselves_by_doing_both_at_once(
    committed_cast: Cast, first: str
) -> None:
    cast = committed_cast
    with cast.acting():
        person = beside(cast)
    fields = {
        "right": "view",
        "granted_by": "patient",
        "legal_basis": "patient_authorization",
        "evidence": "form 12",
        "since": NOW,
        "until": NOW + DAY,
    }
    tom = make_person(cast.riverside, "Tom", hat=Role.SCHEDULER)

    def grant_it() -> object:
        return proxies.grant_right(person.id, fields, actor=cast.sam.actor(), now=NOW)

    def bind(who: Person = cast.sam) -> object:
        email = f"of-{who.user.email}"
        return proxies.bind_login(person.id, email=email, actor=who.actor(), now=NOW)

    acts: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "granted": (grant_it, bind),
        "bound": (bind, grant_it),
        "bound by another": (lambda: bind(tom), bind),
    }
    one, other = acts[first]
    at_once(cast, one, other, refusal=Stale if "by" in first else Denied)
    with cast.acting():
        person.refresh_from_db()
        assert person.rights.count() == (first == "granted")
        assert (person.user is None) == (first == "granted")


def at_once(
    cast: Cast,
    one: Callable[[], object],
    other: Callable[[], object],
    *,
    refusal: type[Exception],
) -> None:
    """Do one while the other has not ended: it waits, and is refused."""
    with ThreadPoolExecutor(2) as threads:
        first = Held(threads, cast, one)
        assert first.acted.wait(20)
        second = Held(threads, cast, other)
        assert not second.acted.wait(MOMENT), "it did not wait for the first"
        first.end()
        with pytest.raises(refusal):
            second.end()


def hats_of(who: Person) -> set[str]:
    with acting_in(who.organization.id):
        hats = Membership.objects.filter(user=who.user)
        return set(hats.values_list("role", flat=True))


def admit(cast: Cast, who: Person, role: Role) -> None:
    """Try it at the command line."""
    call_command(
        "create_user",
        who.user.email.upper(),
        name="Another",
        organization=cast.riverside.slug,
        role=role,
        no_password=True,
        stdout=StringIO(),
    )


@pytest.mark.feature("PT-04")
@pytest.mark.parametrize("role", sorted(set(Role) - FROM_OUTSIDE))
def test_it_makes_no_staff_of_a_proxy_or_a_patient(cast: Cast, role: Role) -> None:
    patient = a_patient(cast)
    for who, hat in ((proxy(cast)[1], "proxy"), (patient, "patient")):
        with cast.acting():
            before = AuditEvent.objects.count()
        with pytest.raises(CommandError, match=f"is {hat.title()} here and cannot be"):
            admit(cast, who, role)
        assert hats_of(who) == {hat}
        with cast.acting():
            assert AuditEvent.objects.count() == before


@pytest.mark.feature("PT-04")
def test_it_makes_no_patient_of_staff_and_lets_a_patient_be_a_proxy(cast: Cast) -> None:
    given: dict[str, Any] = {"organization_id": cast.riverside.id, "password": None, "now": NOW}
    with pytest.raises(LoginOfAnother):
        own_access.bind_login(cast.patient.id, email=cast.sam.user.email, **given)
    assert hats_of(cast.sam) == {"scheduler"}
    with cast.acting():
        assert Patient.objects.get(pk=cast.patient.pk).user_id is None
        person = beside(cast)
    noor = a_patient(cast)
    answer = cast.sam.client.post(f"{URL}/{person.id}/login", {"email": noor.user.email})
    assert answer.status_code == 200
    assert hats_of(noor) == {"patient", "proxy"}


@pytest.mark.feature("PT-04")
def test_it_lets_a_proxy_of_one_organization_work_in_another(cast: Cast) -> None:
    _, rana = proxy(cast)
    admit_member(
        cast.harbour.id,
        email=rana.user.email,
        name="Rana",
        role=Role.SCHEDULER,
        password=None,
        now=NOW,
    )
    assert hats_of(Person(rana.user, cast.harbour)) == {"scheduler"}


@pytest.mark.feature("PT-04")
@pytest.mark.parametrize("first", ["staff", "proxy"])
def test_it_makes_one_of_staff_and_proxy_when_both_are_given_at_once(
    committed_cast: Cast, first: str
) -> None:
    cast = committed_cast
    with cast.acting():
        person = beside(cast)
    rana = make_person(cast.harbour, "Rana")

    def employ() -> object:
        return admit_member(
            cast.riverside.id,
            email=rana.user.email,
            name="Rana",
            role=Role.SCHEDULER,
            password=None,
            now=NOW + DAY,
        )

    def bind() -> object:
        email = rana.user.email
        return proxies.bind_login(person.id, email=email, actor=cast.sam.actor(), now=NOW)

    one, other = (employ, bind) if first == "staff" else (bind, employ)
    at_once(cast, one, other, refusal=LoginOfAnother)
    kept = "scheduler" if first == "staff" else "proxy"
    assert hats_of(Person(rana.user, cast.riverside)) == {kept}


@pytest.mark.feature("PV-13")
def test_a_proxy_who_is_a_patient_here_too_acts_as_a_proxy_for_others(cast: Cast) -> None:
    person, rana = proxy(cast)
    with cast.acting():
        grant(cast, person, "consent")
        Membership.objects.create(
            organization=cast.riverside, user=rana.user, role="patient", since=LONG_AGO
        )
    at = f"{MINE}/{cast.patient.id}/directives"
    body = {"target": "everything", "audience": "everyone"}
    assert rana.client.post(at, body).status_code == 201
    with cast.acting():
        [row] = AuditEvent.objects.filter(event="directive.set", user_id=rana.user.id)
        assert (row.bases, row.purpose) == (["proxy"], "care")


@pytest.mark.feature("PV-03")
def test_it_finds_what_the_proxy_had_locked_away_before(cast: Cast) -> None:
    person, rana = proxy(cast)
    with cast.acting():
        grant(cast, person, "consent")
    body = {"target": "everything", "audience": "everyone"}
    at = f"{MINE}/{cast.patient.id}/directives"
    first, again = rana.client.post(at, body), rana.client.post(at, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.data == first.data
    # what the proxy said is not told to whoever says it after them
    told = {"patient": str(cast.patient.id), "given_by": "patient", "means": "spoken"}
    assert cast.sam.client.post("/api/v1/directives", {**body, **told}).status_code == 201
    with cast.acting():
        assert Directive.objects.count() == 2
        events = AuditEvent.objects.filter(user_id=rana.user.id, resource="Directive")
        assert [(row.event, row.bases) for row in events.order_by("id")] == [
            ("directive.set", ["proxy"]),
            ("Directive.read", ["proxy"]),
        ]
