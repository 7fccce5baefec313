"""The Jupyter server extension: the redirect_uri's owner."""
