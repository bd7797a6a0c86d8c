"""ETag and If-Match: an edit names the version it edits, so that nobody's work is lost."""

import re

from rest_framework.request import Request

from coordination.models import Editable
from coordination.problems import Invalid, VersionRequired

_TAG = re.compile(r'^(?:W/)?"?(\d{1,9})"?$')


def etag(row: Editable) -> str:
    """Return the ETag of a row."""
    return f'"{row.version}"'


def expected_version(request: Request) -> int:
    """Return the version that If-Match names; raises `VersionRequired` or `Invalid`."""
    header = request.headers.get("If-Match", "")
    if not header:
        raise VersionRequired("Send If-Match with the ETag of what you edit.")
    match = _TAG.match(header.strip())
    if match is None:
        raise Invalid('If-Match must be the ETag of what you edit: its version, such as "3".')
    return int(match[1])
