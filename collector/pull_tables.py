"""What a pull asks the store for: a table function, its arguments, and the secrets among them as they are now."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from collector.pull_definitions import DatabaseConfig, FileConfig, PullDefinition, S3Config, UrlConfig
from collector.source_definitions import SecretConfig, secret_lines
from domain.errors import ConfigError, Problem, UsageError
from storage.pulls import TableFunction


@dataclass(frozen=True, slots=True)
class PullPlaces:
    """Where pulls may look beside what their definitions name: for secrets and for files."""

    environ: Mapping[str, str]
    files: Path | None = None


def table_of(definition: PullDefinition, places: PullPlaces, *, is_embedded: bool) -> TableFunction:
    """The table function of a definition; ConfigError or UsageError where it cannot be asked as it stands."""
    config = definition.config
    if config.postgresql:
        table = _database("postgresql", definition, config.postgresql, config.postgresql.port, places)
        return TableFunction(table.name, {**table.arguments, "schema": config.postgresql.schema_}, table.secrets)
    if config.mysql:
        return _database("mysql", definition, config.mysql, config.mysql.port, places)
    # ClickHouse finds the structure out where "auto" stands in its place.
    structure = ", ".join(f"`{name}` {type_}" for name, type_ in config.structure.items()) or "auto"
    if config.s3:
        return _s3(definition, config.s3, structure, places)
    if config.url:
        return _url(definition, config.url, structure, places)
    assert config.file
    return _file(definition, config.file, structure, places, is_embedded=is_embedded)


def _database(
    name: str, definition: PullDefinition, config: DatabaseConfig, port: int, places: PullPlaces
) -> TableFunction:
    password = _secret(definition, config, places)
    arguments = {
        "address": f"{config.host}:{port}",
        "database": config.database,
        "table": config.table,
        "user": config.user,
        "password": password,
    }
    return TableFunction(name, arguments, (password,))


def _s3(definition: PullDefinition, config: S3Config, structure: str, places: PullPlaces) -> TableFunction:
    arguments = {"url": config.url, "format": config.format, "structure": structure}
    if config.access_key is None:
        return TableFunction("s3_unsigned", arguments)
    place = SecretConfig(secret_env=config.secret_env, secret_file=config.secret_file)
    password = _secret(definition, place, places)
    return TableFunction("s3", {**arguments, "access_key": config.access_key, "password": password}, (password,))


def _url(definition: PullDefinition, config: UrlConfig, structure: str, places: PullPlaces) -> TableFunction:
    arguments = {"url": config.url, "format": config.format, "structure": structure}
    if config.authentication is None:
        return TableFunction("url", {**arguments, "header": "Accept", "header_value": "*/*"})
    secret = _secret(definition, config.authentication, places)
    header, value = config.authentication.header, f"{config.authentication.prefix}{secret}"
    return TableFunction("url", {**arguments, "header": header, "header_value": value}, (value, secret))


def _file(
    definition: PullDefinition, config: FileConfig, structure: str, places: PullPlaces, *, is_embedded: bool
) -> TableFunction:
    path = config.path
    # A server reads below its own user_files_path, and sees to it that nothing else is read.
    if is_embedded:
        if places.files is None:
            raise UsageError(
                f'pull "{definition.name}": set MILEPOST_PULL_FILES to the folder that it may read files in'
            )
        path = _inside(definition, config.path, places.files)
    return TableFunction("file", {"path": path, "format": config.format, "structure": structure})


def _inside(definition: PullDefinition, pattern: str, folder: Path) -> str:
    """The pattern below the folder; UsageError where it meets nothing, or through a link something outside."""
    root = folder.resolve()
    found = [path.resolve() for path in root.glob(pattern)]
    if not any(path.is_file() for path in found):
        raise UsageError(f'pull "{definition.name}": there is no file {pattern} in {folder}')
    if outside := [path for path in found if not path.is_relative_to(root)]:
        raise UsageError(f'pull "{definition.name}": {pattern} leads to {outside[0]}, which is not in {folder}')
    return str(root / pattern)


def _secret(definition: PullDefinition, place: SecretConfig, places: PullPlaces) -> str:
    lines = secret_lines(place, definition.path, places.environ)
    if len(lines) != 1:
        where = place.secret_env or place.secret_file
        found = "holds nothing" if not lines else f"holds {len(lines)} lines"
        raise ConfigError([Problem(definition.path, 0, 0, f"its secret in {where} {found}; one line is taken")])
    return lines[0]
