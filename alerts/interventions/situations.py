"""Reads from the store what a pre-flight judges by, and makes the request that it judges."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alerts.interventions.config import InterventionConfig
from alerts.interventions.preflight import LONGEST_STRETCH, Situation
from alerts.interventions.request import Request, facts_of, make_request
from alerts.interventions.templates import CannotBeWritten
from domain.business_object import BusinessObject
from domain.intervention import Intervention, InterventionState
from domain.known_facts import with_known_facts
from domain.milestone import Facts, Milestone
from storage.client import Store
from storage.interventions import interventions_in, tries_after
from storage.milestones import stated_histories
from storage.run_view import run_ids

_UNDER_WAY = [state for state in InterventionState if state.is_under_way]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an object for an intervention; there is no request where none can be made of it."""

    situation: Situation
    facts: Facts
    request: Request | None


class Situations:
    """The situations of objects at an instant, for one intervention."""

    def __init__(self, store: Store, environ: Mapping[str, str]) -> None:
        self._store = store
        self._environ = environ

    def read(
        self,
        config: InterventionConfig,
        objects: Sequence[BusinessObject],
        now: datetime,
        own: Collection[str] = (),
    ) -> dict[BusinessObject, Known]:
        """What is known of each object; calls whose ids are `own` are not under way beside themselves."""
        ids = [one.id for one in objects]
        stated = stated_histories(self._store, config.object_type, ids, (), now)
        runs = run_ids(self._store, objects)
        under_way = [
            one
            for one in interventions_in(self._store, _UNDER_WAY)
            if one.name == config.name and one.intervention_id not in own
        ]
        tries = tries_after(self._store, config.name, now - LONGEST_STRETCH)
        return {
            one: self._known(
                config,
                one,
                stated[one.id],
                runs.get(one),
                [other for other in under_way if other.business_object == one],
                tries,
            )
            for one in objects
        }

    def _known(
        self,
        config: InterventionConfig,
        business_object: BusinessObject,
        stated: Sequence[Milestone],
        run: str | None,
        under_way: Sequence[Intervention],
        tries: Sequence[datetime],
    ) -> Known:
        history = sorted(stated, key=lambda milestone: milestone.order)
        facts = latest_facts(history)
        correlation_id = next((m.correlation_id for m in reversed(history) if m.correlation_id), run)
        request, unwritten = None, ""
        try:
            request = make_request(config, facts_of(business_object, facts, correlation_id), self._environ)
        except CannotBeWritten as error:
            unwritten = str(error)
        return Known(Situation(history, facts.legal_entity, under_way, tries, unwritten), facts, request)


def latest_facts(history: Sequence[Milestone]) -> Facts:
    """What is known of an object in the end, with the latest value of every attribute that any event stated."""
    if not history:
        return Facts()
    rows = with_known_facts(history)
    last = max(rows, key=lambda milestone: (milestone.order, milestone.received_at)).facts
    attributes = {name: value for milestone in history for name, value in milestone.facts.attributes.items()}
    return replace(last, attributes=attributes)
