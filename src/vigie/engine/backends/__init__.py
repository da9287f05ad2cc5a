"""Backends of one machine: memory and disk. That of Apache Spark is `vigie.spark.backend`."""
