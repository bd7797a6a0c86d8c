"""The part of the story about what Noor wants, and what has changed since Esi last looked."""

from typing import TYPE_CHECKING

from care_plans.models import Course
from tests.cast import Cast
from tests.story_safety import patient_of

if TYPE_CHECKING:
    from tests.story import Teller


def say_what_matters(cast: Cast, tell: "Teller", course: str) -> None:
    """Noor writes down what she wants, Asha what she said; both change it."""
    asha, noor = cast.asha, patient_of(cast)
    goal = {"kind": "goal", "text": "To dance at my sister's wedding.", "language": "en-CA"}
    own = tell(noor, "post", "/me/statements", goal)["id"]
    with cast.acting():
        plan = str(Course.objects.get(pk=course).care_plan_id)
    heard = {
        "care_plan": plan,
        "kind": "preference",
        "text": "Pas d'aiguilles, s'il vous plaît.",
        "language": "fr-CA",
    }
    said = tell(asha, "post", "/patient-statements", heard)["id"]
    for who, at, one in ((noor, "/me/statements", own), (asha, "/patient-statements", said)):
        anew = {"text": "Pas d'aiguilles, sauf pour une prise de sang.", "language": "fr-CA"}
        tell.edit(who, f"{at}/{{id}}", anew, id=one)
        tell(who, "post", f"{at}/{{id}}/achieve", id=one)
        tell(who, "post", f"{at}/{{id}}/take-up-again", id=one)
        tell(who, "post", f"{at}/{{id}}/withdraw", id=one)


def look_again(cast: Cast, tell: "Teller") -> None:
    """Asha reads what has changed, and says that she has."""
    read = cast.asha.client.get(f"/api/v1/patients/{cast.patient.id}/changes").json()
    tell(cast.asha, "post", "/patients/{id}/changes", {"state": read["state"]}, id=cast.patient.id)
