"""Django settings; what differs between installations comes from `coordination.environment`."""

import logging
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
from django.utils.csp import CSP

from coordination.environment import PROJECT, read_environment
from coordination.logs import logging_settings
from coordination.schedule import SCHEDULE

ENVIRONMENT = read_environment()
IS_COMMAND = Path(sys.argv[0]).name == "manage.py"

BASE_DIR: Path = PROJECT
DEBUG = ENVIRONMENT.debug
SECRET_KEY = ENVIRONMENT.secret_key.get_secret_value()
ALLOWED_HOSTS = list(ENVIRONMENT.allowed_hosts)
PUBLIC_URL = ENVIRONMENT.public_url.rstrip("/")
MAIL_CATCHER_URL = ENVIRONMENT.mail_catcher_url
HAND_OFF_HOURS = ENVIRONMENT.hand_off_hours
HAND_OFF_URGENT_HOURS = ENVIRONMENT.hand_off_urgent_hours
SAFETY_ESCALATION_MINUTES = ENVIRONMENT.safety_escalation_minutes
SAFETY_RECENT_DAYS = ENVIRONMENT.safety_recent_days
RATE_LIMIT = ENVIRONMENT.rate_limit
METRICS_TOKEN = ENVIRONMENT.metrics_token.get_secret_value()

OVERRIDE_MINUTES = ENVIRONMENT.override_minutes
OVERRIDE_REVIEW_DAYS = ENVIRONMENT.override_review_days
FORMER_MEMBER_DAYS = ENVIRONMENT.former_member_days
CATCH_UP_DAYS = ENVIRONMENT.catch_up_days
CONTENT_REVIEW_WARNING_DAYS = ENVIRONMENT.content_review_warning_days
CONTENT_REVIEW_GRACE_DAYS = ENVIRONMENT.content_review_grace_days
CONTENT_TRANSLATIONS = ENVIRONMENT.content_translations
CONTENT_REVIEW_LONGEST_DAYS = ENVIRONMENT.content_review_longest_days
ACCESS_REVIEW_RANDOM = ENVIRONMENT.access_review_random
ACCESS_REVIEW_PER_RULE = ENVIRONMENT.access_review_per_rule
ACCESS_REVIEW_MANY_PATIENTS = ENVIRONMENT.access_review_many_patients
AUDIT_HEADS_FILE = ENVIRONMENT.audit_heads_file
AUDIT_CHECKPOINT_KEY = ENVIRONMENT.audit_checkpoint_key.get_secret_value()
AUDIT_RETENTION_MONTHS = ENVIRONMENT.audit_retention_months
RECORD_REQUEST_DAYS = ENVIRONMENT.record_request_days

INSTALLED_APPS = [
    "coordination",  # first: its commands take the place of Django's
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "django_structlog",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "oauth2_provider",
    "notifications",
    "referrals",
    "care_plans",
    "fhir",
]

MIDDLEWARE = [
    "coordination.response_headers.ResponseHeaders",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "coordination.request_context.RequestContext",
    "coordination.api.denials.KeepsDenials",
    "coordination.api.request_limits.RequestLimits",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "coordination.urls"
WSGI_APPLICATION = "coordination.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]


def _database(url: str) -> dict[str, Any]:
    """Describe one connection; without a URL the description only serves offline commands."""
    parsed: dict[str, Any] = dict(
        dj_database_url.parse(url or "postgresql://continuum_app@127.0.0.1:1/continuum")
    )
    parsed["ATOMIC_REQUESTS"] = True  # the organization and the audit row live in it
    options = dict(parsed.get("OPTIONS", {}))
    # of two hosts PostgreSQL's own programs take the one in the query, such as a socket's folder
    parsed["HOST"] = options.pop("host", parsed["HOST"])
    parsed["OPTIONS"] = {
        **options,
        "pool": {"min_size": 1, "max_size": 4, "timeout": 10},
        "connect_timeout": 5,
    }
    return parsed


# The web and worker role cannot bypass row-level security; only migrations use the owner.
DATABASES = {
    "default": _database(ENVIRONMENT.database_url),
    "owner": _database(ENVIRONMENT.database_owner_url or ENVIRONMENT.database_url),
}
DATABASES["owner"]["OPTIONS"].pop("pool")
if IS_COMMAND:  # which works alone; a pool tries, and complains, for ten seconds before it gives up
    DATABASES["default"]["OPTIONS"].pop("pool")
DATABASES["owner"]["ATOMIC_REQUESTS"] = False  # or each request would connect as the owner
DATABASE_ROUTERS = ["coordination.tenancy.OwnerMigrates"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "coordination.User"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
    )
]

