"""Streamlit puts dashboard/ first on the import path, so what lies in it must not take another's name."""

import importlib.util
from pathlib import Path

import dashboard


def test_no_module_of_the_console_hides_another_package() -> None:
    folder = Path(dashboard.__file__).parent
    names = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}

    taken = [name for name in sorted(names - {"__init__"}) if importlib.util.find_spec(name)]

    assert taken == []


def test_what_the_browser_loads_is_served_from_here() -> None:
    folder = Path(dashboard.__file__).parent
    shipped = [*folder.glob("static/*"), folder / ".streamlit" / "config.toml"]
    texts = "".join(path.read_text(encoding="utf-8") for path in shipped if path.suffix in (".css", ".toml"))

    for place in ("//fonts.", "@import", "cdn."):
        assert place not in texts
    assert (folder / "static" / "fonts" / "LICENSE").exists()
