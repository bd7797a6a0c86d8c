"""Those who work with Continuum: logins, memberships, practitioners and their roles."""

from datetime import date, datetime
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from .naming import known_as
from .owned import Editable, OrganizationOwned, new_id


class Discipline(models.TextChoices):
    """The six lanes. Nutrition includes naturopathic medicine."""

    PHYSIOTHERAPY = "physiotherapy", "Physiotherapy"
    CHIROPRACTIC = "chiropractic", "Chiropractic"
    MASSAGE_THERAPY = "massage_therapy", "Massage therapy"
    KINESIOLOGY = "kinesiology", "Kinesiology"
    NUTRITION = "nutrition", "Nutrition"
    PSYCHOTHERAPY = "psychotherapy", "Psychotherapy"


class UserManager(BaseUserManager["User"]):
    """Makes logins."""

    def create_user(
        self, *, email: str, name: str, password: str | None, must_change: bool = False
    ) -> "User":
        """Create a login; without a password it can only be used through a token."""
        user = User(email=email.strip().lower(), name=name, must_change_password=must_change)
        user.set_password(password)
        user.save()
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a login whatever the case in which its address was typed."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):
    """A login: one person, whatever number of organizations they work in."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True, help_text="In lower case: one person, one spelling.")
    name = models.TextField()
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(
        default=False,
        help_text="Somebody else chose the password: it opens nothing until it is changed.",
    )

    USERNAME_FIELD: ClassVar[str] = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")),
                name="coordination_user_email_lower",
            )
        ]

    def __str__(self) -> str:
        return self.email

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """Read the login anew, which only who names it can (`naming`)."""
        with known_as(self.pk):
            super().refresh_from_db(*args, **kwargs)

    def get_full_name(self) -> str:
        """Return the name shown to colleagues."""
        return self.name


class Membership(OrganizationOwned):
    """What a login is in one organization. A person with two hats has two memberships."""

    class Role(models.TextChoices):
        PRACTITIONER = "practitioner"
        SCHEDULER = "scheduler"
        ADMINISTRATOR = "administrator"
        PRIVACY_OFFICER = "privacy_officer"
        PATIENT = "patient"
        PROXY = "proxy"

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user", "role"],
                condition=models.Q(until=None),
                name="coordination_membership_once",
            ),
            models.CheckConstraint(
                condition=models.Q(until=None) | models.Q(until__gt=models.F("since")),
                name="coordination_membership_period",
            ),
        ]


class Practitioner(OrganizationOwned, Editable):
    """A person who treats. The login is optional: somebody may be booked before they log in."""

    editable = ("name", "languages")

    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True)
    name = models.TextField()
    languages = models.JSONField(default=list, help_text="BCP 47 tags, best first.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user"], name="coordination_practitioner_user"
            )
        ]

    def __str__(self) -> str:
        return self.name


class PractitionerRoleQuerySet(models.QuerySet["PractitionerRole"]):
    """Reads over roles."""

    def registered_on(self, day: date) -> Self:
        """Keep the roles whose college registration is valid on a day (of their location)."""
        return self.filter(
            models.Q(registered_until=None) | models.Q(registered_until__gte=day),
            registered_from__lte=day,
            is_active=True,
        )


class PractitionerRole(OrganizationOwned, Editable):
    """A practitioner as one discipline at one location, with the registration that allows it."""

    editable = (
        "services",
        "is_active",
        "registration_number",
        "registered_from",
        "registered_until",
        "capacity",
    )

    practitioner = models.ForeignKey(Practitioner, on_delete=models.PROTECT, related_name="roles")
    location = models.ForeignKey("coordination.Location", on_delete=models.PROTECT)
    discipline = models.CharField(max_length=20, choices=Discipline)
    college = models.TextField(help_text="The regulator that registers this person.")
    registration_number = models.TextField()
    registered_from = models.DateField()
    registered_until = models.DateField(null=True, blank=True, help_text="The last valid day.")
    services = ArrayField(
        models.TextField(), default=list, blank=True, help_text="What this person offers here."
    )
    is_active = models.BooleanField(default=True)
    capacity = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Open referrals this person takes; none: unknown.",
    )

    objects: ClassVar[models.Manager[Any]] = models.Manager.from_queryset(
        PractitionerRoleQuerySet
    )()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "practitioner", "location", "discipline"],
                name="coordination_role_once",
            ),
            models.CheckConstraint(
                condition=models.Q(registered_until=None)
                | models.Q(registered_until__gte=models.F("registered_from")),
                name="coordination_role_registration",
            ),
            models.CheckConstraint(
                condition=models.Q(discipline__in=Discipline.values),
                name="coordination_role_discipline",
            ),
        ]

    def is_registered(self, now: datetime) -> bool:
        """Say whether this person may practise at this moment, by the day of their location."""
        day = self.location.day(now)
        return (
            self.is_active
            and self.registered_from <= day
            and (self.registered_until is None or day <= self.registered_until)
        )


def every_scope() -> list[str]:
    """Return the scopes of a token that may do whatever its login may."""
    return ["*"]


class ApiToken(OrganizationOwned):
    """A program's way in: acts as one login in one organization. Only its hash is kept."""

    user = models.ForeignKey(User, on_delete=models.PROTECT)
    name = models.TextField()
    digest = models.BinaryField(unique=True, max_length=32)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    scopes = ArrayField(
        models.TextField(), default=every_scope, help_text="What it may do; `*`: all its login may."
    )
    is_vouched = models.BooleanField(
        default=False, help_text="More than a password stood behind its issue."
    )
