"""The drill: traffic that drifts, through a real stack, and what the closed loop makes of it."""
