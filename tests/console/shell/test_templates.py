"""Every template of every app can be read: a tag that is given what it does not know is found."""

from pathlib import Path

from django.template import TemplateSyntaxError
from django.template.loader import get_template

import fengkong.console

CONSOLE = Path(fengkong.console.__file__).parent
TEMPLATES = sorted(
    path.relative_to(folder).as_posix()
    for folder in CONSOLE.glob("*/templates")
    for path in folder.rglob("*")
    if path.is_file()
)


def test_every_template_can_be_read() -> None:
    assert len(TEMPLATES) > 200
    wrong = []
    for name in TEMPLATES:
        try:
            get_template(name)
        except TemplateSyntaxError as error:
            wrong.append(f"{name}: {error}")
    assert not wrong, "\n".join(wrong)
