"""Small tools that every room may use: atomic files and folders, strict JSON, progress bars."""
