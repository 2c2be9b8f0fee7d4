"""What a benchmark measured, and how it reads beside its target."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quantity, a value a repeat; `target` is that of DESIGN.md, part 10, where it has one."""

    benchmark: str
    what: str
    unit: str
    values: Sequence[float]
    target: float | None = None
    more_is_better: bool = True

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def half(self) -> float | None:
        """What half as good as the target is."""
        if self.target is None:
            return None
        return self.target / 2 if self.more_is_better else self.target * 2

    @property
    def verdict(self) -> str:
        """How the median stands to the target and to its half."""
        if self.target is None or self.half is None:
            return ""
        sign = 1 if self.more_is_better else -1
        if sign * self.median >= sign * self.target:
            return "met"
        return "half met" if sign * self.median >= sign * self.half else "missed"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table, which also reads well in a terminal."""
    rows = [("benchmark", "figure", "median", "min to max", "target", "half of it", "")]
    for figure in figures:
        rows.append(
            (
                figure.benchmark,
                figure.what,
                f"{_number(figure.median)} {figure.unit}",
                f"{_number(min(figure.values))} to {_number(max(figure.values))}",
                _number(figure.target) if figure.target is not None else "",
                _number(figure.half) if figure.half is not None else "",
                figure.verdict,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
