"""The part of the on-call page about hops: small figures of each, and the same as a table."""

from datetime import timedelta

import streamlit as st

from dashboard import hop_reads
from dashboard.components import filters
from dashboard.components.cards import heading, notice
from dashboard.components.hops import hop_cards, hops_table
from dashboard.components.page import reader, shielded, write
from dashboard.formatting import count_of
from dashboard.framing import OF_ALL

# More are in the table.
_CARDS = 8


def draw_hop_health(refresh: timedelta, currency: str, *, is_part: bool) -> None:
    """How calls and queues between systems go, the gravest first; the reader says over which time."""
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute", key="hop_head"):
        write(heading("Hop health", f"calls and queues between systems, the gravest first{OF_ALL if is_part else ''}"))
        chosen = filters.time_range("1h", key="hops")
    st.fragment(_draw, run_every=refresh)(chosen.name, currency)


def _draw(range_name: str, currency: str) -> None:
    shielded(lambda: _hops(range_name, currency))


def _hops(range_name: str, currency: str) -> None:
    found = hop_reads.hops(range_name, currency)
    if not found.hops:
        write(
            notice(
                "No calls between systems are known",
                "Each hop stands here with its rate, errors and latency once services send their spans, and each queue "
                "once the middleware tells of its depth. To see whether any came:",
                "milepost hops list --over 30d",
            )
        )
        return
    who = reader()
    write(hop_cards(found.hops[:_CARDS], hop_reads.courses(range_name), currency, who))
    counted = f", counted up to {who.instant(found.through)}" if found.through else ""
    with st.expander(f"{count_of(len(found.hops), 'hop')} as a table{counted}", key="hops_as_table"):
        write(hops_table(found.hops, currency, who))
