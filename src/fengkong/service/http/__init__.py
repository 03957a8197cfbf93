"""The wire: connections, addresses, who may ask, and what is said back."""
