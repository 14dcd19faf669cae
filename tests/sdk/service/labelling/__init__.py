"""Labels that people check: the questions, the file of decisions, and the routes."""
