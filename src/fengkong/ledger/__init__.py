"""The verifiable ledger: Merkle tree, signed checkpoints, proofs, witnesses, offline verifier."""
