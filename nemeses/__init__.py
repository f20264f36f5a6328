"""What goes wrong, and where? One file per fault, and the schedule that says which when."""