REDIS_URL = ENVIRONMENT.redis_url
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL or "redis://127.0.0.1:1/0",
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
    }
}

LANGUAGE_CODE = "en-ca"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # served from the packages themselves: nothing to collect

AUTHENTICATION_BACKENDS = ["coordination.login_fence.LoginBackend"]
SESSION_ENGINE = "coordination.api.session_store"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# In production a proxy takes TLS and says so in this header; probes come past it.
IS_PRODUCTION = ENVIRONMENT.is_production
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_PRODUCTION else None
SECURE_SSL_REDIRECT = IS_PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
SECURE_HSTS_SECONDS = 2 * 365 * 24 * 60 * 60 if IS_PRODUCTION else 0
# Subdomains and browsers' preload lists concern sites that are not this one: the operator decides.
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_PRODUCTION and ENVIRONMENT.hsts_subdomains
SECURE_HSTS_PRELOAD = IS_PRODUCTION and ENVIRONMENT.hsts_preload
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_PRODUCTION
SESSION_COOKIE_NAME = "__Host-sessionid" if IS_PRODUCTION else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if IS_PRODUCTION else "csrftoken"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "coordination.front.forged"
SESSION_COOKIE_AGE = 12 * 60 * 60  # a working day, whatever happens in between
SESSION_IDLE_SECONDS = ENVIRONMENT.session_idle_minutes * 60
TRUSTED_PROXIES = ENVIRONMENT.trusted_proxies
PRINCIPAL_SECONDS = 1.0  # how long a process remembers whose token it saw
LOGIN_URL = "login"

MFA_ADAPTER = "coordination.factor_secrets.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"

