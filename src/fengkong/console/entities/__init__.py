"""Customers, accounts, devices and what else events name: where they were seen, and with whom."""
