"""The answers that commands get from a store that nobody else holds."""

import pytest

from domain.clock import FixedClock
from milepost.answers import open_answers
from milepost.settings import SHIPPED, Settings
from storage.client import Store
from storage.events import insert_events
from tests.builders import NOW, event_row
from tests.engine import Engine


@pytest.fixture
def settings(engine: Engine, embedded_store: Store) -> Settings:
    return Settings(store=engine.dsn(embedded_store.database))


@pytest.fixture
def cut_short(embedded_store: Store) -> Store:
    """A store whose last event has no milestone, as after a kill."""
    insert_events(embedded_store, [event_row()])
    embedded_store.execute("TRUNCATE TABLE object_milestones")
    return embedded_store


def test_commands_that_only_read_write_nothing(settings: Settings, engine: Engine, cut_short: Store) -> None:
    rules, calendars = SHIPPED / "rules" / "definitions", SHIPPED / "rules" / "calendars.yaml"
    with open_answers(settings, FixedClock(NOW)) as answers:
        assert answers.alerts(None, 10) == []
        assert answers.dead_letters(10) == []
        assert answers.evaluation(rules, calendars, NOW, None) == []

    assert engine.select(cut_short, "SELECT object_id FROM object_milestones") == []


def test_what_a_kill_left_half_done_is_completed_before_more_is_taken(
    settings: Settings, engine: Engine, cut_short: Store
) -> None:
    with open_answers(settings, FixedClock(NOW)) as answers:
        answers.door(settings)

    assert engine.select(cut_short, "SELECT object_id FROM object_milestones") == [{"object_id": "O-1001"}]
