"""Registers the models under data/automl_models/, or of another folder or bucket by --from; see `--help`.

The script has its name and place from an earlier implementation; the command is `vigie.cli.populate`.
"""

from vigie.cli.populate import populate

if __name__ == "__main__":
    populate(prog_name="populate_reference_models.py")
