"""The main job of Continuum, performed over HTTP as the demo's cast would perform it.

Each step does what a person does and says what it proved; the first surprise ends it.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx

from coordination.actors import Role
from coordination.demo.cast import read_cast
from coordination.demo.newcomer import Newcomer, write_newcomer
from coordination.demo.second_factors import secrets_of
from coordination.demo.visits import Visitor, expect
from coordination.environment import PROJECT
from coordination.models import Discipline

_SOURCE = "jose-maria-casares.json.gz"
_PATIENCE = 60  # seconds; beat wakes the sweeps every few of them


class MainJob:
    """What the steps share: who is logged in, and what came into being."""

    folder: Path
    newcomer: Newcomer
    patient: str
    plan: str
    course: str
    massage: str

    def __init__(self, base_url: str, mail_url: str, environment: Mapping[str, str]) -> None:
        self.base_url = base_url
        self.mail_url = mail_url
        self.environment = environment
        self.run_id: UUID = uuid4()
        self.cast = read_cast()
        self.clinic = self.cast.organization("demo")
        self.secrets = secrets_of(self.cast, environment["SECRET_KEY"])
        self.began = datetime.now(UTC)
        self.people: dict[str, Visitor] = {}

    def steps(self) -> list[Callable[[], str]]:
        """Return the steps in order."""
        return [
            self.import_patient,
            self.open_intake,
            self.keep_strangers_out,
            self.apply_pathway,
            self.screen_before_loading,
            self.route_referrals,
            self.do_the_work,
            self.hold_the_gate,
            self.agree_and_advance,
            self.close_the_loop,
            self.read_the_mails,
            self.follow_the_feed,
        ]

    def person(self, email: str) -> Visitor:
        """Return somebody of the cast, logged in."""
        if email not in self.people:
            name = next(login.name for login in self.cast.logins if login.email == email)
            self.people[email] = Visitor.logged_in(
                self.base_url,
                name=name,
                email=email,
                password=self.cast.password,
                secret=self.secrets.get(email),
            )
        return self.people[email]

    @property
    def scheduler(self) -> Visitor:
        """Return who schedules."""
        return self.person(self.clinic.with_hat(Role.SCHEDULER)[0].email)

    @property
    def lead(self) -> Visitor:
        """Return the physiotherapist who leads."""
        return self.person(self.clinic.in_discipline(Discipline.PHYSIOTHERAPY)[0].email)

    def practising(self, role_id: str) -> Visitor:
        """Return who of the cast practises under a role."""
        for practitioner in self.scheduler.every("/practitioners"):
            if any(role["id"] == role_id for role in practitioner["roles"]):
                named = [p for p in self.clinic.people if p.name == practitioner["name"]]
                return self.person(named[0].email)
        raise LookupError(f"Nobody of the cast practises as {role_id}.")

    # the steps

    def import_patient(self) -> str:
        """A patient comes in from a FHIR bundle, and only once."""
        self.newcomer = write_newcomer(self.folder, self.run_id, source=_SOURCE)
        self._import()
        found = self._found()
        expect(len(found) == 1, f"The import brought {len(found)} patients of that name.")
        self.patient = found[0]["id"]
        version = self.scheduler.etag(f"/patients/{self.patient}")
        self._import()
        expect(len(self._found()) == 1, "Importing again brought the patient a second time.")
        again = self.scheduler.etag(f"/patients/{self.patient}")
        expect(version == again, "Importing again changed the patient.")
        return (
            f"{self.newcomer.given_name} {self.newcomer.family_name} is in the directory; "
            "importing the file again changed nothing."
        )

    def open_intake(self) -> str:
        """The scheduler opens intake and names a lead, who thereby may see the patient."""
        path = f"/patients/{self.patient}"
        self.lead.get(path, expect=404)
        self.scheduler.post(f"{path}/intake", {"lead": self.lead.role_id}, expect=201)
        self.scheduler.post(f"{path}/intake", {"lead": self.lead.role_id}, expect=409)
        self.scheduler.patch(path, {"email": self._patient_mail}, etag=self.scheduler.etag(path))
        self.lead.get(path)
        scores = self.lead.every("/assessments", patient=self.patient)
        expect(len(scores) == self.newcomer.scores, "Not every imported score is there.")
        return (
            f"{self.lead.name} leads, sees the patient and {len(scores)} imported pain scores; "
            "a second lead was refused."
        )

    def keep_strangers_out(self) -> str:
        """Nobody without a reason sees the patient."""
        path = f"/patients/{self.patient}"
        colleague = self.person(self.clinic.in_discipline(Discipline.KINESIOLOGY)[0].email)
        colleague.get(path, expect=404)
        neighbour = self.person(self.cast.organization("neighbour").people[0].email)
        neighbour.get(path, expect=404)
        administrator = self.person(self.clinic.with_hat(Role.ADMINISTRATOR)[0].email)
        administrator.get(path, expect=403)
        self.scheduler.get("/assessments", expect=403, patient=self.patient)
        return (
            f"{colleague.name} (no referral) and {neighbour.name} (another organization) were "
            "told that there is no such patient, the administrator that the role sees none, and "
            "the scheduler gets no clinical content."
        )

    def apply_pathway(self) -> str:
        """The lead opens the plan and applies the hamstring pathway; twice is once."""
        body = {"patient": self.patient}
        self.plan = self.lead.post("/care-plans", body, expect=201)["id"]
        expect(self.lead.post("/care-plans", body)["id"] == self.plan, "A second plan was opened.")
        version = self._newest_version("hamstring-tendinopathy")
        asked = {
            "pathway_version": version,
            "severity": "moderate",
            "side": "right",
            "answers": {
                "pain_at_sitting_bone": True,
                "sitting_aggravates": True,
                "stress_affects_sleep": False,
                "sleep_affected": False,
            },
            "effective_at": self._days_ago(22),
        }
        path = f"/care-plans/{self.plan}/courses"
        course = self.lead.post(path, asked, expect=201)
        self.course = course["id"]
        before = self._whole_plan()
        expect(self.lead.post(path, asked)["id"] == self.course, "Applying again made a course.")
        expect(self._whole_plan() == before, "Applying again changed the plan.")
        expect(course["expected"]["duration"] == "P3M/P6M", "The band is not 3 to 6 months.")
        return (
            "Moderate, right side, expected to take 3 to 6 months; applying again changed nothing."
        )

    def screen_before_loading(self) -> str:
        """Unknown is not negative: the acute stage waits for the red-flag screen."""
        start = f"/courses/{self.course}/start"
        at = {"effective_at": self._days_ago(21)}
        refused = self.lead.post(start, at, expect=409)
        answers = dict.fromkeys(self._red_flags(), "absent")
        self.lead.post(
            "/red-flag-screens",
            {"course": self.course, "answers": answers, **at},
            expect=201,
        )
        course = self.lead.post(start, at)
        expect(course["stage"] == "acute", "The course did not enter the acute stage.")
        return (
            f"Refused before ({refused['detail'][:70]}…), entered after {len(answers)} flags were "
            f"answered; expected until {course['stay']['expected_until'][:10]}."
        )

    def route_referrals(self) -> str:
        """The stage opens the referrals it needs; each is routed with reasons, or declined."""
        opened = {row["discipline"]: row for row in self._referrals()}
        expect(
            set(opened) == {"massage_therapy", "chiropractic"},
            f"The acute stage opened {sorted(opened)}.",
        )
        for row in opened.values():
            self.scheduler.post(f"/referrals/{row['id']}/claim")
            self.scheduler.post(f"/referrals/{row['id']}/assign")
        self.massage = opened["massage_therapy"]["id"]
        first = self._owner(self.massage)
        first.post(f"/referrals/{self.massage}/decline", {"reason_code": "no_capacity"})
        first.get(f"/patients/{self.patient}", expect=404)
        self.scheduler.post(f"/referrals/{self.massage}/reroute")
        for row in opened.values():
            self._owner(row["id"]).post(f"/referrals/{row['id']}/accept")
        decisions = self.scheduler.get(f"/referrals/{self.massage}/routing")
        weighed = decisions[0]["candidates"]
        self._until(lambda: all(self._staffed(name) for name in opened), "reached the lanes")
        expect(
            len(decisions) == 2 and all(one["reasons"] for one in weighed),
            "The routing decisions do not say why.",
        )
        return (
            f"Massage and chiropractic at once, psychotherapy not needed; {first.name} declined, "
            f"lost access, and {self._owner(self.massage).name} took it; "
            f"{len(weighed)} candidates kept with their reasons."
        )

    def do_the_work(self) -> str:
        """Scores come in, late entries included, and make the criteria known one by one."""
        before = self._readiness()
        unknown = [part for part in before["exit"]["parts"] if part["outcome"] == "unknown"]
        expect(bool(unknown), "A criterion without evidence was not unknown.")
        for days, load in ((9, 3), (6, 2), (3, 2)):
            self._score(days, {"pain_load_24h": load})
        self._score(2, {"nprs": 2, "adherence_pct": 85})
        self.lead.post(
            "/assessments",
            {
                "patient": self.patient,
                "course": self.course,
                "scores": [{"measure": "nprs", "value": 11}],
            },
            expect=400,
        )
        after = self._readiness()
        expect(after["exit"]["outcome"] == "met", f"The criteria are {after['exit']['outcome']}.")
        return (
            f"{len(unknown)} criteria were unknown and are met now; a pain score of 11 was refused."
        )

    def hold_the_gate(self) -> str:
        """The stage cannot be left before every needed lane agrees."""
        readiness = self._readiness()
        blocked = readiness["blocked_by"]
        refused = self.lead.post(f"/courses/{self.course}/advance", expect=409)
        expect(refused["type"].endswith("course-not-ready"), f"Refused as {refused['type']}.")
        for lane in readiness["lanes"]:
            if lane["needed"] == "needed" and lane["discipline"] != "chiropractic":
                self._sign_off(lane)
        holding = self._readiness()["blocked_by"]
        expect(holding == ["chiropractic"], f"Held up by {holding}, not by chiropractic alone.")
        return f"Waited for {', '.join(blocked)}; then for chiropractic alone, and says so."

    def agree_and_advance(self) -> str:
        """The last lane agrees, and the stage moves on the evidence that it cites."""
        lanes = self._readiness()["lanes"]
        self._sign_off(next(lane for lane in lanes if lane["discipline"] == "chiropractic"))
        course = self.lead.post(f"/courses/{self.course}/advance")
        expect(course["stage"] == "subacute", f"The stage is {course['stage']}.")
        move = self.lead.get(f"/courses/{self.course}/transitions")[-1]
        cited = sum(len(part["evidence"]) for part in move["evidence"]["exit"]["parts"])
        expect(cited >= 5, f"The move cites {cited} pieces of evidence.")
        opened = {row["discipline"] for row in self._referrals() if row["status"] == "active"}
        expect({"kinesiology", "nutrition"} <= opened, f"Open now: {sorted(opened)}.")
        return (
            f"Subacute, resting on {cited} pieces of evidence; kinesiology and nutrition asked for."
        )

    def close_the_loop(self) -> str:
        """A referral is closed by the report and by its acknowledgement, not by one alone."""
        path = f"/referrals/{self.massage}"
        therapist = self._owner(self.massage)
        therapist.post(f"{path}/start")
        report = {"text": "Tightness of the hamstrings is gone.", "outcome": "goals_met"}
        reported = therapist.post(f"{path}/complete", report)
        expect(reported["status"] == "active", "The report alone closed the referral.")
        therapist.post(f"{path}/acknowledge", expect=403)
        closed = self.lead.post(f"{path}/acknowledge")
        expect(closed["status"] == "completed", "The acknowledgement did not close the referral.")
        seen = self.scheduler.get(path)
        expect(seen["clinical"] is None, "The scheduler can read the report.")
        return "Open after the report, closed by the lead; the scheduler sees only the logistics."

    def read_the_mails(self) -> str:
        """The reminders arrive by e-mail, and say nothing about anybody's health."""
        wanted = {
            self._patient_mail,
            *(person.email for person in self.clinic.with_hat(Role.SCHEDULER)[:1]),
            self.clinic.in_discipline(Discipline.CHIROPRACTIC)[0].email,
        }
        self._until(
            lambda: wanted <= {to for mail in self._mails() for to in mail["envelope"]["to"]},
            "was mailed to patient, scheduler and chiropractor",
        )
        mails = self._mails()
        text = "\n".join(mail["subject"] + mail["text"] for mail in mails).casefold()
        words = [self.newcomer.family_name, self.newcomer.given_name, "hamstring", "massage"]
        told = [word for word in words if word.casefold() in text]
        expect(not told, f"A mail says {', '.join(told)}.")
        subjects = sorted({mail["subject"] for mail in mails})
        return f"{len(mails)} mails so far, none with health data: {'; '.join(subjects)}."

    def follow_the_feed(self) -> str:
        """Whoever follows the feed has seen it all, in order."""
        path, types = "/events?limit=1000", []
        while True:
            page = self.lead.get(path)
            mine = [row for row in page["results"] if row["patient"] == self.patient]
            types += [row["type"] for row in mine]
            if not page["results"]:
                break
            path = page["next"]
        wanted = ["care-team.joined", "course.start", "course.advance"]
        places = [types.index(name) for name in wanted if name in types]
        expect(len(places) == len(wanted) and places == sorted(places), f"The feed has {types}.")
        return f"{len(types)} events about this patient, from the intake to the advance."

    # what the steps are made of

    @property
    def _patient_mail(self) -> str:
        return f"{self.newcomer.family_name.lower()}@continuum.example"

    def _import(self) -> None:
        command = [sys.executable, str(PROJECT / "manage.py"), "import_fhir"]
        done = subprocess.run(
            [*command, str(self.newcomer.file), "--organization", "demo"],
            env={**os.environ, **self.environment},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        expect(done.returncode == 0, f"import_fhir failed: {(done.stdout + done.stderr)[-600:]}")

    def _found(self) -> list[Any]:
        return self.scheduler.every("/patients", name=self.newcomer.family_name)

    def _days_ago(self, days: int) -> str:
        return (self.began - timedelta(days=days)).isoformat()

    def _newest_version(self, slug: str) -> str:
        versions = self.lead.get(f"/pathways/{slug}")["versions"]
        newest = max(versions, key=lambda one: [int(part) for part in one["version"].split(".")])
        return str(newest["id"])

    def _whole_plan(self) -> Any:
        return self.lead.get(f"/care-plans/{self.plan}")

    def _red_flags(self) -> list[str]:
        version = self.lead.get(f"/courses/{self.course}")["version"]
        content = self.lead.get(f"/pathways/hamstring-tendinopathy/versions/{version}")["content"]
        listed = [*content["red_flags"], *content["redirects"]]
        return [flag["id"] for flag in listed]

    def _referrals(self) -> list[Any]:
        return self.lead.every("/referrals", patient=self.patient)

    def _owner(self, referral_id: str) -> Visitor:
        work = self.scheduler.get(f"/referrals/{referral_id}")["work"]
        return self.practising(work["owner"]["id"])

    def _readiness(self) -> Any:
        return self.lead.get(f"/courses/{self.course}/readiness")

    def _score(self, days: int, scores: Mapping[str, int]) -> None:
        named = [{"measure": name, "value": value} for name, value in scores.items()]
        body = {"patient": self.patient, "course": self.course, "scores": named}
        self.lead.post("/assessments", {**body, "effective_at": self._days_ago(days)}, expect=201)

    def _sign_off(self, lane: Any) -> None:
        practitioner = self.practising(lane["practitioner"]["id"])
        practitioner.post(f"/lanes/{lane['id']}/sign-off", {"verdict": "ready"}, expect=201)

    def _staffed(self, discipline: str) -> bool:
        lanes = self.lead.get(f"/courses/{self.course}/lanes")
        return any(lane["discipline"] == discipline and lane["practitioner"] for lane in lanes)

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for the worker, which beat wakes every few seconds."""
        deadline = time.monotonic() + _PATIENCE
        while not holds():
            expect(time.monotonic() < deadline, f"Nothing {what} within {_PATIENCE} seconds.")
            time.sleep(1)

    def _mails(self) -> list[Any]:
        caught = httpx.get(f"{self.mail_url}/messages.json", timeout=20).json()
        return [
            mail for mail in caught if datetime.fromisoformat(mail["received_at"]) >= self.began
        ]
