"""The starter library: small reference models, trained on our own simulated worlds only and shipped here.

`models/` holds one bundle a folder; `recipes` says which models there are, `build` trains them again.
"""
