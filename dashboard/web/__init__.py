"""The web side (网页): server, routes, strip, charts, components. Pages import this and the queries."""
