"""Pages in the language of the browser that asks."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers

from coordination.languages import say
from coordination.phrases import PAGES, page_language


def show(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """Answer with a page in French or English, as `Accept-Language` asks; forms follow it too."""
    language = page_language(request.headers.get("Accept-Language", ""))
    form = (context or {}).get("form")
    with translation.override(language):
        if isinstance(form, forms.BaseForm):
            _put(form, request)
        answer = render(request, template, context, status=status)
    answer.headers["Content-Language"] = language
    patch_vary_headers(answer, ["Accept-Language"])
    return answer


def _put(form: forms.BaseForm, request: HttpRequest) -> None:
    """Put a form's own words in the language of the page; Django's own are in it already."""
    language = page_language(request.headers.get("Accept-Language", ""))
    for name, field in form.fields.items():
        label = str(field.label or name.capitalize())
        field.label = say(label, language, (PAGES,)).text
        if field.help_text:
            field.help_text = say(str(field.help_text), language, (PAGES,)).text
    for name, found in form.errors.items():
        form.errors[name] = found.__class__(
            [say(str(error), language, (PAGES,)).text for error in found]
        )
