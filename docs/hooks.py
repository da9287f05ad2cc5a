"""What the build of the site adds: the French home page at its place, pages of every command's help,
every setting and every error, and pages that the navigation does not name yet, at its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reference import commands_page, drawing, errors_page, settings_page

_HOME = "index.fr.md"
_DRAWING = "img/architecture.svg"
_MADE = {
    "en": {"en/commands.md": commands_page, "en/settings.md": settings_page, "en/errors.md": errors_page},
    "fr": {"COMMANDES.md": commands_page, "REGLAGES.md": settings_page, "ERREURS.md": errors_page},
}
"""The pages made from the code, by the language of the site."""


def on_config(config: Any) -> Any:
    """Put pages of reference without a place in the navigation at its end, so that none is lost."""
    named = str(config["nav"])
    left = [
        page.name for page in sorted(Path(config["docs_dir"]).glob("[a-z]*.md")) if page.name not in named
    ]
    reference = next(iter(config["nav"][-1].values()))
    reference.extend(page for page in left if not page.endswith(("index.md", ".fr.md", ".head.md")))
    return config


def on_files(files: Any, config: Any) -> Any:
    """In the French site `index.fr.md` is the page one arrives at, and the drawing has French words; both have the pages made from the code."""
    from mkdocs.structure.files import File

    language = config.theme["language"]
    if language == "fr":
        home = files.get_file_from_path(_HOME)
        files.remove(home)
        files.remove(files.get_file_from_path("index.md"))
        files.append(File.generated(config, "index.md", abs_src_path=home.abs_src_path))
        files.remove(files.get_file_from_path(_DRAWING))
        files.append(File.generated(config, _DRAWING, content=drawing(language)))
    for name, lines in _MADE[language].items():
        files.append(File.generated(config, name, content="\n".join(lines(language))))
    return files
