"""Charts (图): each file turns a frame into a `Picture`; Altair builds its spec once per language and theme."""
