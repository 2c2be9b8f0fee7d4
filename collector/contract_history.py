"""The contracts as they were at a git revision, read without touching the work tree."""

import subprocess
from pathlib import Path

from collector.contract_definitions import TITLES, ContractFiles, ContractsConfig, join_files
from domain.config_file import ConfigFile, parse_file, show
from domain.errors import ConfigError, Problem, UsageError


def contracts_at(folder: Path, revision: str) -> ContractFiles:
    """The contracts that stood in a folder at a revision; UsageError where git does not know it.

    A folder that was not there yet held none. Places read `revision:path`, as git shows them.
    """
    folder, within = (folder, "./") if folder.is_dir() else (folder.parent, folder.name)
    # Without --end-of-options git would follow an option that stands in a revision's place.
    found = _run(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found.returncode == 1:
        raise UsageError(
            f"--against: {show(revision)} names no commit in {folder}; give a branch, a tag or a commit, such as "
            "origin/main"
        )
    commit = _said(folder, found).strip()
    names = _git(folder, "ls-tree", "-r", "-z", "--name-only", commit, within).split("\0")
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
    return _said(folder, _run(folder, *words))


def _run(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - a list of words, no shell
            ["git", "-C", str(folder), *words],  # noqa: S607 - the user's own git, wherever it is
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise UsageError(f"--against asks git for earlier contracts, and git cannot be run: {error.strerror}") from None


def _said(folder: Path, done: subprocess.CompletedProcess[bytes]) -> str:
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().removeprefix("fatal: ").partition("\n")[0]
        raise UsageError(f"--against: {folder}: {reason}")
    return done.stdout.decode(errors="replace")
