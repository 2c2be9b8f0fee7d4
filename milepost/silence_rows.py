"""Silences as commands and the API show them."""

from datetime import datetime

from domain.instants import format_instant
from domain.silence import Silence


def silence_row(silence: Silence, now: datetime) -> dict[str, object]:
    """A silence as `milepost alerts silence list --output json` shows it."""
    return {
        "silence_id": silence.silence_id,
        "state": silence.state(now).value,
        "matchers": list(silence.matchers),
        "starts_at": format_instant(silence.starts_at),
        "ends_at": format_instant(silence.ends_at),
        "created_by": silence.created_by,
        "comment": silence.comment,
        "updated_at": format_instant(silence.updated_at),
    }
