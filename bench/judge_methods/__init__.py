"""The judge over many runs at once, its peers from their definitions, and the information bound."""
