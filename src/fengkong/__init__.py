"""Fengkong (风控): risk control for internet finance."""

__version__ = "0.1.0"
