"""A proxy who may be written to reads what the patient was sent, and chooses what they are sent."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from coordination.models import RelatedPerson, RelatedPersonRight
from coordination.problems import Denied, NotFound
from notifications import preferences
from notifications.models import MessagingConsent, Preference
from tests.cast import Cast, Person
from tests.coordination.repeating import NOT_SHOWN
from tests.coordination.test_proxies import RIGHTS, URL, grant, proxy

pytestmark = [pytest.mark.django_db, pytest.mark.feature("PT-04")]
NO = {"purpose": "care", "channel": "email", "wanted": False}
#: every address that a proxy has, and the one right that opens it
ADDRESSES = [
    ("get", "", "view", None),
    ("get", "/plan", "view", None),
    ("post", "/directives", "consent", {"target": "everything", "audience": "everyone"}),
    ("get", "/messages", "message", None),
    ("get", "/message-preferences", "message", None),
    ("post", "/message-preferences", "message", NO),
]
OPENED = {200, 201}


def ask(cast: Cast, rana: Person, verb: str, path: str, body: Any) -> int:
    at = f"/api/v1/me/patients/{cast.patient.id}{path}"
    status: int = getattr(rana.client, verb)(at, body).status_code
    return status


def statuses(cast: Cast, rana: Person) -> list[bool]:
    found = [ask(cast, rana, verb, path, body) for verb, path, _, body in ADDRESSES]
    assert set(found) <= OPENED | {403, 404}
    return [status in OPENED for status in found]


@pytest.mark.parametrize("right", RIGHTS)
def test_it_opens_just_the_addresses_of_its_right(cast: Cast, right: str) -> None:
    person, rana = proxy(cast)
    assert statuses(cast, rana) == [False] * len(ADDRESSES)
    with cast.acting():
        assert not Preference.objects.exists()
        held = grant(cast, person, right)
    assert statuses(cast, rana) == [needed == right for _, _, needed, _ in ADDRESSES]
    revoke(cast, person, held)
    assert statuses(cast, rana) == [False] * len(ADDRESSES)


@pytest.mark.parametrize("right", RIGHTS)
def test_it_lacks_nothing_but_the_right_that_was_revoked(cast: Cast, right: str) -> None:
    person, rana = proxy(cast)
    with cast.acting():
        held = {one: grant(cast, person, one) for one in RIGHTS}
    revoke(cast, person, held[right])
    assert statuses(cast, rana) == [needed != right for _, _, needed, _ in ADDRESSES]


@pytest.mark.feature("AP-10")
def test_it_repeats_no_answer_once_the_right_is_revoked(cast: Cast) -> None:
    person, rana = proxy(cast)
    with cast.acting():
        held = {right: grant(cast, person, right) for right in RIGHTS}
    at = f"/api/v1/me/patients/{cast.patient.id}/message-preferences"

    def choose() -> Any:
        return rana.client.post(at, NO, headers={"Idempotency-Key": "once"})

    first = choose()
    assert choose().content == first.content
    revoke(cast, person, held["message"])
    again = choose()
    assert (again.status_code, again.json()["type"]) == (409, NOT_SHOWN)
    for right in set(RIGHTS) - {"message"}:
        revoke(cast, person, held[right])
    assert choose().status_code == 404


def revoke(cast: Cast, person: RelatedPerson, right: RelatedPersonRight) -> None:
    body = {"right": str(right.id), "because": "Asked by the patient"}
    assert cast.asha.client.post(f"{URL}/{person.id}/revoke", body).status_code == 200


def test_it_chooses_until_the_right_ends_and_not_a_moment_longer(cast: Cast) -> None:
    person, rana = proxy(cast)
    with cast.acting():
        end = timezone.now() + timedelta(days=1)
        grant(cast, person, "message", until=end)
        actor = rana.actor(timezone.now())
        choice: dict[str, Any] = {**NO, "actor": actor}
        just = end - timedelta(microseconds=1)
        preferences.choose_by_proxy(cast.patient.id, **choice, now=just)
        assert len(preferences.choices_by_proxy(cast.patient.id, actor=actor, now=just)) > 1
        with pytest.raises(NotFound):
            preferences.choose_by_proxy(cast.patient.id, **choice, now=end)
        with pytest.raises(NotFound):
            preferences.choices_by_proxy(cast.patient.id, actor=actor, now=end)
        grant(cast, person, "book")
        with pytest.raises(Denied, match="message"):
            preferences.choose_by_proxy(cast.patient.id, **choice, now=end)
        assert MessagingConsent.objects.count() == 1
