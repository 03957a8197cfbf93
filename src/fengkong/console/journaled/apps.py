"""The app of the read model."""

from django.apps import AppConfig


class JournaledConfig(AppConfig):
    """Decisions as the desk reads them."""

    name = "fengkong.console.journaled"
    label = "journaled"
