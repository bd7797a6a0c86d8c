"""A FHIR Patient in the words of `coordination.models.Patient`.

Only what the resource says is returned, so that an update leaves everything else alone. What it
says but cannot be kept honestly is left out, and a note says so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from coordination.models import Patient, PatientIdentifier
from coordination.registration import Identifier
from fhir.importing.elements import Element, When, Wrong, coding_of, noon, shown
from fhir.importing.references import reference_in

Kind = PatientIdentifier.Kind

# HL7 v2 table 0203
_KINDS = {
    "JHN": Kind.HEALTH_NUMBER,
    "MR": Kind.MEDICAL_RECORD,
    "DL": Kind.DRIVERS_LICENCE,
    "PPN": Kind.PASSPORT,
    "SS": Kind.SOCIAL_SECURITY,
}
_SYSTEMS = {"http://hl7.org/fhir/sid/us-ssn": Kind.SOCIAL_SECURITY}
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_NAME_USES = ("official", "usual", "temp", "nickname", "anonymous", "old", "maiden")
_FORMER = ("old", "maiden")
_PHONES = ("mobile", "home", "work", "temp", "")
_LONGEST = 500


@dataclass(slots=True)
class PatientRead:
    """What one Patient resource says."""

    fields: dict[str, Any] = field(default_factory=dict)
    identifiers: list[Identifier] = field(default_factory=list)
    physicians: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_patient(resource: Element, *, today: date, now: datetime) -> PatientRead:
    """Translate a Patient; raises `Wrong` for what FHIR forbids or nobody can use."""
    read = PatientRead()
    _names(resource, read)
    _birth(resource, read, today)
    gender = resource.code("gender", Patient.Gender.values)
    if gender:
        read.fields["gender"] = gender
    _language(resource, read)
    _telecom(resource, read)
    _address(resource, read)
    _contact(resource, read)
    _death(resource, read, now)
    _identifiers(resource, read)
    read.physicians = [
        reference
        for part in resource.many("generalPractitioner")
        if (reference := reference_in(part))
    ]
    return read


def human_name(name: Element | None) -> tuple[str, str]:
    """Return family and given names; a name that is only one text counts as the family's."""
    if name is None:
        return "", ""
    family = name.text("family", limit=_LONGEST)
    given = " ".join(name.texts("given"))[:_LONGEST]
    if not family:
        return name.text("text", limit=_LONGEST) or given, ""
    return family, given


def _names(resource: Element, read: PatientRead) -> None:
    by_use: dict[str, Element] = {}
    for name in resource.many("name"):
        use = name.code("use", _NAME_USES)
        if name.value.get("period") and (period := name.one("period")) and period.when("end"):
            use = "old"
        by_use.setdefault(use, name)
    for use in ("official", "usual", "", "temp", "anonymous"):
        family, given = human_name(by_use.get(use))
        if family:
            break
    else:
        raise Wrong("Patient.name: there is no current name")
    read.fields |= {"family_name": family, "given_name": given}
    for use in ("nickname", "usual"):
        called = by_use[use].texts("given") if use in by_use else []
        if called and " ".join(called) != given:
            read.fields["preferred_name"] = " ".join(called)[:_LONGEST]
            break
    if any(use in by_use for use in _FORMER):
        read.notes.append("a former name is not kept")


def _birth(resource: Element, read: PatientRead, today: date) -> None:
    born = resource.when("birthDate")
    if born is None:
        return
    if born.day is None:
        read.notes.append(f"the birth date {born.text} names no day and is left out")
    elif born.day > today:
        raise Wrong(f"Patient.birthDate: {born.text} lies in the future")
    else:
        read.fields["birth_date"] = born.day


def _language(resource: Element, read: PatientRead) -> None:
    spoken = sorted(
        resource.many("communication"), key=lambda part: part.flag("preferred") is not True
    )
    for part in spoken:
        _, code, words = coding_of(part.one("language"))
        if _LANGUAGE.fullmatch(code) and len(code) <= 35:
            read.fields["language"] = code
            return
        read.notes.append(f"the language {shown(code or words)} is no BCP 47 tag")


