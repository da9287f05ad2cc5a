"""What cases read from results: entities, alerts, and who sends to whom.

    entities       which columns name an entity, and its keyed digest
    ranked_alerts  the alerts of a run, for `vigie.app.cases.syncing`
    currencies     the currency of each row, sums by currency
    making         the cases of a run, made from its alerts
    entity_rows    the rows of an entity in one result
    network        customers, counterparties and devices around the entity of a case

`vigie.app.cases` keeps cases in the database; it sees digests and numbers, never a cell.
"""
