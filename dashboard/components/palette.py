"""One meaning per colour, in both themes: Okabe and Ito's tones, which colour-blind readers tell apart."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.alert import AlertState


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of figures; `in_time` is a promise that is kept, `states` are the alert states' marks.

    `words` are the same states' tones where text is set in them: a mark's amber is too pale to read on white.
    """

    ground: str
    panel: str
    text: str
    muted: str
    line: str
    accent: str
    in_time: str
    states: Mapping[AlertState, str]
    words: Mapping[AlertState, str]

    @property
    def at_risk(self) -> str:
        return self.states[AlertState.AT_RISK]

    @property
    def firing(self) -> str:
        return self.states[AlertState.FIRING]


LIGHT = Palette(
    ground="#FFFFFF",
    panel="#F5F6F8",
    text="#14181F",
    muted="#5B6470",
    line="#DDE1E7",
    accent="#3B4CC0",
    in_time="#009E73",
    states={
        AlertState.AT_RISK: "#E69F00",
        AlertState.FIRING: "#D55E00",
        AlertState.SUSPENDED: "#CC79A7",
        AlertState.RESOLVED: "#0072B2",
        AlertState.RETRACTED: "#8A929D",
    },
    words={
        AlertState.AT_RISK: "#8A5A00",
        AlertState.FIRING: "#B34500",
        AlertState.SUSPENDED: "#93406F",
        AlertState.RESOLVED: "#005F96",
        AlertState.RETRACTED: "#5B6470",
    },
)
_DARK_STATES = {
    AlertState.AT_RISK: "#F0B43C",
    AlertState.FIRING: "#FF8A45",
    AlertState.SUSPENDED: "#E0A0C4",
    AlertState.RESOLVED: "#62B6EE",
    AlertState.RETRACTED: "#98A1AD",
}
DARK = Palette(
    ground="#0E1116",
    panel="#171B22",
    text="#E7EAEF",
    muted="#98A1AD",
    line="#2B323C",
    accent="#8C9BFF",
    in_time="#2BB98C",
    states=_DARK_STATES,
    words=_DARK_STATES,
)
# The word for each state, as readers meet it.
STATE_WORDS = {
    AlertState.AT_RISK: "at risk",
    AlertState.FIRING: "firing",
    AlertState.SUSPENDED: "suspended",
    AlertState.RESOLVED: "resolved late",
    AlertState.RETRACTED: "retracted",
}


def palette_for(theme: str | None) -> Palette:
    """The palette of the theme the reader has chosen; the light one until the browser has said."""
    return DARK if theme == "dark" else LIGHT
