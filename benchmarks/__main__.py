"""`python -m benchmarks NAME`."""

import sys

from benchmarks import closing, engine, importing, reading

BENCHMARKS = {
    "closing": closing.main,
    "engine": engine.main,
    "importing": importing.main,
    "reading": reading.main,
}


def main() -> int:
    """Run the benchmark that was named."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in BENCHMARKS:
        print(f"Name one of: {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    return BENCHMARKS[name](sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
