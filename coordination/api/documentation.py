"""The OpenAPI document, and Swagger UI from this server's own files."""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response


class SchemaView(SpectacularJSONAPIView):
    """The document for every caller alike, so each process writes it once."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the document."""
        return Response(_document())


class DocumentationView(SpectacularSwaggerSplitView):
    """Swagger UI; its script and styles come from addresses of their own, so nothing is inline."""

    template_name = "coordination/documentation.html"
    url_name = "schema"


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return document
