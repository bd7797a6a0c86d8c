"""What makes a case complex: five categories of factors, each low, medium or high.

They are those of the New Zealand ACC's integrated care pathways (its FHIR implementation guide,
version 1.1.0, extensions acc-icp-complexity-scores and acc-icp-category-…: read).
"""

from collections.abc import Mapping
from typing import Literal

#: the levels, from the lowest
ORDER: Mapping[str, int] = {"low": 0, "medium": 1, "high": 2}
#: by category, the factors that it has
CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "co-morbidities": ("co-morbidity-factors",),
    "psychosocial": (
        "social-support-network",
        "patient-resilience",
        "equitable-access",
        "cultural-support",
        "active-participation",
        "medication-use",
        "health-literacy",
    ),
    "contextual": (
        "housing-accommodation",
        "travel",
        "return-to-sport",
        "finances",
        "return-to-adls",
    ),
    "disciplines": ("number-of-disciplines",),
    "vocational": ("employment", "return-to-work", "workplace-support"),
}
#: a person without work has no vocational factors
OPTIONAL = frozenset({"vocational"})


def highest(factors: Mapping[str, str]) -> Literal["low", "medium", "high"]:
    """Return the highest level among factors; low for none."""
    found = max(factors.values(), key=lambda level: ORDER[level], default="low")
    return "high" if found == "high" else "medium" if found == "medium" else "low"
