"""Files and folders: written whole or not at all, read once checked, cleaned up after."""
