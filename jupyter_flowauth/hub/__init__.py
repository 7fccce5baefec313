"""The relay: a service of a JupyterHub that gives every user's server one redirect URI."""
