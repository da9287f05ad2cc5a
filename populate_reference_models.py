"""Registers the models under data/automl_models/ (or --from a folder or bucket); see `--help`.

A thin entry to `vigie.cli.populate`, under the name that owners of an earlier installation know.
"""

from vigie.cli.populate import populate

if __name__ == "__main__":
    populate(prog_name="populate_reference_models.py")
