"""What the questions share: timing, processes, checked answers, tables and plots."""
