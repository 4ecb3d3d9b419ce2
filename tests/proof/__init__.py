"""The proof that every rule is what it says: `make proof` prints it, tests hold it to bounds."""
