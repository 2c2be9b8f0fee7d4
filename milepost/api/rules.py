"""The routes about rules: what they say of the stored history at an instant, or would have told, and their versions."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from collector.operations import actor_of, posted
from domain.contract import Contracts
from domain.instants import parse_storable_instant
from milepost.answers.from_store import StoreAnswers
from milepost.api.responses import get, post
from milepost.backtest_wish import BacktestWish, unseen
from milepost.calibration_wish import CalibrationWish
from milepost.rule_versions import MigrateRequest, wish_of
from rules.replay import By

_LARGEST_REQUEST = 4 * 1024 * 1024


class EvaluateRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Rule files by name, as text, and the instants to ask about."""

    rules: dict[str, str]
    calendars: str
    at: str
    known_at: str | None
    configured: bool = False


class BacktestRequest(msgspec.Struct, forbid_unknown_fields=True, rename={"since": "from", "until": "to"}):
    """Rule files by name, as text, those of a candidate beside them, and the stretch of time."""

    rules: dict[str, str]
    candidate: dict[str, str] | None
    calendars: str
    since: str
    until: str
    by: By
    configured: bool = False


# Since when and why the rule files are refused; None where they are not.
Refused = Callable[[], dict[str, object] | None]


class CalibrationRequest(msgspec.Struct, forbid_unknown_fields=True, rename={"since": "from", "until": "to"}):
    """Rule files by name, as text, the forecast among them, and when the cases started that it is judged by."""

    alert: str
    rules: dict[str, str]
    calendars: str
    since: str
    until: str


Asked = TypeVar("Asked", EvaluateRequest, BacktestRequest, CalibrationRequest)


def nothing_refused() -> None:
    """There are no files that could be wrong."""


def rule_routes(answers: StoreAnswers, contracts: Contracts, refused: Refused = nothing_refused) -> list[BaseRoute]:
    """The routes under /api that take rule files, and those about the versions of the rules that run."""

    def versions(request: Request) -> object:
        return {**answers.rule_versions(request.query_params.get("alert")), "refused": refused()}

    def migrate(asked: MigrateRequest, request: Request) -> object:
        return answers.migrate_rules(wish_of(asked, actor_of(asked.by, request)))

    def evaluate(asked: EvaluateRequest, folder: Path) -> object:
        rules, calendars = _write(folder / "rules", asked.rules), _write_calendars(folder, asked.calendars)
        known_at = parse_storable_instant(asked.known_at) if asked.known_at else None
        return answers.evaluation(
            rules, calendars, contracts, parse_storable_instant(asked.at), known_at, configured=asked.configured
        )

    def backtest(asked: BacktestRequest, folder: Path) -> object:
        wish = BacktestWish(
            rules=_write(folder / "rules", asked.rules),
            candidate=None if asked.candidate is None else _write(folder / "candidate", asked.candidate),
            calendars=_write_calendars(folder, asked.calendars),
            since=parse_storable_instant(asked.since),
            until=parse_storable_instant(asked.until),
            by=asked.by,
            configured=asked.configured,
        )
        return answers.backtest(wish, contracts, unseen)

    def calibration(asked: CalibrationRequest, folder: Path) -> object:
        wish = CalibrationWish(
            alert=asked.alert,
            rules=_write(folder / "rules", asked.rules),
            calendars=_write_calendars(folder, asked.calendars),
            since=parse_storable_instant(asked.since),
            until=parse_storable_instant(asked.until),
        )
        return answers.calibration(wish, contracts)

    return [
        Route("/api/evaluate", _endpoint(EvaluateRequest, "evaluate", evaluate), methods=["POST"]),
        Route("/api/rules/versions", get(versions)),
        Route("/api/rules/migrate", posted(MigrateRequest, migrate), methods=["POST"]),
        Route("/api/backtest", _endpoint(BacktestRequest, "backtest", backtest), methods=["POST"]),
        Route("/api/calibration", _endpoint(CalibrationRequest, "calibrate", calibration), methods=["POST"]),
    ]


def _endpoint(kind: type[Asked], what: str, answer: Callable[[Asked, Path], object]) -> Callable[[Request], Any]:
    def in_folder(asked: Asked, request: Request) -> object:
        with tempfile.TemporaryDirectory(prefix="milepost-rules-") as folder:
            return answer(asked, Path(folder))

    return post(kind, what, in_folder, _LARGEST_REQUEST, "the rule files are larger than 4 MiB")


def _write(folder: Path, files: Mapping[str, str]) -> Path:
    folder.mkdir()
    # Named here: what a sender calls a file need not be a name that a file can have.
    for number, text in enumerate(files.values()):
        (folder / f"{number}.yaml").write_text(text, encoding="utf-8")
    return folder


def _write_calendars(folder: Path, text: str) -> Path:
    path = folder / "calendars"
    path.write_text(text, encoding="utf-8")
    return path
