"""Whether loading may begin or go on in a course, as far as a reader may know why."""

from datetime import datetime
from typing import Any

from care_plans import facts as facts_of_courses
from care_plans.disclosing import disclose, explain
from care_plans.evaluation import may_load
from care_plans.evidence import Facts, Outcome
from care_plans.models import Course
from coordination.actors import Actor

#: which flags a pathway asks about tells what is treated
_HELD = "A red flag is open, or it is not known that none is; what is treated is withheld."


def told_loading(
    course: Course, *, actor: Actor, now: datetime, facts: Facts | None = None
) -> dict[str, Any]:
    """Return the trace of `evaluation.may_load`; its outcome alone where the course is withheld.

    `facts` are those of the course, where they were gathered already.
    """
    known = facts or facts_of_courses.gather([course], now=now)[course.pk]
    finding = may_load(course.pathway_version.definition, known, now)
    (told,) = explain([finding], course.patient_id, actor=actor, now=now)
    if disclose(Course.objects.filter(pk=course.pk), actor, now).exists():
        return told
    sentence = _HELD if finding.outcome is not Outcome.MET else "No red flag holds it."
    return told | {
        "id": None,
        "text": None,
        "sentence": sentence,
        "about": [],
        "evidence": [],
        "source": [],
    }
