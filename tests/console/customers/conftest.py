"""The decisions and operators of cases, for the customer's side."""

from tests.console.cases.conftest import ann, bob, case, decided, folder  # noqa: F401 - fixtures
