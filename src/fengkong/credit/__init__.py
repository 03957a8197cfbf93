"""Credit risk of the book: days past due, vintages, roll rates, provisions, contagion."""
