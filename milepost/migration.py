"""Brings the store's schema to this program's, or asks the running Milepost that did so at its start."""

import contextlib
from collections.abc import Collection
from datetime import datetime

from domain.errors import StoreHeld, UsageError
from milepost.answers.from_api import ApiAnswers
from storage.client import Store, is_new, read_dsn
from storage.cluster_ddl import Cluster
from storage.migrator import load_migrations, migrate, statements


def bring_up_to_date(dsn: str, now: datetime, *, dry_run: bool, cluster: str = "") -> list[str]:
    """The names of the migrations applied, or with `dry_run` of those that would be; then nothing is written."""
    if dry_run and is_new(dsn):
        return [migration.name for migration in load_migrations()]
    try:
        with Store(dsn, cluster=cluster) as store:
            return migrate(store, now, dry_run=dry_run)
    except StoreHeld as held:
        if not held.api_url:
            raise
        return ask_running(held.api_url, held.api_token)


def foreseen_statements(dsn: str, names: Collection[str], cluster: str = "") -> dict[str, list[str]]:
    """What would be run for each of these migrations, in order."""
    there = Cluster(cluster, read_dsn(dsn)[1]) if cluster else None
    return {one.name: statements(there, one.name, one.statement) for one in load_migrations() if one.name in names}


def ask_running(api_url: str, api_token: str = "") -> list[str]:
    """None: the running Milepost migrated at its start; UsageError where it is older than this program."""
    with contextlib.closing(ApiAnswers(api_url, api_token)) as running:
        schema = running.migrations()
    lacking = [one.name for one in load_migrations() if one.name not in schema["applied"]]
    if lacking:
        raise UsageError(
            f"the running Milepost at {api_url} is older and lacks {', '.join(lacking)}; stop it and start this one"
        )
    return []
