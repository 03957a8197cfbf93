"""What an attacker works with: handsets, networks and accounts opened for the purpose."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from fengkong.simulation import identities, networks
from fengkong.simulation.customers import MODELS, RISK_GRADES, SYSTEMS
from fengkong.simulation.geography import cities


@dataclass(frozen=True, slots=True)
class Handset:
    """A device at an address in a city, as an event shows it."""

    device: int
    system: int
    model: int
    ip: int
    ip_kind: int
    city: int
    place: tuple[float, float]
    first_seen_at: int

    def values(self, *, session: int, channel: str = "app") -> dict[str, Any]:
        """The fields that every online event from this handset carries."""
        return {
            "device": identities.entity_id("device", self.device),
            "device_model": MODELS[self.system][self.model],
            "operating_system": SYSTEMS[self.system],
            "ip": networks.address_text(self.ip),
            "ip_kind": networks.KINDS[self.ip_kind],
            "ip_country": "CN",
            "session": identities.entity_id("session", session),
            "channel": channel,
            "country": "CN",
            "city": cities().names_en[self.city],
            "place": self.place,
        }

    def behind(self, *, ip: int, kind: int) -> Handset:
        """The same handset behind another address."""
        return replace(self, ip=ip, ip_kind=kind)

    def wiped(self, *, device: int, at: int) -> Handset:
        """The same handset after its fingerprint was reset: a new device to the platform."""
        return replace(self, device=device, first_seen_at=at)


@dataclass(frozen=True, slots=True)
class Persona:
    """An account opened by an attacker under an invented or bought identity."""

    number: int
    city: int
    age: int
    female: bool
    registered_at: int

    def customer(self) -> dict[str, Any]:
        """How money events name the persona."""
        return {
            "customer": identities.entity_id("customer", self.number),
            "account": identities.entity_id("account", self.number),
            "customer_since": self.registered_at,
        }

    def form(self, *, year: int) -> dict[str, Any]:
        """What the persona says about itself."""
        return {
            "customer_type": "person",
            "full_name": identities.full_name(self.number),
            "id_number": identities.id_number(
                self.number, city=self.city, birth_year=year - self.age - 1,
                female=self.female,
            ),
            "id_kind": "resident_card",
            "age": self.age,
            "gender": "female" if self.female else "male",
            "phone": identities.phone(self.number),
            "email": identities.email(self.number),
            "address": identities.street_address(self.number, city=self.city),
            "risk_tolerance": RISK_GRADES[self.number % 4],
            "kyc_level": "basic",
            "identity_verified": True,
            "liveness_passed": True,
        }  # fmt: skip
