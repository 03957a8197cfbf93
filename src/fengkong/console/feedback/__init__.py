"""The loop: what dispositions and later labels say of rules, typologies, analysts and models."""
