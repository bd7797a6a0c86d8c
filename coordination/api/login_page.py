"""The page at `/login`: for people whom a portal sent here to consent."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from coordination import logins
from coordination.api.authentication import PENDING
from coordination.api.next_page import next_of, redirect_to_change
from coordination.api.pages import show
from coordination.api.sessions import log_in, open_session
from coordination.attempts import TooManyAttempts
from coordination.problems import Problem


class LoginForm(forms.Form):
    """What somebody logs in with; the code only where the login has a second factor."""

    email = forms.EmailField(widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = forms.CharField(
        strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    code = forms.CharField(
        required=False,
        max_length=20,
        help_text="From your authenticator app or from paper, if your login has one.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class LoginPage(View):
    """Log in at a browser, and go on to where one came from."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form."""
        return self._show(request, LoginForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Open a session and go on, or say what is wrong."""
        form, now = LoginForm(request.POST), timezone.now()
        if not form.is_valid():
            return self._show(request, form)
        try:
            user, actor, factor = log_in(request, now=now, **form.cleaned_data)
        except TooManyAttempts as refused:
            if refused.began:
                logins.note_lockout(form.cleaned_data["email"], kind="login", now=now)
            return self._show(request, form, refused)
        except Problem as problem:
            return self._show(request, form, problem)
        if factor == PENDING:
            form.add_error("code", "This login needs its code as well.")
            return self._show(request, form)
        open_session(request, user, actor, factor)
        logins.note("login.opened", actor, now=now, factor=factor)
        if user.must_change_password:
            return redirect_to_change(next_of(request))
        return HttpResponseRedirect(next_of(request))

    def _show(
        self, request: HttpRequest, form: LoginForm, problem: Problem | None = None
    ) -> HttpResponse:
        context: dict[str, Any] = {"form": form, "problem": problem, "next": next_of(request)}
        answer = show(request, "coordination/login.html", context)
        if problem is not None:
            answer.status_code = problem.status
        if isinstance(problem, TooManyAttempts):
            answer.headers["Retry-After"] = str(problem.wait)
        return answer
