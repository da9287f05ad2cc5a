"""Models that an owner trained on a labelled table.

column_sketch       what is stored of a training column: role, kind, distribution, salted hashes of frequent categories
column_matching     which columns of a table are those of the training table, whatever they are called now
table_recognition   whether a table is one that a model was trained on
encoders            columns to inputs of the trees
table_model         the trees on these inputs
model               both models of the bundle: the transferable one and the table model
"""
