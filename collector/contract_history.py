"""The contracts as they were at a git revision, read without touching the work tree."""

import subprocess
from pathlib import Path

from collector.contract_definitions import TITLES, ContractFiles, ContractsConfig, join_files
from domain.config_file import ConfigFile, parse_file
from domain.errors import ConfigError, Problem, UsageError


def contracts_at(folder: Path, revision: str) -> ContractFiles:
    """The contracts that stood in a folder at a revision; UsageError where git does not know it.

    A folder that was not there yet held none. Places read `revision:path`, as git shows them.
    """
    folder = folder if folder.is_dir() else folder.parent
    # An option would not be a revision's name, and git would follow it.
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()
    names = _git(folder, "ls-tree", "-r", "-z", "--name-only", commit, "./").split("\0")
    files: list[ConfigFile[ContractsConfig]] = []
    problems: list[Problem] = []
    for name in sorted(name for name in names if name.endswith(".yaml")):
        text = _git(folder, "show", f"{commit}:./{name}")
        try:
            files.append(parse_file(text, Path(f"{revision}:{folder / name}"), ContractsConfig, TITLES))
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)
    return join_files(files)


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - a list of words, no shell
            ["git", "-C", str(folder), *words],  # noqa: S607 - the user's own git, wherever it is
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise UsageError(f"git cannot be run, and --against asks it for earlier contracts: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = said[0] if said else "it names no commit; give a branch, a tag or a commit, such as origin/main"
        raise UsageError(f"--against: git {words[0]} in {folder}: {reason}")
    return done.stdout.decode(errors="replace")
