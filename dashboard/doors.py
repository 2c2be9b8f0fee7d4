"""What the console changes or tries through other parts of the program: the doors that commands and the API use."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.interventions.planning import PlannedCall, Selection
from collector.replay import Replay

# What calls to the middleware would come to now; calls nobody.
Plan = Callable[[Selection, datetime], Sequence[PlannedCall]]


@dataclass(frozen=True, slots=True)
class Doors:
    """The doors of one process; None where it has no such part."""

    replay: Replay | None = None
    plan: Plan | None = None


# As in `session`: Streamlit hands page scripts nothing.
_attached: list[Doors] = []


def attach_doors(replay: Replay | None = None, plan: Plan | None = None) -> None:
    """Makes every page of this process act through these."""
    _attached[:] = [Doors(replay, plan)]


def doors() -> Doors:
    """What was attached; none where nothing was."""
    return _attached[0] if _attached else Doors()
