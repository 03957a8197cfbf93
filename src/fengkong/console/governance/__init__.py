"""Governance of policies: versions and their states, the rule editor, preview, diff, test bench."""
