"""Playing a course out as its pathway expects it: each stage met on its last expected day."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from care_plans import standing
from care_plans.content.sourced import STAGES, stage_name
from care_plans.content.stages import Stage
from care_plans.evidence import Outcome as Answer
from care_plans.models import Course, Goal, Outcome, StageStay
from care_plans.rehearsing import meeting
from care_plans.rehearsing.playing import DAY, Player

WHY = "A rehearsal plays it out as expected."


@dataclass(slots=True)
class Expected:
    """A course that goes as its pathway expects; `unmet` is what its patient could not show."""

    player: Player
    scores: meeting.Scores
    unmet: list[str] = field(default_factory=list)
    _entered_at: datetime = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Keep from when on things are done at home."""
        self._entered_at = self.player.at

    def measure_what_was_missed(self) -> None:
        """Take now what each stage so far asks to be measured on the way in, and nobody did.

        For a real course, in which a change since the beginning would otherwise never be known.
        """
        stay = self.player.stay
        if stay is None:
            return
        known = {part.measure for part in self.scores.first}
        past = STAGES[: STAGES.index(stage_name(stay.stage)) + 1]
        asked = {m for name in past for m in self.player.definition.stage(name).measures_at_entry}
        self.player.sit(self.scores.of(sorted(asked - known)))

    def play(self, *, until: str = "") -> None:
        """Take the course from where it stands to its end, or into a stage.

        Each stage is left on the last day that it is expected to last, or on the first after it
        on which what the exit asks of time has passed.
        """
        if self.player.course.status == Course.Status.PAUSED:
            self.player.move("resume")
        if self.player.stay is None:
            self._begin()
        while (stay := self.player.stay) is not None and stay.stage != until:
            self._finish(stay)

    def _begin(self) -> None:
        player = self.player
        player.screen()
        self._measure_at_entry(player.definition.stage(STAGES[0]))
        self._go_on("start")

    def _finish(self, stay: StageStay) -> None:
        player, definition = self.player, self.player.definition
        name = stage_name(stay.stage)
        content, following = definition.stage(name), definition.stage_after(name)
        player.decide_lanes()
        self.let_pass(player.at + DAY)
        player.take_up_referrals()
        due = max(self._due(content, stay), player.at)
        for days in range(meeting.sittings(content.exit) - 1, -1, -1):
            self.let_pass(max(due - days * DAY, player.at))
            player.sit(meeting.meeting(content.exit, self.scores))
        if following is not None:
            player.sit(meeting.meeting(definition.stage(following).entry, self.scores))
        player.answer(meeting.answering(content.exit))
        player.screen()
        player.decide_lanes()
        player.take_up_referrals()
        player.sign_off()
        if following is None:
            self._note_unmet()
            player.reach_goals()
            player.move("discharge", outcome=self._outcome(), reason=WHY)
        else:
            self._go_on("advance")
            self._measure_at_entry(definition.stage(following))

    def let_pass(self, until: datetime) -> None:
        """Let time go by, and what is kept up at home be entered as often as its scores are due."""
        kept, days = meeting.kept_up(self.player.definition, self.scores)
        while kept and self._entered_at + timedelta(days=days) <= until:
            self._entered_at += timedelta(days=days)
            self.player.pass_time(max(self._entered_at, self.player.at))
            self.player.sit([self.scores.taken(part, value) for part, value in kept.items()])
        self.player.pass_time(until)

    def _outcome(self) -> str:
        """Return the best outcome that the goals bear out: some may have been given up before."""
        given_up = Goal.objects.filter(
            course=self.player.course_id, status=Goal.Status.NOT_ACHIEVED
        )
        return Outcome.PARTLY_ACHIEVED if given_up.exists() else Outcome.GOALS_ACHIEVED

    def _due(self, content: Stage, stay: StageStay) -> datetime:
        began = {"course_start": self.player.course.applied_at, "stage_start": stay.entered_at}
        waited = [
            began[node.elapsed_since] + timedelta(days=node.at_least.days)
            for node in meeting.waits(content.exit)
        ]
        return max([stay.expected_until, *waited])

    def _measure_at_entry(self, content: Stage) -> None:
        self.player.sit(self.scores.of(content.measures_at_entry))

    def _note_unmet(self) -> bool:
        """Keep what still stands in the way; say whether anything does."""
        course, at = self.player.course, self.player.at
        found = standing.judge([course], now=at)[course.id].readiness
        if found.outcome is Answer.MET:
            return False
        where = found.stage or "intake"
        self.unmet += [f"{where}: {finding.sentence}" for finding in found.blockers()]
        return True

    def _go_on(self, action: str) -> None:
        unmet = self._note_unmet()
        self.player.move(action, override=unmet, reason=WHY if unmet else "")
