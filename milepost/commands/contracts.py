"""`milepost contracts`: check and show what is agreed of event types."""

from pathlib import Path
from typing import Annotated

import typer

from collector.contract_definitions import load_contracts
from milepost.commands.options import Output, OutputOption
from milepost.contract_checks import CONTRACT_COLUMNS, check_contracts, configured_uses, contract_cells, contract_rows
from milepost.output import echo, print_json, print_table
from milepost.settings import load_settings

contracts_app = typer.Typer(no_args_is_help=True, help="Check and show the contracts of event types.")


@contracts_app.command("check")
def contracts_check(
    folder: Annotated[Path | None, typer.Argument(help="A folder of contracts; the configured one by default.")] = None,
    against: Annotated[
        str | None, typer.Option(help="A git revision; a change that breaks what held there is refused.")
    ] = None,
) -> None:
    """Find every error in contracts, every breaking change since a git revision, and sources that none knows."""
    settings = load_settings()
    outcome = check_contracts(folder or settings.contracts_path, against, configured_uses(settings))
    echo(outcome.text)
    if not outcome.passed:
        raise typer.Exit(1)


@contracts_app.command("list")
def contracts_list(
    folder: Annotated[Path | None, typer.Argument(help="A folder of contracts; the configured one by default.")] = None,
    output: OutputOption = Output.TABLE,
    json_: Annotated[bool, typer.Option("--json", help="The same as --output json.")] = False,
) -> None:
    """Show what is agreed of each event type: who owns it, whose word counts, and after how long one is silent."""
    rows = contract_rows(load_contracts(folder or load_settings().contracts_path).contracts)
    if json_ or output is Output.JSON:
        print_json(rows)
    else:
        print_table(contract_cells(rows), CONTRACT_COLUMNS, "no event types have a contract")
