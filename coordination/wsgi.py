"""The web server's way in."""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

from coordination.environment import VAR
from coordination.header_parameters import ReadableHeaders
from coordination.shared_counts import share_counts

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coordination.settings")
share_counts(VAR / "metrics")
application = ReadableHeaders(get_wsgi_application())
# Views that cannot do what they promise refuse when they are loaded: now, not at a first request.
import_module("coordination.urls")
