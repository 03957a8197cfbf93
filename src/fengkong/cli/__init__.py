"""The `fengkong` command."""
