"""What happened: event types and their fields, strict decoding, and events in columns."""
