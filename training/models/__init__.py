"""The models: how each is fitted, saved and opened again."""
