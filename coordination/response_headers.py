"""What every answer tells a browser that Django's own middleware does not."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# No page of ours uses a device, a sensor or a payment sheet; an injected one may not either.
_UNUSED = (
    "accelerometer",
    "camera",
    "display-capture",
    "fullscreen",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "usb",
)
HEADERS = {
    "Permissions-Policy": ", ".join(f"{name}=()" for name in _UNUSED),
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Server": "continuum",
}


class ResponseHeaders:
    """Stands outside all other middleware, so that files and refusals carry these headers too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and add what is not said yet."""
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response
