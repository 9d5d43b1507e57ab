"""How alike two responses to one prompt are, measured offline: features, the fitted model, its training."""
