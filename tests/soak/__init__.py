"""The long forms of the proofs: each a function that returns what was tried and what was bad."""
