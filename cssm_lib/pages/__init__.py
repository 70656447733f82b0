"""What a reader sees: charts, tables, figures and the pack."""
