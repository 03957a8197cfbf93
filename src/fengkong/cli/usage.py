"""Help and wrong use in the terminal's language."""

from __future__ import annotations

from typing import Any, Final

import typer
from typer import rich_utils
from typer.core import TyperCommand, TyperGroup

from fengkong.cli.language import text
from fengkong.cli.screen import ERRORS

WrongUse: Final[type[Exception]] = typer.BadParameter.__mro__[1]
"""What the option parser raises when the command is used wrongly."""

_TITLES: Final = {
    "ARGUMENTS_PANEL_TITLE": "usage.arguments",
    "OPTIONS_PANEL_TITLE": "usage.options",
    "COMMANDS_PANEL_TITLE": "usage.commands",
    "REQUIRED_LONG_STRING": "usage.required",
    "DEFAULT_STRING": "usage.default",
}
_PARAMETERS: Final = {
    "help": "usage.help",
    "install_completion": "usage.install_completion",
    "show_completion": "usage.show_completion",
}


def speak_the_language() -> None:
    """Give the help screens the titles of the terminal's language."""
    for name, key in _TITLES.items():
        setattr(rich_utils, name, text(key))


def _translated(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        key = _PARAMETERS.get(parameter.name or "")
        if key is not None:
            parameter.help = text(key)
    return parameters


class Command(TyperCommand):
    """A command whose help option speaks the terminal's language."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, with what the library says of them translated."""
        return _translated(super().get_params(ctx))


class Group(TyperGroup):
    """A group of commands whose help option speaks the terminal's language."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, with what the library says of them translated."""
        return _translated(super().get_params(ctx))


def show_wrong_use(error: Any) -> None:
    """What is wrong with the command line, and how to see the right one."""
    kind = type(error).__name__
    if kind == "NoArgsIsHelpError":
        return  # the help was shown instead
    name = _name(error)
    if kind == "MissingParameter":
        message = text("usage.missing", name=name)
    elif kind == "NoSuchOption":
        message = text("usage.no_such_option", name=error.option_name)
    elif kind == "BadParameter":
        message = text("usage.bad_value", name=name, message=error.message)
    else:
        message = text("usage.wrong", message=error.format_message())
    ERRORS.print(message, style="red", markup=False)
    path = error.ctx.command_path if error.ctx is not None else "fengkong"
    ERRORS.print(text("usage.try", command=path), markup=False)


def _name(error: Any) -> str:
    parameter = getattr(error, "param", None)
    if parameter is None:
        return str(getattr(error, "param_hint", "") or "")
    if parameter.param_type_name == "option":
        return str(parameter.opts[0])
    return str(parameter.metavar or parameter.name)
