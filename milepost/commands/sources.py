"""`milepost sources`: check definitions of sources, and see how sources do."""

from pathlib import Path
from typing import Annotated

import typer

from domain.clock import SystemClock
from milepost.answers.from_store import open_answers
from milepost.commands.options import Output, OutputOption, duration_of
from milepost.output import echo, print_json, print_table
from milepost.settings import load_settings
from milepost.source_checks import SOURCE_COLUMNS, check_sources, source_cells

sources_app = typer.Typer(no_args_is_help=True, help="Look at sources, and check how vendors' webhooks are read.")


@sources_app.command("check")
def sources_check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Definition files or folders of them.")] = None,
) -> None:
    """Find every error in source definitions and run the samples beside them."""
    settings = load_settings()
    outcome = check_sources(paths or settings.sources_paths, settings.contracts_path)
    echo(outcome.text)
    if not outcome.passed:
        raise typer.Exit(1)


@sources_app.command("list")
def sources_list(
    window: Annotated[str, typer.Option(help="Counts and lag of events received in this long, such as 1h.")] = "1h",
    output: OutputOption = Output.TABLE,
) -> None:
    """Show when each source last spoke, how late and how much it sends, and which are silent by their contracts."""
    length = duration_of("--window", window)
    settings = load_settings()
    with open_answers(settings, SystemClock()) as answers:
        rows = answers.sources(settings, length)
    if output is Output.JSON:
        print_json(rows)
    else:
        print_table(source_cells(rows), SOURCE_COLUMNS, "no source has spoken, and no contract names one")
