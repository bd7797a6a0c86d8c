"""The dose of an activity, changed as its practitioner does it."""

from typing import Any

from care_plans.models import Activity
from tests.cast import Cast, Person


def change(cast: Cast, activity: Activity, who: Person | None = None, **body: Any) -> Any:
    with cast.acting():
        version = Activity.objects.get(pk=activity.pk).version
    headers = {"If-Match": f'"{body.pop("version", version)}"'}
    at = f"/api/v1/activities/{activity.pk}/change-dose"
    return (who or cast.asha).client.post(at, body, headers=headers)
