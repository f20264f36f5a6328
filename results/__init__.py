"""What happened: kept, shown and compared."""
