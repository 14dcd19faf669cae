"""Questions of networks: which backbone for which budget."""
