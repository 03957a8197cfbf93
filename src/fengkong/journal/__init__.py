"""The journal: the one truth. Durable, append-only, in SQLite or PostgreSQL behind one port."""
