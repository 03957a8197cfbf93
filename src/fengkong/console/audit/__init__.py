"""The ledger of the desk: every change of state, chained, in the transaction that made it."""
