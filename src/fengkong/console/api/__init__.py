"""The management API: what the screens do, for programs, with tokens that can do less."""
