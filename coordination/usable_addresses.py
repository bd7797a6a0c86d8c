"""Whether an address of the environment can be used, and what would be right if it cannot.

What was given is never said again: an address may hold a password, and a slip of the hand may put
one anywhere in it.
"""

import os
import re
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

_BLANK = re.compile(r"[\s\x00-\x1f\x7f]")
# What a Host header may hold, and what Django compares it with.
_HOST = re.compile(
    r"\*|\.?[a-z0-9]([a-z0-9.-]*[a-z0-9])?\.?|\[?[0-9a-f:]*:[0-9a-f:.]+\]?", re.IGNORECASE
)

POSTGRESQL = "postgresql://user:password@host:5432/database"
REDIS = "redis://:password@host:6379/0, or rediss://… with TLS"
MAIL = "smtp://user:password@host:587, or smtps://… with TLS"
WEB = "https://clinic.example"
SENDER = "Clinic <no-reply@clinic.example>"


def wrong_database(url: str, *, is_named: bool = True) -> str:
    """Return why this is no address of PostgreSQL, empty if it is one; `is_named`: of a database.

    A host may be left out, for a socket.
    """
    where, reason = _split(url, ("postgresql", "postgres"))
    if where is not None and is_named and not where.path.strip("/"):
        reason = "it names no database"
    return _advise(reason, POSTGRESQL)


def wrong_redis(url: str) -> str:
    """Return why this is no address of Redis or Valkey, empty if it is one."""
    where, reason = _split(url, ("redis", "rediss"))
    if where is not None and not where.hostname:
        reason = "it names no host"
    elif where is not None and not re.fullmatch(r"/?\d*", where.path, re.ASCII):
        reason = "its database is not a number"
    return _advise(reason, REDIS)


def wrong_mail_server(url: str) -> str:
    """Return why this is no address of a mail server, empty if it is one."""
    where, reason = _split(url, ("smtp", "smtps"))
    if where is not None and not where.hostname:
        reason = "it names no host"
    elif where is not None and (where.path.strip("/") or where.query):
        reason = "it goes on after the host and the port"
    return _advise(reason, MAIL)


def wrong_web(url: str) -> str:
    """Return why this is no address of the web, empty if it is one."""
    where, reason = _split(url, ("https", "http"))
    if where is not None and not where.hostname:
        reason = "it names no host"
    return _advise(reason, WEB)


def wrong_sender(sender: str) -> str:
    """Return why no mail can come from this sender, empty if it can."""
    try:
        Address(addr_spec=parseaddr(sender)[1])
    except (MessageError, ValueError, IndexError):
        return _advise("it is not one mail address", SENDER)
    is_full = re.fullmatch(r"[^@]+@[^@]+", parseaddr(sender)[1]) and sender.isprintable()
    return "" if is_full else _advise("it is not one mail address", SENDER)


def wrong_hosts(names: tuple[str, ...]) -> str:
    """Return why these are not names of hosts, empty if they are."""
    if names and all(_HOST.fullmatch(name) for name in names):
        return ""
    reason = "one of them is not the name of a host" if names else "it names no host"
    return (
        f"{reason}; give names without scheme and port, such as clinic.example,www.clinic.example"
    )


def wrong_file(path: Path) -> str:
    """Return why nothing can be kept in this file, empty if it can; it need not be there yet."""
    return "it is a folder; name a file" if path.is_dir() else ""


def wrong_folder(path: str) -> str:
    """Return why nothing can be kept in this folder, empty if it can."""
    is_ours = Path(path).is_dir() and os.access(path, os.W_OK | os.X_OK)
    return "" if is_ours else "it is no folder in which this user may write; make one first"


def _split(url: str, schemes: tuple[str, ...]) -> tuple[SplitResult | None, str]:
    """Return the parts of an address, or None and what is wrong."""
    if _BLANK.search(url):
        return None, "it holds a blank or the end of a line"
    try:
        where = urlsplit(url)
    except ValueError:
        return None, "its host cannot be read"
    if where.scheme not in schemes or "://" not in url:
        return None, f"it does not begin with {schemes[0]}://"
    try:
        has_port = where.port != 0
    except ValueError:  # or "/" and "#" in a password, after which nothing is where it belongs
        has_port = False
    if not has_port:
        reason = "its port is not a number from 1 to 65535 (is the password percent-encoded?)"
        return None, reason
    return where, ""


def _advise(reason: str, example: str) -> str:
    return f"{reason}; it must look like {example}" if reason else ""
