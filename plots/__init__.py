"""Records in; tables, verdicts, figures and the report out."""
