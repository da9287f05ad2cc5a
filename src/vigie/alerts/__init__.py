"""Which rows of a finished prediction are alerts, in the web app and in its jobs.

decision        the alerts: the first rows of the ranking and what rules change
effects         the rules of a prediction, and the rows that they match
ranked_table    a stored result as rules see it
"""
