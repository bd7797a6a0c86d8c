"""Faults as another author would make them, each of which looks right by itself.

What was changed in the newest version of the shipped pathway, the rule that must find it, the
place, and words of the finding.
"""

from tests.care_plans.linting import Change

_ISOMETRIC = "            dose_level: isometric\n            is_loading: true"
_POP = "  - id: popping-sound\n    text: A popping sound at the time of injury\n"
_TEAR = (
    '    action: "Suspect a tear: stop loading; urgent physician or sports-medicine assessment and '
    'imaging."'
)
_FULL = "    source: carespace_2025\n    seed: seed-rts-full"
_GATED = "    when: {reported: pain_free_strength_and_flexibility, within: stage}\n"
_BRIDGE = "dose_level: isometric"

_POP_AS_PAIN = (
    "  - id: popping-sound\n    text: Sudden severe pain\n"
    "    suspects: hamstring tear\n    action: Go on with the exercises."
)
_COPE = "      - id: cope\n"
_IDLE = "      - id: own\n        text: P\n        source: carespace_2025\n"

#: changes, rule, place, words
FAULTS: list[tuple[tuple[Change, ...], str, str, str]] = [
    (
        (
            (
                "      min: 3\n      max: 6\n      unit: months",
                "      min: 3\n      max: 6\n      unit: weeks",
            ),
        ),
        "severity-order",
        "severities.moderate.duration",
        "moderate cases recover in 3 to 6 weeks, and mild ones in 6 to 8 weeks",
    ),
    (
        (("mild: {start: 6, end: 8, source", "mild: {start: 6, end: 40, source"),),
        "weeks-past-course",
        "stages.maintenance.expected.mild",
        "until week 40, while mild cases recover in 6 to 8 weeks",
    ),
    (
        ((_ISOMETRIC, f"            {_BRIDGE}"),),
        "unmarked-loading",
        "stages.acute.lanes.physiotherapy.activities[1]",
        "no hard stop would hold it",
    ),
    (
        ((_ISOMETRIC, _ISOMETRIC.replace("isometric", "functional")),),
        "level-too-early",
        "stages.acute.lanes.physiotherapy.activities[1]",
        "begins at the level functional, before any easier one",
    ),
    (
        ((f"{_GATED}{_FULL}", _FULL),),
        "missing-gate",
        "return_to_activity[2]",
        "the words demand it",
    ),
    (
        (("running drills, gate: once free of pain, source", "running drills, source"),),
        "missing-gate",
        "self_help[3]",
        "step-ups have a gate",
    ),
    (
        (("pathway: gluteal-tendinopathy, source", "pathway: hamstring-tendinopathy, source"),),
        "leads-to-itself",
        "differentials[3].pathway",
        "another condition",
    ),
    (
        (("towards: [lumbar-radiculopathy]", "towards: [hamstring-tendinopathy]"),),
        "leads-to-itself",
        "redirects[0].towards",
        "another pathway",
    ),
    (
        (
            (
                _COPE,
                f"{_IDLE}{_COPE}",
            ),
        ),
        "idle-goal",
        "stages.acute.goals[2]",
        "nobody works on own",
    ),
    (
        (("may_diagnose: [physiotherapy]", "may_diagnose: [nutrition]"),),
        "nobody-diagnoses",
        "diagnosis.may_diagnose",
        "nobody who may diagnose",
    ),
    (
        (("side_required: true", "side_required: false"),),
        "side-not-asked",
        "stages.subacute.exit.all_of[4]",
        "compares two sides",
    ),
    (
        (
            (
                f"{_POP}    suspects: hamstring tear\n{_TEAR}",
                _POP_AS_PAIN,
            ),
        ),
        "conflicting-action",
        "red_flags[1].action",
        "than as sudden-severe-pain",
    ),
    (
        (
            (
                "action: See a provider without delay; it may be a tear.",
                "action: Book a visit next month.",
            ),
        ),
        "urgent-put-off",
        "see_provider[2].action",
        'to be done "Book"',
    ),
    (
        (("next_review_due: null", "last_reviewed: 2031-01-01\n  next_review_due: 2032-01-01"),),
        "reviewed-in-future",
        "governance.last_reviewed",
        "has not come yet",
    ),
    (
        (("doi: 10.1186/s40634-023-00615-x", "doi: https://doi.org/10.1186/s40634-023-00615-x"),),
        "mismatched-citation",
        "sources.rich_2023",
        "is not that of the work it describes",
    ),
]
