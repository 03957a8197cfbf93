"""Words shared by every room: errors, money, instants, identifiers, hashes."""