# What is silenced below holds no secret: names of models, and switches whose names sound like one.
OAUTH2_PROVIDER_APPLICATION_MODEL = "coordination.Portal"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "coordination.PortalAccessToken"  # noqa: S105  # nosec B105
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "coordination.PortalRefreshToken"  # noqa: S105  # nosec B105
OAUTH2_PROVIDER_GRANT_MODEL = "coordination.PortalGrant"
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "coordination.PortalIdToken"  # noqa: S105  # nosec B105
OAUTH2_PROVIDER: dict[str, Any] = {
    "OAUTH2_VALIDATOR_CLASS": "coordination.api.portals.PortalValidator",
    "SCOPES_BACKEND_CLASS": "coordination.api.scopes.PortalScopes",
    "ACCESS_TOKEN_EXPIRE_SECONDS": 10 * 60,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 30 * 24 * 60 * 60,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,  # nosec B105
    "PKCE_REQUIRED": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "ALLOW_LOCALHOST_LOOPBACK": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,  # nosec B105
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,  # nosec B105
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,  # nosec B105
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Everything a page needs comes from this server, and nothing of it stands inside the page.
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
IMPORT_MAX_UNPACKED = ENVIRONMENT.import_max_unpacked_mb * 1024 * 1024

# how many refusals of one login are written down in an hour; the log has the others
DENIALS_KEPT_PER_HOUR = 300

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "coordination.api.authentication.TokenAuthentication",
        "coordination.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["coordination.api.permissions.DenyAll"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["coordination.api.parsing.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "coordination.api.pagination.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "coordination.api.schema.ContinuumSchema",
    "EXCEPTION_HANDLER": "coordination.api.problem_details.handle",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "DATETIME_FORMAT": "iso-8601",
}

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Continuum",
    "VERSION": "1.0.0",
    "DESCRIPTION": "Coordinates one person's care across six disciplines.",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "DisciplineEnum": "coordination.models.Discipline",
        "StageEnum": "care_plans.models.Stage",
        "CourseStatusEnum": "care_plans.models.Course.Status",
        "DuplicateStatusEnum": "coordination.models.DuplicateReview.Status",
        "RelatedRightEnum": "coordination.models.RelatedPersonRight.Right",
        "HandOffOutcomeEnum": "coordination.models.HandOff.Outcome",
        "HandOffCauseEnum": "coordination.models.HandOff.Cause",
        "RedFlagOutcomeEnum": "care_plans.models.RedFlag.Outcome",
        "SafetyAlertOutcomeEnum": "care_plans.models.SafetyAlert.Outcome",
        "WorkStatusEnum": "coordination.models.WorkItem.Status",
        "CourseOutcomeEnum": "care_plans.models.Course.Outcome",
        "CourseSideEnum": "care_plans.models.Side",
        "CarePlanStatusEnum": "care_plans.models.CarePlan.Status",
        "ActivityStatusEnum": "care_plans.models.Activity.Status",
        "GoalStatusEnum": "care_plans.models.Goal.Status",
        "GoalAchievementEnum": "care_plans.models.GoalAchievement.Code",
        "GoalAchievementStatusEnum": "care_plans.api.goal_serializers.STATUSES",
        "ScoreSideEnum": "care_plans.models.Score.Side",
        "CollectionPointEnum": "care_plans.models.Assessment.CollectionPoint",
        "AbsentReasonEnum": "care_plans.models.AbsentScore.Reason",
        "ComplexityLevelEnum": "care_plans.models.ComplexityScreen.Level",
        "RoutingLevelEnum": "care_plans.api.outcomes.LEVELS",
        "ReferralStatusEnum": "referrals.models.Referral.Status",
        "ReferralStageEnum": "referrals.models.Referral.Stage",
        "CriterionOutcomeEnum": "care_plans.api.criterion_serializers.OUTCOMES",
        "EncounterStatusEnum": "care_plans.models.Encounter.Status",
        "ClinicalNoteStatusEnum": "care_plans.models.ClinicalNote.Status",
        "CareSummaryKindEnum": "care_plans.models.CareSummary.Kind",
        "RecordRequestKindEnum": "coordination.models.RecordRequest.Kind",
        "RecordRequestStatusEnum": "coordination.models.RecordRequest.Status",
        "ConsentDecisionEnum": "coordination.models.Consent.Decision",
        "ConsentMeansEnum": "coordination.models.Consent.Means",
        "MessagingConsentBasisEnum": "notifications.models.MessagingConsent.Basis",
        "MessagingConsentMeansEnum": "notifications.models.MessagingConsent.Means",
        "MessageStatusEnum": "notifications.models.Message.Status",
        "MessageChannelEnum": "notifications.models.Channel",
        "MessagePurposeEnum": "notifications.models.Purpose",
        "AttemptOutcomeEnum": "notifications.models.Attempt.Outcome",
        "RecipientTypeEnum": "notifications.api.serializers.RecipientType",
        "ReferralOutcomeEnum": "referrals.models.Referral.Outcome",
        "OverrideReasonEnum": "coordination.models.consent.Override.Reason",
        "DirectiveTargetEnum": "coordination.models.consent.Directive.Target",
        "DirectiveAudienceEnum": "coordination.models.consent.Directive.Audience",
        "OverrideVerdictEnum": "coordination.models.consent.Override.Verdict",
        "SignOffVerdictEnum": "care_plans.models.LaneSignOff.Verdict",
        "PathwayVersionStatusEnum": "care_plans.models.PathwayVersion.Status",
        "SourceDocumentKindEnum": "care_plans.models.SourceDocument.Kind",
        "ConflictKindEnum": "care_plans.models.ConflictDecision.Kind",
        "ConflictDecisionEnum": "care_plans.models.ConflictDecision.Decision",
        "VerifiedEnum": "care_plans.api.evidence_serializers.VERIFIED",
        "CitationVerifiedEnum": "care_plans.api.evidence_serializers.VERIFIED_OR_NOT",
        "StatementKindEnum": "care_plans.models.PatientStatement.Kind",
        "StatementStatusEnum": "care_plans.models.PatientStatement.Status",
        "FundingMismatchEnum": "care_plans.api.reports.MISMATCHES",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "coordination.api.schema.add_problems",
        "coordination.api.wording.add_words",
        "coordination.api.examples.add_examples",
    ],
}

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {  # a request does not wait for a broker that is down
    "socket_connect_timeout": 2,
    "socket_timeout": 5,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.1,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_ENABLE_UTC = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]

CELERY_BEAT_SCHEDULER = "coordination.heartbeat:Timekeeper"
CELERY_BEAT_SCHEDULE = SCHEDULE

_mail = urlsplit(ENVIRONMENT.email_url or "smtp://127.0.0.1")
MAILERS = {
    "default": {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": _mail.hostname or "localhost",
            "port": _mail.port or (465 if _mail.scheme == "smtps" else 25),
            "username": unquote(_mail.username or ""),
            "password": unquote(_mail.password or ""),
            "use_ssl": _mail.scheme == "smtps",
            "timeout": 10,
        },
    }
}
DEFAULT_FROM_EMAIL = ENVIRONMENT.email_from

# Sweeps run every few seconds; what they did is told by those who did it, failures always.
DJANGO_STRUCTLOG_CELERY_TASK_START_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_CELERY_TASK_SUCCESS_LOG_LEVEL = logging.DEBUG
LOGGING = logging_settings(ENVIRONMENT.log_format or ("console" if IS_COMMAND else "json"))
