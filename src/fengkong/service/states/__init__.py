"""The journal read back: events in the clear, states folded from them, decisions derived again."""
