"""The web server's way in."""

import os

from django.core.wsgi import get_wsgi_application

from coordination.environment import VAR
from coordination.shared_counts import share_counts

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coordination.settings")
share_counts(VAR / "metrics")
application = get_wsgi_application()
