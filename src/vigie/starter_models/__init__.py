"""Starter models: small reference models, trained on simulated tables only and shipped with Vigie.

`models/` has one bundle a folder; `specs` lists the models, `build` trains them.
"""
