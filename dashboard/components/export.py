"""The button that takes a table along as a file, whole up to a limit that it states."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from dashboard.export_files import FORMATS, MOST_ROWS, Sheet
from dashboard.formatting import grouped


def export(key: str, name: str, total: int, make: Callable[[int], Sheet]) -> None:
    """Offers the table in each format; `make` gives at most so many of its rows, and is asked when somebody clicks."""
    shown = Sheet(name, {}, [()] * min(total, MOST_ROWS), total)
    with st.popover("Export", icon=":material/download:", key=f"export_{key}"):
        st.caption(limit_words(total))
        for suffix, (write, media_type) in FORMATS.items():
            st.download_button(
                suffix.upper() if suffix != "parquet" else "Parquet",
                data=partial(_file, write, make),
                file_name=shown.file_name(suffix),
                mime=media_type,
                key=f"export_{key}_{suffix}",
                on_click="ignore",
                width="stretch",
            )


def limit_words(total: int) -> str:
    """How much of a table a file holds."""
    if total <= MOST_ROWS:
        return f"All {grouped(total)} rows as they are filtered; amounts exact, instants in UTC."
    left_out = total - MOST_ROWS
    held = f"The first {grouped(MOST_ROWS)} of {grouped(total)} rows; {grouped(left_out)} are left out."
    return f"{held} Amounts exact, instants in UTC."


def _file(write: Callable[[Sheet], bytes], make: Callable[[int], Sheet]) -> bytes:
    return write(make(MOST_ROWS))
