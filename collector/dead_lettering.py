"""Makes dead letters of requests that cannot be taken as a whole."""

import uuid
from datetime import datetime

from domain.errors import InputError
from storage.dead_letters import DeadLetter


def dead_letter(error: InputError, received_at: datetime, channel: str, content_type: str, body: bytes) -> DeadLetter:
    """The dead letter that keeps a request's body with the reason it was refused for."""
    return DeadLetter(
        dead_letter_id=uuid.uuid4().hex,
        received_at=received_at,
        channel=channel,
        code=error.code,
        reason=str(error),
        content_type=content_type,
        body=body,
    )
