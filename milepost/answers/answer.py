"""The form that answers come in."""

from typing import Any

# Plain JSON values by name.
Answer = dict[str, Any]
