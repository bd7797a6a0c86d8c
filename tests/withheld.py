"""What a patient decided, what was opened in an emergency, what an organization took away.

For tests that need one row of each: none of it changes what the cast may see or do.
"""

from coordination import break_glass, consent
from coordination.models import Override, ScopeNarrowing
from tests.cast import NOW, Cast, make_person


def one_of_each(cast: Cast) -> None:
    """Write a consent, a directive, an override of somebody else's, and a narrowing that ended."""
    place = cast.asha.practitioner_role.location
    hana = make_person(cast.riverside, "Hana", discipline="physiotherapy", location=place)
    decided = consent.Decided(given_by="patient", means="spoken")
    consent.set_directive(
        cast.patient.id,
        consent.Locked(
            target="discipline",
            target_discipline="nutrition",
            audience="practitioner",
            audience_practitioner_id=hana.practitioner_role.practitioner_id,
        ),
        decided=decided,
        actor=cast.asha.actor(),
        now=NOW,
    )
    break_glass.break_glass(
        cast.patient.id,
        practitioner_role_id=None,
        reason_code=Override.Reason.values[0],
        reason="x",
        minutes=1,
        opens_withheld=False,
        actor=hana.actor(),
        now=NOW,
    )
    ScopeNarrowing.objects.create(
        organization=cast.riverside,
        entry="plan.close",
        discipline="nutrition",
        reason="lifted again",
        since=NOW,
        until=NOW,
    )
