"""Small tools that every room may use: files and folders, strict JSON, progress bars, the commands' parser."""
