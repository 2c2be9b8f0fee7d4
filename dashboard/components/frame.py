"""The frame on top of every page: search, the page's own filters, and whose figures are shown in which currency.

What is chosen stays from page to page and stands in the URL. A page that cannot follow a part of it says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import reads
from dashboard.components import filters
from dashboard.components.markup import element
from dashboard.components.page import write
from dashboard.framing import Frame
from domain.errors import StoreError

# The query parameters, which are the widgets' keys as well.
ENTITY, REGION, CURRENCY = "entity", "region", "currency"
# What is chosen, for the page that comes next: its address begins without it.
_KEPT = "frame_kept"


@dataclass(frozen=True, slots=True)
class Follows:
    """Which parts of the frame a page's figures follow, and why it cannot follow the others."""

    entity: bool = True
    region: bool = True
    currency: bool = True
    because: str = ""


FOLLOWS_ALL = Follows()


@dataclass(frozen=True, slots=True)
class Drawn:
    """The frame as it was drawn: what is chosen and followed, and room for the page's own filters."""

    frame: Frame
    room: DeltaGenerator = field(repr=False)


def draw_frame(follows: Follows = FOLLOWS_ALL) -> Drawn:
    """Draws the frame; of what is chosen only that is returned which the page follows."""
    row = filters.bar()
    with row:
        room = st.container(horizontal=True, vertical_alignment="center", width="content", key="room")
        with st.container(horizontal=True, vertical_alignment="center", width="content", key="frame", gap="small"):
            entities = _several(ENTITY, "Legal entities", "All legal entities", _known_entities(), follows.entity, 190)
            regions = _several(REGION, "Regions", "All regions", _known_regions(), follows.region, 150)
            currency = _currency(follows.currency)
    _say(follows, entities, regions, currency)
    return Drawn(
        Frame(
            entities if follows.entity else (),
            regions if follows.region else (),
            currency if follows.currency else reads.reporting_currency(),
        ),
        room,
    )


def whose_figures(follows: Follows) -> Frame:
    """The frame of a page that has no filters of its own."""
    return draw_frame(follows).frame


def query_of(frame: Frame) -> dict[str, list[str]]:
    """A frame as links name it; what is usual is left out."""
    currency = [] if frame.currency in ("", reads.reporting_currency()) else [frame.currency]
    parts = {ENTITY: list(frame.entities), REGION: list(frame.regions), CURRENCY: currency}
    return {name: values for name, values in parts.items() if values}


def _several(
    key: str, label: str, placeholder: str, known: Sequence[str], follows: bool, width: int
) -> tuple[str, ...]:
    wanted = _wanted(key)
    # A link may name what nobody has named yet; it stays chosen, and shows that there is nothing.
    options = sorted({*known, *wanted})
    st.session_state[key] = list(wanted)
    chosen: list[str] = st.multiselect(
        label,
        options,
        key=key,
        placeholder=placeholder,
        label_visibility="collapsed",
        width=width,
        disabled=not follows,
        on_change=_keep,
        args=(key,),
    )
    return tuple(sorted(chosen))


def _currency(follows: bool) -> str:
    usual = reads.reporting_currency()
    others = _known_currencies()
    wanted = next(iter(_wanted(CURRENCY)), usual)
    options = [usual, *sorted({*others, wanted} - {usual})]
    st.session_state[CURRENCY] = wanted
    chosen = st.selectbox(
        "Reporting currency",
        options,
        key=CURRENCY,
        label_visibility="collapsed",
        width=96,
        disabled=not follows,
        help="Reporting currency: amounts are added up in it. What happened goes by the rates of its day, what stands "
        "by today's.",
        on_change=_keep,
        args=(CURRENCY,),
    )
    return chosen or usual


def _wanted(key: str) -> tuple[str, ...]:
    """What the URL names, else what was chosen on the page before; from then on it stands in the URL."""
    kept: dict[str, tuple[str, ...]] = st.session_state.setdefault(_KEPT, {})
    named = tuple(sorted({value for value in st.query_params.get_all(key) if value.strip()}))
    if named:
        kept[key] = named
    elif kept.get(key):
        st.query_params[key] = list(kept[key])
    return kept.get(key, ())


def _keep(key: str) -> None:
    """Takes what the reader chose into the URL and to the pages that come next."""
    value = st.session_state[key]
    chosen = tuple(value) if isinstance(value, list) else (value,) if value != reads.reporting_currency() else ()
    st.session_state.setdefault(_KEPT, {})[key] = chosen
    if chosen:
        st.query_params[key] = list(chosen)
    else:
        st.query_params.pop(key, None)


def _say(follows: Follows, entities: Sequence[str], regions: Sequence[str], currency: str) -> None:
    """What is chosen and not followed, said so that nobody takes the page for what it is not."""
    ignored = [
        *(entities if not follows.entity else ()),
        *(regions if not follows.region else ()),
        *([currency] if not follows.currency and currency != reads.reporting_currency() else ()),
    ]
    if ignored:
        verb = "changes" if len(ignored) == 1 else "change"
        names = ignored[0] if len(ignored) == 1 else f"{', '.join(ignored[:-1])} and {ignored[-1]}"
        write(element("p", f"{names} {verb} nothing here: {follows.because}.", class_="mp-unfollowed", role="note"))


def _known_entities() -> Sequence[str]:
    try:
        return reads.legal_entities()
    except StoreError:
        # The page below says that the store does not answer.
        return ()


def _known_regions() -> Sequence[str]:
    try:
        return reads.regions()
    except StoreError:
        return ()


def _known_currencies() -> Sequence[str]:
    try:
        return sorted(reads.rates())
    except StoreError:
        return ()
