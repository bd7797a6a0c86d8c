"""Asking for everything, with planted words, as each kind of person of a running demo."""

from typing import Any
from uuid import uuid4

from coordination.actors import Role
from coordination.demo.main_job import MainJob
from coordination.demo.visits import Visitor
from tests.planting import Garden, Operation


def known_ids(job: MainJob, garden: Garden) -> dict[str, Any]:
    """Return what fits where a path or a body asks for an id or for one of a few values."""
    known: dict[str, Any] = {}
    for collection in garden.collections():
        for person in (job.lead, job.scheduler):
            answer = person._http.get(f"/{collection}").json()
            rows = answer.get("results", []) if isinstance(answer, dict) else answer
            if rows and isinstance(rows[0], dict) and "id" in rows[0]:
                known[collection] = rows[0]["id"]
    lane = job.lead.get(f"/courses/{job.course}/lanes")[0]["id"]
    known |= {"patients": job.patient, "care-plans": job.plan, "courses": job.course}
    known |= {"referrals": job.massage, "lanes": lane}
    known |= {name.replace("-", "_").rstrip("s"): own for name, own in known.items()}
    return known | {
        "lead": job.lead.role_id,
        "to": job.lead.role_id,
        "practitioner_role": job.lead.role_id,
        "pathway_version": job._newest_version("hamstring-tendinopathy"),
        "time_zone": "America/Toronto",
        "languages": ["en-CA"],
        "answers": dict.fromkeys(job._red_flags(), "absent"),
        "scores": [{"measure": "nprs", "value": 3, "note": f"said {garden.canary}"}],
        "effective_at": job.began.isoformat(),
        "email": f"somebody-{garden.canary}@continuum.example",
    }


def address(operation: Operation, known: dict[str, Any]) -> str:
    """Fill in the ids of a path as far as they are known."""
    parts = operation.path.split("/")
    for n, part in enumerate(parts):
        if part.startswith("{"):
            parts[n] = str(known.get(parts[n - 1], uuid4()))
    return "/".join(parts)


def ask_everything(job: MainJob, garden: Garden, known: dict[str, Any]) -> None:
    """Send a canary in every free text of every operation, as each kind of person."""
    people = [job.lead, job.scheduler]
    people += [
        job.person(job.clinic.with_hat(hat)[0].email)
        for hat in (Role.ADMINISTRATOR, Role.PRIVACY_OFFICER)
        if job.clinic.with_hat(hat)
    ]
    for operation in garden.operations():
        for person in people:
            answer = _ask(person, operation, garden, known)
            if answer.is_success:
                garden.taken(operation)
                if answer.status_code == 201 and operation.path.count("/") == 1:
                    known[operation.path.strip("/")] = answer.json().get("id")
                break


def _ask(person: Visitor, operation: Operation, garden: Garden, known: dict[str, Any]) -> Any:
    path = address(operation, known)
    etag = person._http.get(path).headers.get("ETag", '"1"')
    return person._http.request(
        operation.verb.upper(),
        path,
        json=garden.grow(operation, known) or {},
        headers={**person._unsafe(), "If-Match": etag, "Idempotency-Key": str(uuid4())},
    )
