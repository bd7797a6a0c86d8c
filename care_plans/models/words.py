"""The words that a course is described in."""

from django.db import models


class Stage(models.TextChoices):
    """The three stages of every pathway, in order."""

    ACUTE = "acute", "Acute: relief and protection"
    SUBACUTE = "subacute", "Subacute: strength and mobility"
    MAINTENANCE = "maintenance", "Maintenance: prevention and performance"


class Severity(models.TextChoices):
    """How bad the condition is; apart from the stage."""

    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"


class Side(models.TextChoices):
    """Which side of the body; blank where that means nothing."""

    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"


class Outcome(models.TextChoices):
    """How a course or a plan ended; only `goals_achieved` may be read as success."""

    GOALS_ACHIEVED = "goals_achieved"
    PARTLY_ACHIEVED = "partly_achieved"
    NOT_ACHIEVED = "not_achieved"
    PATIENT_LEFT = "patient_left"
    NEW_DIAGNOSIS = "new_diagnosis"
    NEVER_STARTED = "never_started"
    DECEASED = "deceased"
