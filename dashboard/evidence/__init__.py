"""Evidence that holds (存证): the chain of artifacts and decisions, its signed heads, packages, retention."""
