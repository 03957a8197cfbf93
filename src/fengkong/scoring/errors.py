"""What can be wrong with a model, its file, or the place it is kept in."""

from __future__ import annotations

from fengkong.core.errors import RiskError


class InvalidModelError(RiskError):
    """A model does not say what a model must say."""

    code = "model.invalid"
    hint = "Train and write the model again; a model file is never edited by hand."


class DamagedModelError(RiskError):
    """A model file was cut short, changed after it was written, or is no model file at all."""

    code = "model.damaged"
    hint = "Restore the file from where it was written, or train the model again."


class UnsupportedModelError(RiskError):
    """A model needs something that this version cannot score exactly."""

    code = "model.unsupported"
    hint = "Train with binary objective, constant leaves and one tree per round."


class ModelTooLargeError(RiskError):
    """A model is larger than what is read."""

    code = "model.too_large"
    hint = "Train with fewer or smaller trees, inputs or categories."


class MissingModelError(RiskError):
    """No model of that name and version is in the store."""

    code = "model.missing"
    hint = "Put the model's folder where the policy looks for it, or give --models DIR."


class ModelMismatchError(RiskError):
    """A policy does not have what a model was trained on, or means something else by it."""

    code = "model.inputs_differ"
    hint = "Declare the inputs as the model was trained, or train a model on this policy."
