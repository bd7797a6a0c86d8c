"""Which clinical records patients may ask about, and which are disposed of in their time."""

from coordination.record_kinds import RecordKind, register_record


def register_kinds() -> None:
    """Register what this app keeps of patients; a note goes before the visit that it is about."""
    register_record(
        RecordKind(
            name="ClinicalNote",
            moment="written_at",
            replaces="amends_id",
            is_disposable=True,
            rank=1,
        )
    )
    register_record(RecordKind(name="CareSummary", moment="written_at", is_disposable=True, rank=1))
    register_record(RecordKind(name="Encounter", moment="started_at", is_disposable=True, rank=2))
    register_record(RecordKind(name="Assessment", moment="effective_at", replaces="replaces_id"))
