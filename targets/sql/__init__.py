"""Objects, accounts and transactions in SQL, shared by every server and library that speaks it."""
