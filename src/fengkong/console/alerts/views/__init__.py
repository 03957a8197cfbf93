"""The screens of the review desk."""
