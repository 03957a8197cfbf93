"""What comes to the services of this house: counted by minute and day, and how they are."""
