"""What is killed and has its disk filled: galleries and catalogues, and what must be there afterwards."""
