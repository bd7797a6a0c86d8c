"""Whole lists that hypothesis imagines: patients, with what the hot lists print of them.

The rows are written past the domain functions, so that they hold what the database allows and not
only what those functions would write.
"""

from datetime import date, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from care_plans.models import CarePlan, Course, Lane, Severity, Side, Stage, StageStay
from coordination.consent import Decided, Locked, set_directive
from coordination.models import (
    AccessGrant,
    CareTeamMember,
    Discipline,
    Patient,
    PatientIdentifier,
    WorkItem,
    new_id,
)
from referrals.models import Referral, ReferralReport
from tests.care_plans import underway
from tests.cast import LONG_AGO, NOW, Cast, Person

#: whatever text a column can hold: quotes, controls, right-to-left, beyond the basic plane
TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12
) | st.sampled_from(
    [
        "",
        " ",
        "\\",
        '"',
        "</script>",
        "\u2028",
        "O'Neil",
        "Zoë",
        "\u202eabc",
        "👩\u200d⚕️",
        "%s",
        "$1",
        "{}",
    ]
)
ZONES = st.timedeltas(timedelta(hours=-14), timedelta(hours=14)).map(
    lambda offset: timezone(timedelta(minutes=offset // timedelta(minutes=1)))
)
MOMENTS = st.datetimes(
    NOW.replace(tzinfo=None, year=2), NOW.replace(tzinfo=None, year=9998), timezones=ZONES
) | st.sampled_from([NOW, NOW.replace(microsecond=1), NOW.replace(microsecond=120_000)])
LATELY = st.integers(0, 300 * 86_400 * 10**6).map(lambda us: NOW - timedelta(microseconds=us))
DAYS = st.dates(date(1, 1, 1), date(9999, 12, 31))


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Let a value be missing."""
    return st.none() | values


def one_of(choices: Any) -> st.SearchStrategy[str]:
    """Pick one of a field's choices."""
    return st.sampled_from(choices.values)


PATIENTS = st.fixed_dictionaries(
    {
        "family_name": TEXT,
        "given_name": TEXT,
        "preferred_name": TEXT,
        "birth_date": maybe(DAYS),
        "gender": one_of(Patient.Gender),
        "email": TEXT,
        "phone": TEXT,
        "address": TEXT,
        "emergency_contact_name": TEXT,
        "deceased_at": maybe(MOMENTS),
        "is_synthetic": st.booleans(),
        "registered_at": MOMENTS,
    }
)
STAYS = st.fixed_dictionaries(
    {
        "stage": one_of(Stage),
        "entered_at": LATELY,
        "review_at": maybe(MOMENTS),
        "standing": one_of(StageStay.Standing),
        "standing_since": MOMENTS,
        "blocked_by": st.lists(one_of(Discipline), max_size=3, unique=True),
    }
)
REFERRALS = st.fixed_dictionaries(
    {
        "priority": one_of(Referral.Priority),
        "stage": st.sampled_from(["", *Referral.Stage.values]),
        "sensitivity": st.sampled_from(["", "restricted"]),
        "requested_at": MOMENTS,
        "needed_by": maybe(MOMENTS),
        "order": st.integers(0, 32_767),
        "outcome": st.sampled_from(["", *Referral.Outcome.values]),
        "moved_at": MOMENTS,
    }
)
LANES = st.fixed_dictionaries(
    {
        "discipline": one_of(Discipline),
        "needed": one_of(Lane.Needed),
        "reason": TEXT.map(lambda text: text or "-"),
        "order": st.integers(0, 3),
        "staffed": st.booleans(),
        "referral": maybe(REFERRALS),
    }
)
#: by side, since a plan has one course of a pathway for each
COURSES = st.fixed_dictionaries(
    {
        "condition": TEXT,
        "severity": one_of(Severity),
        "side": st.sampled_from(["", *Side.values]),
        "status": one_of(Course.Status),
        "stage": one_of(Stage),
        "applied_at": MOMENTS,
        "stay": maybe(STAYS),
        "lanes": st.lists(LANES, max_size=4, unique_by=lambda lane: lane["discipline"]),
    }
)
LISTS = st.lists(
    st.fixed_dictionaries(
        {
            "patient": PATIENTS,
            "identifiers": st.lists(TEXT, max_size=3),
            "circle": st.sets(st.sampled_from(["asha", "ben"])),
            "lead": maybe(st.sampled_from(["asha", "ben"])),
            "courses": st.lists(COURSES, max_size=2, unique_by=lambda course: course["side"]),
            "locked": maybe(st.sampled_from(["everything", *Discipline.values])),
        }
    ),
    min_size=1,
    max_size=3,
)


def write(cast: Cast, imagined: list[dict[str, Any]]) -> None:
    """Write what was imagined; the transaction is in the cast's organization."""
    for one in imagined:
        patient = Patient.objects.create(
            organization=cast.riverside, search_key="imagined", **one["patient"]
        )
        owned = {"organization": cast.riverside, "patient": patient}
        PatientIdentifier.objects.bulk_create(
            PatientIdentifier(kind="other", system=f"{number}{text}", value=str(new_id()), **owned)
            for number, text in enumerate(one["identifiers"])
        )
        AccessGrant.objects.bulk_create(
            AccessGrant(
                practitioner_role=cast.everybody[name].role,
                basis="membership",
                source_id=new_id(),
                since=LONG_AGO,
                **owned,
            )
            for name in one["circle"]
        )
        if one["lead"]:
            role = cast.everybody[one["lead"]].practitioner_role
            CareTeamMember.objects.create(
                practitioner_role=role, role="lead", since=LONG_AGO, **owned
            )
        _write_courses(cast, owned, one["courses"])
        if one["locked"]:
            _lock(cast, patient, one["locked"])


def _write_courses(cast: Cast, owned: dict[str, Any], imagined: list[dict[str, Any]]) -> None:
    plan = CarePlan.objects.create(status="open", opened_at=LONG_AGO, recorded_at=LONG_AGO, **owned)
    version, previous = underway.version(), None
    for one in imagined:
        status = one["status"]
        course = Course.objects.create(
            care_plan=plan,
            pathway=version.pathway,
            pathway_version=version,
            previous=previous,
            recorded_at=NOW,
            stage=None if status == "intake" else one["stage"],
            started_at=None if status == "intake" else one["applied_at"],
            paused_at=one["applied_at"] if status == "paused" else None,
            discharged_at=one["applied_at"] if status == "discharged" else None,
            outcome="partly_achieved" if status == "discharged" else "",
            **{name: one[name] for name in ("condition", "severity", "side", "applied_at")},
            status=status,
            **owned,
        )
        previous = course
        if one["stay"]:
            StageStay.objects.create(
                organization=cast.riverside,
                course=course,
                sequence=1,
                recorded_at=NOW,
                checked_at=NOW,
                expected_until=one["stay"]["entered_at"] + timedelta(days=30),
                **one["stay"],
            )
        for lane in one["lanes"]:
            _write_lane(cast, owned, course, lane)


def _write_lane(cast: Cast, owned: dict[str, Any], course: Course, one: dict[str, Any]) -> None:
    staff = {who.role.discipline: who for who in _people(cast)}
    who = staff[one["discipline"]] if one["staffed"] else None
    lane = {name: one[name] for name in ("discipline", "needed", "reason", "order")}
    referral = _write_referral(cast, owned, one, who) if one["referral"] else None
    Lane.objects.create(
        organization=cast.riverside,
        course=course,
        practitioner_role=who.role if who else None,
        referral=referral,
        **lane,
    )


def _write_referral(
    cast: Cast, owned: dict[str, Any], one: dict[str, Any], who: Person | None
) -> Referral:
    given = one["referral"]
    work = WorkItem.objects.create(
        kind="referral",
        subject_id=new_id(),
        owner=who.role if who else None,
        assigned_at=NOW if who else None,
        claimed_by=None if who or one["order"] else cast.sam.user,
        claimed_until=None if who or one["order"] else NOW,
        opened_at=given["moved_at"],
        due_at=given["needed_by"],
        **owned,
    )
    referral: Referral = Referral.objects.create(
        discipline=one["discipline"],
        status="draft" if one["order"] == 3 else "active",
        reason_code="stage",
        requested_by=cast.asha.practitioner_role,
        location=cast.uptown if one["order"] else None,
        work_item=work,
        queue_position=f"{Referral.Priority.values.index(given['priority'])}{new_id()}",
        **given,
        **owned,
    )
    if who and given["outcome"]:
        ReferralReport.objects.create(
            organization=cast.riverside,
            referral=referral,
            work_item=work,
            author=who.practitioner_role,
            text=one["reason"],
            outcome=given["outcome"],
            written_at=given["moved_at"],
            recorded_at=NOW,
        )
    return referral


def _people(cast: Cast) -> list[Any]:
    return [cast.asha, cast.ben, cast.chloe, cast.dmitri, cast.esi, cast.farah]


def _lock(cast: Cast, patient: Patient, what: str) -> None:
    is_all = what == "everything"
    locked = Locked(
        target="everything" if is_all else "discipline",
        target_discipline="" if is_all else what,
        audience="practitioner",
        audience_practitioner_id=cast.ben.practitioner_role.practitioner_id,
    )
    decided = Decided(given_by="patient", means="spoken", effective_at=LONG_AGO)
    set_directive(patient.id, locked, decided=decided, actor=cast.sam.actor(), now=NOW)
