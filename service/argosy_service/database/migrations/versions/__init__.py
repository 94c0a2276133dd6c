"""One file for each change of the schema; its number is the version of the database."""
