"""What is checked of a running server: one exchange by itself, and several beside one another."""
