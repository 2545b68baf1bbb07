"""Why there is no result."""


class Missing(Exception):  # noqa: N818 - it is not an error
    """A variant that there is no figure of, and the reason in a few words."""
