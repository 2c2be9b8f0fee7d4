"""A store that may be written only while it is one's turn, and messages that tell whose turn they are of."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from domain.errors import LeaseLost
from storage.client import Store
from storage.engine_claims import Claim, Claims, ClaimState
from storage.notifications import unfinished_notifications
from tests.builders import alert
from tests.engine import Engine
from tests.fakes import webhook_receiver
from tests.integration.alerts.pipeline import RunningPipeline, routing


class Turn:
    """A fence that a test opens and closes."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.is_over = False

    def require(self) -> None:
        if self.is_over:
            raise LeaseLost("it is another one's turn")


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda store: store.insert("engine_claims", b'{"epoch": 1}'), id="an insert"),
        pytest.param(lambda store: store.insert_columns("engine_claims", {"epoch": [1]}), id="an insert of columns"),
        pytest.param(lambda store: store.run("forget_run_names", {}), id="a statement for its effect"),
        pytest.param(lambda store: store.execute("TRUNCATE TABLE engine_claims"), id="a migration"),
    ],
)
def test_nothing_is_written_when_the_turn_is_over_and_everything_can_be_read(
    engine: Engine, embedded_store: Store, write: Callable[[Store], None]
) -> None:
    turn = Turn(3)
    with Store(engine.dsn(embedded_store.database), fence=turn) as store:
        write(store)
        turn.is_over = True
        with pytest.raises(LeaseLost) as lost:
            write(store)

        assert str(lost.value) == "it is another one's turn"
        assert store.rows("ping") is not None
        assert (store.epoch, embedded_store.epoch) == (3, 0)


def test_claims_are_read_as_they_were_written_last(store: Store) -> None:
    claims = Claims(store)
    assert claims.read() == []

    claims.write(Claim(1, "a", 1))
    claims.write(Claim(1, "a", 2, ClaimState.ACTIVE))
    claims.write(Claim(1, "a", 3, ClaimState.ACTIVE, is_resumed=True))
    claims.write(Claim(1, "a", 4, ClaimState.RELEASED, is_resumed=True))
    claims.write(Claim(2, "b", 1))

    assert claims.read() == [Claim(2, "b", 1), Claim(1, "a", 4, ClaimState.RELEASED, is_resumed=True)]


def test_a_message_that_came_too_late_for_the_turn_after_it_is_given_up(
    engine: Engine, embedded_store: Store, tmp_path: Path
) -> None:
    with webhook_receiver() as receiver, Store(engine.dsn(embedded_store.database), fence=Turn(1)) as store:
        pipeline = RunningPipeline(store, tmp_path, routing({"ops": receiver.url}), is_started=False)
        pipeline.tick(alert())
        pipeline.tick(alert(), after=timedelta(seconds=30))
        assert [one.epoch for one in unfinished_notifications(store)] == [1]

        next_one = RunningPipeline(embedded_store, tmp_path, routing({"ops": receiver.url}), since_epoch=2)
        next_one.stop()

        [row] = embedded_store.rows("list_notifications", {"limit": 10})
        assert (row["status"], row["error"]) == ("failed", "superseded")
        assert receiver.is_quiet()


def test_a_message_that_is_taken_up_is_of_the_turn_that_took_it(
    engine: Engine, embedded_store: Store, tmp_path: Path
) -> None:
    place = engine.dsn(embedded_store.database)
    with webhook_receiver() as receiver, Store(place, fence=Turn(1)) as one, Store(place, fence=Turn(2)) as other:
        text = routing({"ops": receiver.url})
        pipeline = RunningPipeline(one, tmp_path, text, is_started=False)
        pipeline.tick(alert())
        pipeline.tick(alert(), after=timedelta(seconds=30))
        [before] = unfinished_notifications(one)

        # It ends before it could send.
        next_one = RunningPipeline(other, tmp_path, text, is_started=False)
        next_one.dispatcher.resume(next_one.clock.now(), since_epoch=1)

        [taken] = unfinished_notifications(other)
        assert (taken.notification_id, taken.body, taken.epoch) == (before.notification_id, before.body, 2)
        assert receiver.is_quiet()
