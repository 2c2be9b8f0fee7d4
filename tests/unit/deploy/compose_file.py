"""docker-compose.yml as the tests read it: with its variables filled in as Compose does, from their defaults."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
COMPOSE = ROOT / "docker-compose.yml"
_DEFAULT = re.compile(r"(?<!\$)\$\{\w+:-([^}]*)\}")


@cache
def compose() -> dict[str, Any]:
    """The whole file."""
    text = _DEFAULT.sub(r"\1", COMPOSE.read_text(encoding="utf-8"))
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def services() -> dict[str, dict[str, Any]]:
    """Every service by its name."""
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def milepost_services() -> dict[str, dict[str, Any]]:
    """Those that run Milepost's own image."""
    return {name: one for name, one in services().items() if one["image"].startswith("milepost:")}
