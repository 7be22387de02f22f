"""What inspectors do: choose forces, choose records, read them, err."""
