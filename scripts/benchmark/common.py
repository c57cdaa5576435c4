"""What the parts of scripts/bench share."""

import statistics
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "out"
MIB = 1 << 20
GB = 10**9


def fail(sentence: str) -> NoReturn:
    """Ends the program."""
    sys.exit(f"bench: {sentence}")


def spread(values: list[float], digits: int = 2) -> str:
    """Median (least to most)."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"
