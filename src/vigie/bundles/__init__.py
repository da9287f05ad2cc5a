"""Models as files: the bundle format, publishing, fetching, the cache, signatures and model cards."""
