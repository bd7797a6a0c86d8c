"""What lanes say: whether each is ready, and whether one is needed."""

from care_plans.criteria import LaneNeeded, SignedOff, Subject
from care_plans.evidence import Evidence, Facts, LaneFact
from care_plans.saying import MET, NOT_MET, UNKNOWN, Said, every, rows_of


def signed_off(question: SignedOff, facts: Facts) -> Said:
    """Answer whether a lane is ready to go on, or every lane that is needed."""
    if question.sign_off != "all_needed_lanes":
        return _lane_ready(question.sign_off, facts.lanes.get(question.sign_off))
    if not facts.lanes:
        return Said(UNKNOWN, lambda: "The lanes of this stay are not known.")
    asked = [(name, lane) for name, lane in sorted(facts.lanes.items()) if lane.needed is not False]
    said = [_lane_ready(name, lane) for name, lane in asked]

    def tell() -> str:
        waiting = [one.tell() for one in said if one.outcome is not MET]
        return " ".join(waiting) or f"All {len(asked)} lanes that are needed are ready."

    return Said(
        every(one.outcome for one in said),
        tell,
        lambda: tuple(dict.fromkeys(row for one in said for row in one.rows())),
        lambda: tuple(
            Subject("lane", name)
            for (name, _), one in zip(asked, said, strict=True)
            if one.outcome is not MET
        ),
    )


def _lane_ready(name: str, lane: LaneFact | None) -> Said:
    shown = name.replace("_", " ")
    if lane is None:
        return Said(UNKNOWN, lambda: f"There is no {shown} lane in this stay.")

    def own() -> tuple[Evidence, ...]:
        return rows_of("lane", [lane.id])

    if lane.needed is None:
        return Said(UNKNOWN, lambda: f"Nobody knows yet whether the {shown} lane is needed.", own)
    if not lane.needed:
        return Said(MET, lambda: f"The {shown} lane is not needed.", own)
    if lane.ready is None and lane.deserted:
        return Said(
            UNKNOWN,
            lambda: f"Nobody does the {shown} lane, and no referral is open for it.",
            own,
        )
    if lane.ready is None:
        return Said(UNKNOWN, lambda: f"The {shown} lane has not said whether it is ready.", own)

    def rows() -> tuple[Evidence, ...]:
        return rows_of("sign_off", [lane.sign_off_id or lane.id])

    if lane.ready:
        return Said(MET, lambda: f"The {shown} lane is ready.", rows)
    return Said(NOT_MET, lambda: f"The {shown} lane is not ready.", rows)


def lane_needed(question: LaneNeeded, facts: Facts) -> Said:
    """Answer whether a lane is needed, or is not."""
    lane = facts.lanes.get(question.lane)
    shown = question.lane.replace("_", " ")

    def rows() -> tuple[Evidence, ...]:
        return rows_of("lane", [lane.id] if lane else [])

    if lane is not None and lane.needed is None:
        return Said(UNKNOWN, lambda: f"Nobody knows yet whether the {shown} lane is needed.", rows)
    needed = lane is not None and lane.needed is True
    outcome = MET if needed == question.needed else NOT_MET
    return Said(outcome, lambda: f"The {shown} lane is {'' if needed else 'not '}needed.", rows)
