"""Alerts: what the review desk works on, made from decisions, closed with a disposition."""
