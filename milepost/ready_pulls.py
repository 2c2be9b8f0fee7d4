"""Pulls, with what they need beside their definitions."""

import os
from collections.abc import Mapping

from collector.pull_definitions import PullDefinition
from collector.pull_tables import PullPlaces
from collector.pulling import Pull
from domain.clock import Clock
from milepost.settings import Settings
from storage.client import Store


def ready_pulls(
    definitions: Mapping[str, PullDefinition], settings: Settings, store: Store, clock: Clock
) -> list[Pull]:
    """One for each definition, with the secrets and files of this process."""
    places = PullPlaces(os.environ, settings.pull_files)
    return [Pull(definition, store, places, clock) for definition in definitions.values()]
