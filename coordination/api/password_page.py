"""The page at `/login/password`: where one changes one's password.

Whoever logs in with a password that somebody else chose is led here first.
"""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from coordination import logins, second_factors
from coordination.actors import Actor, actor_for
from coordination.api.authentication import FACTOR, ORGANIZATION, PASSWORD, PENDING
from coordination.api.next_page import next_of, redirect_to_login
from coordination.api.pages import show
from coordination.attempts import TooManyAttempts
from coordination.models import User
from coordination.problems import Problem
from coordination.request_context import client_address
from coordination.tenancy import choose_organization


class PasswordForm(forms.Form):
    """The present password, and the new one twice."""

    current = forms.CharField(
        strip=False,
        label="Your present password",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        strip=False,
        label="A password of your own",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        strip=False,
        label="The same again",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """Refuse two new passwords that differ."""
        given: dict[str, Any] = super().clean() or {}
        if given.get("new") != given.get("again"):
            self.add_error("again", "The two new passwords differ.")
        return given


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class PasswordPage(View):
    """Change one's password at a browser; afterwards one logs in with it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form to whoever is logged in."""
        if _who(request) is None:
            return redirect_to_login(next_of(request))
        return self._show(request, PasswordForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Change the password and ask to log in anew, or say what is wrong."""
        user, form, now = _who(request), PasswordForm(request.POST), timezone.now()
        if user is None:
            return redirect_to_login(next_of(request))
        if not form.is_valid():
            return self._show(request, form)
        given = form.cleaned_data
        try:
            logins.change_password(
                user,
                given["current"],
                given["new"],
                actor=_actor(request, user, now),
                now=now,
                address=client_address(request),
            )
        except TooManyAttempts as refused:
            if refused.began:
                logins.note_lockout(user.email, kind="login", now=now)
            return self._show(request, form, refused)
        except Problem as problem:
            return self._show(request, form, problem)
        logout(request)
        return redirect_to_login(next_of(request))

    def _show(
        self, request: HttpRequest, form: PasswordForm, problem: Problem | None = None
    ) -> HttpResponse:
        context: dict[str, Any] = {"form": form, "problem": problem, "next": next_of(request)}
        context["must_change"] = getattr(request.user, "must_change_password", False)
        answer = show(request, "coordination/password.html", context)
        if problem is not None:
            answer.status_code = problem.status
        if isinstance(problem, TooManyAttempts):
            answer.headers["Retry-After"] = str(problem.wait)
        return answer


def _who(request: HttpRequest) -> User | None:
    """Return who is logged in, with the second factor where the login has one."""
    user: Any = request.user
    factor = request.session.get(FACTOR, PASSWORD)
    if not isinstance(user, User) or not user.is_active or factor == PENDING:
        return None
    return None if factor == PASSWORD and second_factors.is_enrolled(user) else user


def _actor(request: HttpRequest, user: User, now: datetime) -> Actor:
    """Return the actor of the session, with the transaction in the organization it acts in."""
    allowed = logins.memberships_of(user.id, now=now)
    wanted = request.session.get(ORGANIZATION)
    chosen = next((one for one in allowed if str(one) == wanted), next(iter(allowed), None))
    if chosen is None:
        raise logins.NoMembership("This login is no member of any organization.")
    choose_organization(chosen)
    request_id = str(getattr(request, "request_id", "") or "")
    return actor_for(user, chosen, now=now, request_id=request_id)
