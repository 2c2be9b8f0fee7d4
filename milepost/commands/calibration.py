"""`milepost rules calibration`: how well the forecasts of a rule came true on held-back history."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from collector.contract_definitions import load_contracts
from domain.clock import SystemClock
from milepost.answers.from_store import open_answers
from milepost.calibration_wish import CalibrationWish
from milepost.commands.options import Output, OutputOption, instant_of
from milepost.output import echo, print_json, print_table
from milepost.settings import load_settings

Row = dict[str, Any]
_USUAL = timedelta(days=30)
_COLUMNS = ("predicted_from", "cases", "predicted", "observed", "interval", "well_calibrated")


def rules_calibration(
    alert: Annotated[str, typer.Argument(help="The forecast rule.")],
    since: Annotated[
        str | None,
        typer.Option("--from", help="Cases that started after this instant (RFC 3339); 30 days before --to."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="And by this one, as they had turned out by then; now by default.")
    ] = None,
    rules: Annotated[
        Path | None, typer.Option(help="A rule file or a folder of them; the running ones by default.")
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Compare forecasts with what came true: each case is predicted by what was learnt before it started."""
    settings, clock = load_settings(), SystemClock()
    to = instant_of("--to", until) if until else clock.now().replace(microsecond=0)
    first = instant_of("--from", since) if since else to - _USUAL
    wish = CalibrationWish(alert, rules or settings.rules_path, settings.calendars_path, first, to)
    with open_answers(settings, clock) as answers:
        report = answers.calibration(wish, load_contracts(settings.contracts_path).contracts)
    if output is Output.JSON:
        print_json(report)
    else:
        _print_report(report)


def _print_report(report: Row) -> None:
    echo(f"{report['alert']}, the chance that {report['of']} is missed, from {report['from']} to {report['to']}")
    echo(
        f"{report['cases']} cases: {report['unsettled']} not settled, {report['unpredicted']} that nothing could be "
        f"predicted of, {report['predictions']} predictions of the others at 0, 25, 50 and 75% of their window\n"
    )
    print_table([_cells(band) for band in report["bands"]], _COLUMNS, "nothing was predicted")
    if report["brier_score"] is not None:
        skill = "" if report["skill"] is None else f": {report['skill']:.0%} better"
        echo(
            f"\nBrier score {report['brier_score']:.4f}; one that always says the share that was missed has "
            f"{report['brier_score_of_base_rate']:.4f}{skill}"
        )


def _cells(band: Row) -> Row:
    return {
        "predicted_from": f"{band['low']:.0%} to {band['high']:.0%}",
        "cases": band["cases"],
        "predicted": f"{band['predicted']:.1%}",
        "observed": f"{band['observed']:.1%}",
        "interval": f"{band['observed_low']:.1%} to {band['observed_high']:.1%}",
        "well_calibrated": "yes, within sampling error" if band["well_calibrated"] else "no",
    }
