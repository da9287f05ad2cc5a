"""Moves the models of the catalog to an S3 bucket; `vigie migrate` does the same for any store.

python migrate_models_to_s3.py --estimate
python migrate_models_to_s3.py --bucket fraud-detection-models --dry-run
python migrate_models_to_s3.py --bucket fraud-detection-models
python migrate_models_to_s3.py --bucket fraud-detection-models --verify
python migrate_models_to_s3.py --rollback
"""

from vigie.cli.migrate import to_bucket

if __name__ == "__main__":
    to_bucket(prog_name="migrate_models_to_s3.py")