def _telecom(resource: Element, read: PatientRead) -> None:
    phones: dict[str, str] = {}
    for part in resource.many("telecom"):
        system, value, use = part.text("system"), part.text("value"), part.text("use")
        if use == "old" or not value:
            continue
        if system == "phone":
            phones.setdefault(use, value)
        elif system == "email" and "email" not in read.fields:
            _email(value, read)
    for use in _PHONES:
        if use in phones:
            _short(read, "phone", phones[use])
            return


def _email(value: str, read: PatientRead) -> None:
    try:
        validate_email(value)
    except ValidationError:
        read.notes.append("an e-mail address is not valid and is left out")
        return
    _short(read, "email", value, limit=254)


def _address(resource: Element, read: PatientRead) -> None:
    places = [place for place in resource.many("address") if place.text("use") != "old"]
    for place in sorted(places, key=lambda place: place.text("use") != "home"):
        words = one_line(place)
        if words:
            read.fields["address"] = words
            return


def one_line(place: Element) -> str:
    """Return an Address as one line."""
    written = place.text("text")
    if written:
        return ", ".join(written.splitlines())
    region = " ".join(part for part in (place.text("state"), place.text("postalCode")) if part)
    parts = [*place.texts("line"), place.text("city"), region, place.text("country")]
    return ", ".join(part for part in parts if part)


def _contact(resource: Element, read: PatientRead) -> None:
    contacts = [(part, list(part.many("relationship"))) for part in resource.many("contact")]
    # HL7 v2 table 0131: C is the emergency contact
    contacts.sort(key=lambda pair: "C" not in [coding_of(part)[1] for part in pair[1]])
    for part, relationships in contacts:
        family, given = human_name(part.one("name"))
        if not family:
            continue
        read.fields["emergency_contact_name"] = f"{given} {family}".strip()
        kinship = [coding_of(each) for each in relationships]
        words = [text for _, code, text in kinship if text and code != "C"]
        read.fields["emergency_contact_relationship"] = ", ".join(words)
        phones = [each.text("value") for each in part.many("telecom") if _is_phone(each)]
        _short(read, "emergency_contact_phone", phones[0] if phones else "")
        return


def _is_phone(telecom: Element) -> bool:
    return telecom.text("system") == "phone" and bool(telecom.text("value"))


def _death(resource: Element, read: PatientRead, now: datetime) -> None:
    died: When | None = resource.when("deceasedDateTime")
    if died is None:
        if resource.flag("deceasedBoolean"):
            # To lose a death would be worse than to keep it under the day on which it was read.
            read.fields["deceased_at"] = now
            read.notes.append("deceased without a date: kept as known since this import")
        return
    read.fields["deceased_at"] = died.at or noon(died.first)
    if died.at is None:
        read.notes.append(f"deceased {died.text}, without a day: kept as its first day")


def _identifiers(resource: Element, read: PatientRead) -> None:
    seen = set()
    for position, part in enumerate(resource.many("identifier")):
        system, value = part.text("system", limit=_LONGEST), part.text("value", limit=_LONGEST)
        for name, text in (("system", system), ("value", value)):
            if not text:
                read.notes.append(f"identifier[{position}] has no {name} and is left out")
        if part.text("use") == "old":
            read.notes.append(f"identifier[{position}] is a former one and is left out")
            continue
        if system and value and (system, value) not in seen:
            seen.add((system, value))
            read.identifiers.append(Identifier(_kind_of(part, system), system, value))


def _kind_of(identifier: Element, system: str) -> str:
    kind = identifier.one("type")
    for code in _codes(kind):
        if code in _KINDS:
            return _KINDS[code]
    return _SYSTEMS.get(system, Kind.OTHER)


def _codes(concept: Element | None) -> Iterator[str]:
    if concept is not None:
        for coding in concept.many("coding"):
            yield coding.text("code")


def _short(read: PatientRead, name: str, value: str, *, limit: int = 40) -> None:
    if len(value) <= limit:
        read.fields[name] = value
    else:
        read.notes.append(f"{name.replace('_', ' ')} is longer than {limit} characters")
