"""What is asked of a backtest, and the rules it is about."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from domain.contract import Contracts
from domain.rule import Rule
from rules.loader import load_rules
from rules.references import load_references
from rules.replay import By


@dataclass(frozen=True, slots=True)
class BacktestWish:
    """Which rules, and which candidate beside them, to replay from `since` up to, not including, `until`.

    `configured` says that the rules are those that run: with the versions that judge the cases they had.
    """

    rules: Path
    candidate: Path | None
    calendars: Path
    since: datetime
    until: datetime
    by: By
    configured: bool = False


def unseen(done: int, total: int) -> None:
    """Progress that nobody watches."""


def load_both(wish: BacktestWish, contracts: Contracts) -> tuple[tuple[Rule, ...], tuple[Rule, ...] | None]:
    """The rules that run and those of the candidate; where there is one, of the running only those that it names.

    A candidate file holds what somebody wants to change, seldom all rules there are.
    """
    references = load_references(wish.calendars, contracts)
    running = load_rules([wish.rules], references)
    if wish.candidate is None:
        return running, None
    candidate = load_rules([wish.candidate], references)
    names = {rule.name for rule in candidate}
    return tuple(rule for rule in running if rule.name in names), candidate
