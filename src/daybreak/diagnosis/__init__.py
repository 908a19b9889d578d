"""What the records MEAN: pure functions of the ledger's records."""
