"""Every address of the server."""

from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("coordination.api.urls")),
]
