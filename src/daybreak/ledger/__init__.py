"""The only truth about what ran: records and their store."""
