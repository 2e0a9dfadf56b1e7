"""What is measured (TOML files), and what runs it."""
