"""`{% say "Log in" %}`: what pages say, in the language of whoever reads them.

The French stands in `translations/fr-CA/pages.yaml`, and a test finds what is not there.
"""

from typing import Any

from django import template

from coordination.languages import ENGLISH, Language, notice_of, say
from coordination.phrases import PAGES, page_language

register = template.Library()


@register.simple_tag(takes_context=True, name="say")
def said(context: template.Context, text: Any, **given: Any) -> str:
    """Return a text in the language of the page, with what is given put in."""
    found = say(str(text), _language(context), (PAGES,)).text
    return found.format(**given) if given else found


@register.simple_tag(takes_context=True)
def language(context: template.Context) -> str:
    """Return the language tag of the page."""
    return _language(context)


@register.simple_tag(takes_context=True)
def translation_notice(context: template.Context) -> str:
    """Return what there is to know of the page's translation; nothing, if that is nothing."""
    return notice_of(PAGES, _language(context))


def _language(context: template.Context) -> Language:
    """Return what the browser asks for; a page for operators (`english_only`) is in English."""
    if context.get("english_only"):
        return ENGLISH
    return page_language(context["request"].headers.get("Accept-Language", ""))
