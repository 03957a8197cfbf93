"""The app of what comes to the services."""

from django.apps import AppConfig


class TrafficConfig(AppConfig):
    """Requests, errors, latencies and refusals of the services, by minute and day."""

    name = "fengkong.console.traffic"
    label = "traffic"

    def ready(self) -> None:
        """Have the worker look at the services every few seconds."""
        from fengkong.console.audit.guard import unrecorded  # noqa: PLC0415 - need loaded models
        from fengkong.console.outbox.jobs import Lane, every  # noqa: PLC0415
        from fengkong.console.traffic.following import FOLLOW_S, follow_services  # noqa: PLC0415

        every(FOLLOW_S, "traffic.follow_services", follow_services, lane=Lane.WATCH)
        unrecorded(
            {
                "traffic_serviceday": "counts of requests by day",
                "traffic_serviceminute": "counts of requests by minute",
                "traffic_followed": "what a service said of itself last",
            }
        )
