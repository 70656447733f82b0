"""Dated, cited rules: one TOML file a topic, read by `cssm_lib.rules`."""
