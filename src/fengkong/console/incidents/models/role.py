"""Who has which part in an incident."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.incidents.models.incident import Incident


class IncidentRole(models.Model):
    """Who has which part; a part has one holder, and a holder may have several parts."""

    class Part(models.TextChoices):
        """The parts there are."""

        COMMANDER = "commander", _("commander")
        SCRIBE = "scribe", _("scribe")
        TECHNICAL = "technical", _("technical lead")
        FRAUD = "fraud", _("fraud lead")
        FUNDS = "funds", _("funds lead")
        LIAISON = "liaison", _("liaison with authorities and partners")
        COMMUNICATION = "communication", _("communication lead")
        LEGAL = "legal", _("legal and compliance")
        CUSTOMER = "customer", _("customer care lead")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="roles")
    part = models.CharField(max_length=16, choices=Part.choices)
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="incident_roles"
    )
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("incident", "part"), name="one_holder_of_a_part"),
        )

    def __str__(self) -> str:
        return f"{self.part}: {self.operator}"
