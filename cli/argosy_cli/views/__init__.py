"""What commands print: live views, lines, tables and JSON."""
