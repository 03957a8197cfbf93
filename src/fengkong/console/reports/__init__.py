"""Dashboards and reports: one source of figures for screens, spreadsheets and printed pages."""
