"""The customer's side: what they are told, how they object, how they confirm that it was them."""
