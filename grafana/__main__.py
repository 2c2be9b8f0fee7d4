"""Writes the boards and the alert rules where Grafana reads them; with `--check` says what differs."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.alerts import provisioned
from grafana.boards import boards

HERE = Path(__file__).parent
DASHBOARDS = HERE / "dashboards"
ALERTS = HERE / "provisioning/alerting/milepost.yaml"
# Of Grafana 10.4 and later; the types are of 10.1, whose boards have no key that was taken away since.
SCHEMA_VERSION = 39


def rendered() -> Mapping[Path, str]:
    """Each file and what stands in it."""
    files = {}
    for builder in boards():
        board = builder.build()
        board.schema_version = SCHEMA_VERSION
        for number, panel in enumerate(board.panels or (), 1):
            panel.id_val = number
        text = json.dumps(board, cls=JSONEncoder, indent=2, ensure_ascii=False, sort_keys=True)
        files[DASHBOARDS / f"{board.uid}.json"] = f"{text}\n"
    says = "# Written by python -m grafana from grafana/alerts.py.\n"
    files[ALERTS] = says + yaml.safe_dump(provisioned(), sort_keys=False, allow_unicode=True, width=120)
    return files


def differing(files: Mapping[Path, str]) -> list[Path]:
    """The files that are not there as they should be, and those of boards that are no more."""
    there = {path: path.read_text(encoding="utf-8") for path in (*DASHBOARDS.glob("*.json"), ALERTS) if path.exists()}
    return sorted(path for path in files.keys() | there.keys() if files.get(path) != there.get(path))


def main() -> int:
    """1 where `--check` finds that the files are not those of the boards."""
    files = rendered()
    if "--check" in sys.argv[1:]:
        wrong = differing(files)
        for path in wrong:
            sys.stderr.write(f"{path.relative_to(HERE.parent)} is not what grafana/ makes; run python -m grafana\n")
        return 1 if wrong else 0
    for old in DASHBOARDS.glob("*.json"):
        old.unlink()
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
