"""What a log line may hold: codes, ids and places in the code; never a patient's data.

An error's own message is left out, because a database quotes the row it refuses; its type, its
constraint and the lines it passed are kept.
"""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from traceback import extract_tb
from typing import Any, Literal

import structlog
from structlog.typing import EventDict, WrappedLogger

PROJECT = Path(__file__).resolve().parent.parent
_PLACES_KEPT = 12

# These say nothing that our own lines do not say, or quote addresses and results.
_QUIETER = {
    "celery.app.trace": "CRITICAL",
    "celery.redirected": "WARNING",
    "celery.worker.strategy": "WARNING",
}


def without_messages(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Replace an exception by its chain of types and places."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["exception"] = [_described(one) for one in _chain(error)]
        event.pop("error", None)
    return event


def logging_settings(shape: Literal["json", "console"]) -> dict[str, Any]:
    """Configure structlog, and return Django's LOGGING that sends all loggers through it."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_messages,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    last: Any = structlog.processors.JSONRenderer()
    if shape == "console":
        last = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": shared,
        "processor": last,
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"structured": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "filters": {
            "defects": {"()": lambda: _is_defect},
            "no_wakings": {"()": lambda: _is_no_waking},
        },
        "loggers": {
            "celery.beat": {"filters": ["no_wakings"]},
            "django.request": {"filters": ["defects"]},
            **{name: {"level": level} for name, level in _QUIETER.items()},
        },
    }


def _is_defect(record: logging.LogRecord) -> bool:
    # Django also tells of each refusal, with an address that may be anything.
    return bool(record.exc_info)


def _is_no_waking(record: logging.LogRecord) -> bool:
    # Beat says so at every interval of every sweep.
    return not str(record.msg).startswith("Scheduler: Sending due task")


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )


def _described(error: BaseException) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "at": [
            f"{_place(frame.filename)}:{frame.lineno} {frame.name}"
            for frame in extract_tb(error.__traceback__)[-_PLACES_KEPT:]
        ],
    }
    if state := getattr(error, "sqlstate", None):
        found["sqlstate"] = state
        found["constraint"] = getattr(getattr(error, "diag", None), "constraint_name", None)
    return found


def _place(filename: str) -> str:
    path = Path(filename)
    if path.is_relative_to(PROJECT):
        return str(path.relative_to(PROJECT)).rpartition("site-packages/")[2]
    return "/".join(path.parts[-2:])
