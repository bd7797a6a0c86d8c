"""The same unsafe request twice has one effect: the first answer is kept for a day and repeated.

The answer is written in the transaction of its effect, so the two come and go together. While the
first request runs it holds a lock that PostgreSQL lets go of when its transaction ends, however
that happens: a process that dies leaves nothing behind, neither an effect nor a key in use.
A refusal changed nothing, so it is not kept, and the same key may try again.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import ClassVar
from uuid import UUID

from django.db import connection
from django.db.models import Q

from coordination import audit
from coordination.access import within_reach
from coordination.actors import Actor
from coordination.disclosure import View, opened_for, something_withheld
from coordination.models import KeptAnswer, Patient
from coordination.problems import Invalid, NotFound, Problem
from coordination.proxies import rights_held
from coordination.tenancy import acting_in

KEPT_FOR = timedelta(hours=24)
KEY_LENGTH = 200
_BATCH = 1000


class KeyReused(Problem):
    """The same idempotency key was used before, for something else."""

    type = "key-reused"
    title = "This key belongs to another request"
    status = 422


class StillRunning(Problem):
    """The first request with this key has not ended yet; ask again."""

    type = "still-running"
    title = "The first request with this key is still running"
    retry_after: ClassVar[int | None] = 1


class AnswerWithheld(NotFound):
    """It was carried out, but its patient is no longer within the caller's reach."""

    type = "patient-not-found"


class NotShownAgain(Problem):
    """It was carried out, but something of its patient is withheld from the caller by now."""

    type = "answer-not-shown-again"
    title = "This was carried out, and its answer is not shown again"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered, byte for byte, with the headers that matter."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def usable_key(key: str) -> str:
    """Return an idempotency key, or raise `Invalid` for one that cannot be kept."""
    if len(key) > KEY_LENGTH or not all("!" <= character <= "~" for character in key):
        raise Invalid.field(
            "/Idempotency-Key",
            f"A key is at most {KEY_LENGTH} printable ASCII characters without spaces.",
        )
    return key


def fingerprint(*parts: bytes) -> bytes:
    """Return what tells one request from another: the SHA-256 of its parts, in order."""
    return sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()


def begin(
    key: str, request: bytes, *, actor: Actor, now: datetime, view: View = "clinical"
) -> Answer | None:
    """Return the answer that this key was given before; None: go ahead, the key is yours.

    `request` is its `fingerprint`, `view` what the answer shows of patients. What is answered
    again is a disclosure and is audited as one. Raises `Invalid`, `StillRunning`, `KeyReused`,
    `AnswerWithheld` when a patient whom the caller still reached after the first answer is out of
    reach now, and `NotShownAgain` when a directive of one of them is directed at the caller, or an
    override or a proxy's right by which they saw has ended: what was said then may not be said now.
    """
    _lock(usable_key(key), actor)
    kept = KeptAnswer.objects.filter(login=_login(actor), key=key).first()
    if kept is None:
        return None
    if kept.kept_until <= now:
        kept.delete()
        return None
    if bytes(kept.fingerprint) != request:
        raise KeyReused("This key was used for another request; take a new one.")
    _disclose_again(kept, actor=actor, now=now, view=view)
    return Answer(kept.status, kept.headers, bytes(kept.body))


def keep(
    key: str,
    request: bytes,
    answer: Answer,
    *,
    heard: Sequence[audit.Heard],
    actor: Actor,
    now: datetime,
    view: View = "clinical",
) -> None:
    """Keep an answer for `KEPT_FOR`, in the transaction of its effect.

    `view` is how it shows patients, `heard` what the request told the audit trail: whom and what
    its answer is about. That is what the answer shows, whatever followed from it.
    """
    about = _about(answer, heard)
    KeptAnswer.objects.create(
        organization_id=actor.organization_id,
        login=_login(actor),
        key=key,
        fingerprint=request,
        status=answer.status,
        headers=dict(answer.headers),
        body=answer.body,
        resource=about.resource if about else "",
        resource_id=about.resource_id if about else None,
        patient_ids=_reached({one for row in heard for one in row.patient_ids}, actor, now, view),
        kept_at=now,
        kept_until=now + KEPT_FOR,
    )


