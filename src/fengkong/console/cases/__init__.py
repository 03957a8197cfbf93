"""Cases: what is gathered about one subject, worked by one owner, and closed with an outcome."""
