"""`milepost rules`: check, test and replay rule definitions, and see their versions."""

from pathlib import Path
from typing import Annotated

import typer

from milepost.commands.backtest import rules_backtest
from milepost.commands.calibration import rules_calibration
from milepost.commands.rule_versions import rules_migrate, rules_versions
from milepost.output import echo, problem
from milepost.rule_checks import check_rules, heard_types, rules_schema, test_rules
from milepost.rule_setup import rule_references
from milepost.settings import load_settings

rules_app = typer.Typer(no_args_is_help=True, help="Check and test rule definitions.")


@rules_app.command("check")
def rules_check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Rule files or folders.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings make the check fail.")] = False,
) -> None:
    """Find every error in rule definitions, with file, line and column, and warn of what can hardly be meant."""
    settings = load_settings()
    outcome = check_rules(paths or [settings.rules_path], rule_references(settings), heard_types(settings))
    for warning in outcome.warnings:
        problem(f"warning: {warning}")
    echo(outcome.text)
    if strict and outcome.warnings:
        raise typer.Exit(1)


@rules_app.command("test")
def rules_test(paths: Annotated[list[Path] | None, typer.Argument(help="Rule files or folders.")] = None) -> None:
    """Run the tests beside rule definitions."""
    settings = load_settings()
    outcome = test_rules(paths or [settings.rules_path], rule_references(settings))
    echo(outcome.text)
    if not outcome.passed:
        raise typer.Exit(1)


rules_app.command("backtest")(rules_backtest)
rules_app.command("calibration")(rules_calibration)
rules_app.command("schema")(rules_schema)
rules_app.command("versions")(rules_versions)
rules_app.command("migrate")(rules_migrate)