def _about(answer: Answer, heard: Sequence[audit.Heard]) -> audit.Heard | None:
    """Return what an answer shows: what has its id, or else what was told last, by id if any."""
    shown = json.loads(answer.body) if answer.body else None
    shown_id = shown.get("id") if isinstance(shown, dict) else None
    named = [one for one in heard if one.resource_id]
    own = [one for one in named if str(one.resource_id) == shown_id]
    found = own[:1] or named[-1:] or heard[-1:]
    return found[0] if found else None


def sweep_answers(*, now: datetime) -> int:
    """Delete every answer whose day is over, in all organizations; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coordination_answers_to_sweep(%s)", [now])
        organizations = [row[0] for row in cursor.fetchall()]
    return sum(_sweep(organization_id, now) for organization_id in organizations)


def _sweep(organization_id: UUID, now: datetime) -> int:
    swept = 0
    while True:
        with acting_in(organization_id):
            old = KeptAnswer.objects.filter(kept_until__lte=now).values("pk")[:_BATCH]
            gone, _ = KeptAnswer.objects.filter(pk__in=old).delete()
        swept += gone
        if gone < _BATCH:
            return swept


def _login(actor: Actor) -> str:
    return str(actor.user_id or actor.label)


def _lock(key: str, actor: Actor) -> None:
    name = f"idempotency:{actor.organization_id}:{_login(actor)}:{key}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        row = cursor.fetchone()
    if not (row and row[0]):
        raise StillRunning("The first request with this key is still running.")


def _reached(patient_ids: set[UUID], actor: Actor, now: datetime, view: View) -> list[UUID]:
    """Return those whom the actor reaches: as this view shows them, as their proxy, as oneself."""
    if not patient_ids:
        return []
    reach = Q(pk__in=rights_held(actor, now).values("patient_id"))
    for each in {view, "directory"}:
        reach |= within_reach(actor, now, view=each, path="pk")
    if actor.user_id is not None:
        reach |= Q(user_id=actor.user_id)
    found = Patient.objects.filter(reach, pk__in=patient_ids)
    return list(found.values_list("pk", flat=True))


def _allowed(patient_ids: set[UUID], actor: Actor, at: datetime) -> set[tuple[UUID, str]]:
    """Return by what, besides the circle of care, the actor saw these patients at a moment."""
    opened = Patient.objects.filter(opened_for("pk", actor, at), pk__in=patient_ids)
    rights = rights_held(actor, at).filter(patient_id__in=patient_ids)
    return {(one, "override") for one in opened.values_list("pk", flat=True)} | set(
        rights.values_list("patient_id", "right")
    )


def _disclose_again(kept: KeptAnswer, *, actor: Actor, now: datetime, view: View) -> None:
    patient_ids = set(kept.patient_ids)
    if patient_ids - set(_reached(patient_ids, actor, now, view)):
        raise AnswerWithheld("There is no such patient within your reach.")
    closed = _allowed(patient_ids, actor, kept.kept_at) - _allowed(patient_ids, actor, now)
    if closed or something_withheld(actor, now, patient_ids, view=view):
        raise NotShownAgain(
            "It was carried out the first time and not again. Something of its patient is withheld "
            "from you, so the answer of then is not repeated: read the record anew."
        )
    if not kept.resource_id and not patient_ids:
        return
    as_proxy = _seen_as_proxy(patient_ids, actor, now, view)
    others = patient_ids - as_proxy
    if as_proxy:
        _record_again(kept, as_proxy, actor=actor, now=now, basis="proxy", purpose="care")
    if others or not as_proxy:
        _record_again(kept, others, actor=actor, now=now)


def _seen_as_proxy(patient_ids: set[UUID], actor: Actor, now: datetime, view: View) -> set[UUID]:
    """Return those of these patients whom the actor sees by a right of a proxy alone."""
    held = rights_held(actor, now).filter(patient_id__in=patient_ids)
    own = Patient.objects.filter(within_reach(actor, now, view=view, path="pk"))
    return set(held.exclude(patient__in=own).values_list("patient_id", flat=True))


def _record_again(
    kept: KeptAnswer,
    patient_ids: Iterable[UUID],
    *,
    actor: Actor,
    now: datetime,
    basis: str = "",
    purpose: str = "",
) -> None:
    audit.record(
        actor=actor,
        now=now,
        action=audit.Action.READ,
        event=f"{kept.resource}.read",
        resource=kept.resource,
        resource_id=kept.resource_id,
        patient_ids=patient_ids,
        basis=basis,
        purpose=purpose,
        detail={"repeated": True},
    )
