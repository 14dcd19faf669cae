"""What the questions share: timing, processes, checks of answers, tables and charts."""
