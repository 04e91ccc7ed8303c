"""Rules as data (规则即数据): editions as TOML, the model that validates them, and the loader."""
