"""Protocols are signed: a version serves real patients once somebody with the scope vouches."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from care_plans.models.content import PathwaySignature, PathwayVersion
from coordination import audit, scope
from coordination.actors import Actor
from coordination.models import PractitionerRole
from coordination.problems import Denied, FieldError, Invalid, Problem


class SignedAlready(Problem):
    """The same practitioner signed the same version before."""

    type = "signed-already"
    title = "Already signed"


def is_signed_for(version: PathwayVersion, organization_id: UUID) -> bool:
    """Say whether an organization has signed a version, and may use it for real patients."""
    return PathwaySignature.objects.filter(
        pathway_version=version, organization_id=organization_id
    ).exists()


def sign(
    version: PathwayVersion,
    *,
    actor: Actor,
    name: str,
    college: str,
    registration_number: str,
    now: datetime,
) -> PathwaySignature:
    """Sign a version for the actor's organization: it may be applied to real patients from now.

    Raises Invalid when name, college or number is blank, or is not that of the actor's own
    registration; Denied when the actor practises none of the disciplines that the version lets
    sign; SignedAlready.
    """
    role = role_with_scope(version, actor)
    given = as_signed(role, name=name, college=college, registration_number=registration_number)
    try:
        with transaction.atomic():
            signature = PathwaySignature.objects.create(
                organization_id=actor.organization_id,
                pathway_version=version,
                practitioner_role=role,
                signed_at=now,
                **given,
            )
            audit.record(
                actor=actor,
                now=now,
                action=audit.Action.ACT,
                event="pathway.sign",
                resource="pathway_version",
                resource_id=version.id,
                detail={"signature": str(signature.id), "sha256": version.sha256},
            )
    except IntegrityError as error:
        raise SignedAlready(f"{version} is signed by {name} already.") from error
    return signature


def role_with_scope(
    version: PathwayVersion, actor: Actor, *, entry: str = "pathway.sign"
) -> PractitionerRole:
    """Return the actor's role in a discipline that the version lets sign; raises Denied."""
    allowed = version.definition.signing.disciplines
    roles = actor.practitioner_roles and scope.permitted(entry, actor=actor)
    for role in roles:
        if role.discipline in allowed:
            return role
    raise Denied(
        f"Signing {version} needs a registered practitioner of: {', '.join(allowed)}.",
        rule="pathway.signing.disciplines",
    )


def as_signed(role: PractitionerRole, **given: str) -> dict[str, str]:
    """Return what a signature says, tidied; raises Invalid when it is not the role's own.

    A signature that names somebody else, or a number nobody checked, vouches for nothing.
    """
    given = {field: " ".join(value.split()) for field, value in given.items()}
    errors = [FieldError(f"/{field}", "must not be blank") for field, v in given.items() if not v]
    registered = {"college": role.college, "registration_number": role.registration_number}
    errors += [
        FieldError(f"/{field}", f"is not the {field.replace('_', ' ')} of your registration")
        for field, value in registered.items()
        if given[field] and given[field] != value
    ]
    if errors:
        raise Invalid("The signature is not complete.", errors=errors)
    return given
