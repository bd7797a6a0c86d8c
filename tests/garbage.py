"""Less work for the garbage collector: what a run has imported and collected stays anyway."""

import gc


def pytest_collection_finish() -> None:
    """Look no more at what is there by now, and seldom at what the tests make."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)
