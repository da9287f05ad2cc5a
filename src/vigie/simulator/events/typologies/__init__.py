"""Fraud schemes shared by domains, by what is attacked: a customer, a merchant or terminal, a path of money."""
