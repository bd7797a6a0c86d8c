"""The shape of codes: no code is looked up, but one that cannot be a code at all is told."""

import re

_SHAPES = {
    "icd10": (r"[A-Z]\d\d(\.\d{1,2})?", "M76.8"),
    "icd10-ca": (r"[A-Z]\d\d(\.\d{1,3})?", "M76.8"),
    "icd10-cm": (r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?", "M76.891"),
    "snomed": (r"[1-9]\d{5,17}", "279039007"),
}
# Verhoeff: how digits are multiplied in the group of the pentagon, and moved by their place
_TIMES = tuple(
    tuple(int(digit) for digit in row)
    for row in (
        *("0123456789", "1234067895", "2340178956", "3401289567", "4012395678"),
        *("5987604321", "6598710432", "7659821043", "8765932104", "9876543210"),
    )
)
_MOVED = tuple(
    tuple(int(digit) for digit in row)
    for row in (
        *("0123456789", "1576283094", "5803796142", "8916043527"),
        *("9453126870", "4286573901", "2793806415", "7046913258"),
    )
)


def code_flaw(system: str, code: str) -> str:
    """Say why something is no code of a system, or nothing."""
    shape, such = _SHAPES[system]
    if not re.fullmatch(shape, code, re.ASCII):
        return f'"{code}" is no {system} code: one looks like {such}'
    return ""


def checks_out(code: str) -> bool:
    """Say whether the last digit is the one that the others make (Verhoeff), of digits alone."""
    if not (code.isascii() and code.isdigit()):
        return True
    left = 0
    for place, digit in enumerate(reversed(code)):
        left = _TIMES[left][_MOVED[place % 8][int(digit)]]
    return left == 0
