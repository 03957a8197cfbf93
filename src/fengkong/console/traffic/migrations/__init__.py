"""Made by Django, one a step of the schema."""
