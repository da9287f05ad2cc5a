"""Object stores: local folder, S3, Google Cloud Storage, Azure."""
