"""Exports of a result: CSV, Parquet and Excel, made when they are downloaded.

    result_table   the rows of the upload with result and verdict columns, at an alert budget
    csv_parquet    CSV and Parquet
    workbook       Excel

All show the same alerts: the first rows of the ranking, as many as the alert budget.
"""
