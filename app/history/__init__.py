"""Past predictions, and the true values that are told later."""
