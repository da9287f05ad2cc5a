"""A labelled table's own columns: sketched without values, found again under other names, turned into inputs.

    sketch    what is remembered of a column: role, kind, spread, salted hashes of frequent categories
    find      which columns of an upload are those of a model, whatever they are called now
    encode    columns to inputs of the trees, from encoders that are stored and never fitted again
    alone     what a single column says of the label
    needs     which columns each input of the trees needs
    trees     trees on one labelled table, fitted and judged
    mix       what trees with and without features may say beside each other
    head      the head of a trained model that looks at them

Must not know where models are kept, nor what a file is.
"""
