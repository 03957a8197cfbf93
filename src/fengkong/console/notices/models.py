"""Notices, the channels they leave by, who is on duty, and every message."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.notices.signs import LAMP_OF, group_choices, group_words, level_choices

KEY_LENGTH = 160


class Channel(models.Model):
    """A way out: `sealed_address` is an address with what is secret in it, or mail addresses.

    `address_shown` is as much of it as a screen shows. At most `per_minute` messages leave in a
    minute; more notices than that leave together, as a digest.
    """

    class Kind(models.TextChoices):
        """Who is at the other end."""

        EMAIL = "email", _("Email")
        WEBHOOK = "webhook", _("Webhook")
        DINGTALK = "dingtalk", _("DingTalk")
        FEISHU = "feishu", _("Feishu")
        WECOM = "wecom", _("WeCom")

    class Language(models.TextChoices):
        """What is spoken at the other end."""

        CHINESE = "zh", _("Chinese")
        ENGLISH = "en", _("English")

    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    language = models.CharField(max_length=2, choices=Language.choices, default=Language.CHINESE)
    sealed_address = models.BinaryField()
    sealed_secret = models.BinaryField(null=True)
    address_shown = models.CharField(max_length=200)
    per_minute = models.IntegerField()
    is_active = models.BooleanField(default=True)
    created_by = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class ChannelHealth(models.Model):
    """How a channel does: nothing is sent before `rest_until`; `failing_since` None is well."""

    channel = models.OneToOneField(
        Channel, on_delete=models.CASCADE, primary_key=True, related_name="health"
    )
    rest_until = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"health of {self.channel_id}"


class Route(models.Model):
    """What is told by a channel: a kind of risk (empty: each), from a level on.

    After `after_minutes` without acknowledgement (0: at once).
    """

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="routes")
    group = models.CharField(max_length=20, blank=True, choices=group_choices)
    level = models.CharField(max_length=6, choices=level_choices)
    after_minutes = models.IntegerField(default=0)

    class Meta:
        ordering = ("group", "after_minutes", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("channel", "group", "level", "after_minutes"), name="one_route"
            ),
        )

    def __str__(self) -> str:
        return f"{self.group or 'any'} from {self.level} by {self.channel_id}"

    @property
    def group_title(self) -> object:
        """The kind of risk in words."""
        return group_words(self.group) if self.group else _("Every kind of risk")


class Shift(models.Model):
    """Who is on duty for a kind of risk, from one time to another."""

    group = models.CharField(max_length=20, choices=group_choices)
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="shifts"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ("starts_at", "pk")
        indexes = (models.Index(fields=("group", "ends_at"), name="shifts_of_a_group"),)

    def __str__(self) -> str:
        return f"{self.group} {self.starts_at:%F %R} {self.operator_id}"

    @property
    def group_title(self) -> object:
        """The kind of risk in words."""
        return group_words(self.group)


class Notice(models.Model):
    """Something that people must know. While one of a `key` is not resolved there is no other.

    `level` is the worst so far. `path` is where the console shows what it is about.
    """

    class State(models.TextChoices):
        """Where a notice stands."""

        OPEN = "open", _("not acknowledged")
        ACKNOWLEDGED = "acknowledged", _("acknowledged")
        RESOLVED = "resolved", _("over")

    key = models.CharField(max_length=KEY_LENGTH)
    group = models.CharField(max_length=20)
    level = models.CharField(max_length=6, choices=level_choices)
    path = models.CharField(max_length=300)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    raised_at = models.DateTimeField(default=timezone.now)
    acknowledged_by = models.CharField(max_length=64, blank=True)
    acknowledged_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=400, blank=True)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("state", "-id"), name="notices_by_state"),
            models.Index(fields=("group", "-id"), name="notices_by_group"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("key",), condition=~models.Q(state="resolved"), name="one_open_notice"
            ),
        )

    def __str__(self) -> str:
        return f"{self.key} {self.level} ({self.state})"

    @property
    def lamp(self) -> str:
        """The lamp of its level."""
        return LAMP_OF[self.level]

    @property
    def group_title(self) -> object:
        """The kind of risk in words."""
        return group_words(self.group)


class Said(models.Model):
    """What a notice says as it was last said, `count` times so far."""

    notice = models.OneToOneField(
        Notice, on_delete=models.CASCADE, primary_key=True, related_name="said"
    )
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    text_zh = models.TextField(blank=True)
    text_en = models.TextField(blank=True)
    count = models.IntegerField(default=1)
    newest_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.title_en

    def title(self, language: str) -> str:
        """The title in zh or en."""
        return self.title_zh if language == "zh" else self.title_en

    def text(self, language: str) -> str:
        """The text in zh or en."""
        return self.text_zh if language == "zh" else self.text_en


class Silence(models.Model):
    """Nothing is told of a kind of risk (empty: each) whose keys begin so, until a time."""

    group = models.CharField(max_length=20, blank=True, choices=group_choices)
    prefix = models.CharField(max_length=KEY_LENGTH, blank=True)
    until = models.DateTimeField()
    reason = models.CharField(max_length=400)
    by = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-until",)

    def __str__(self) -> str:
        return f"{self.group or 'any'} {self.prefix} until {self.until}"

    @property
    def group_title(self) -> object:
        """The kind of risk in words."""
        return group_words(self.group) if self.group else _("Every kind of risk")

    def covers(self, notice: Notice) -> bool:
        """Whether it silences a notice."""
        return self.group in {"", notice.group} and notice.key.startswith(self.prefix)


class Message(models.Model):
    """One message as it was tried; `finished_at` None is under way, or nobody knows.

    `status` is the answer's (0 where there was none), `code` what the answer said inside.
    """

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="messages")
    at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    notices = models.IntegerField()
    succeeded = models.BooleanField(default=False)
    status = models.IntegerField(default=0)
    code = models.CharField(max_length=40, blank=True)
    failure = models.CharField(max_length=200, blank=True)
    elapsed_ms = models.IntegerField(default=0)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("channel", "at"), name="messages_of_a_channel"),)

    def __str__(self) -> str:
        return f"message {self.pk} by {self.channel_id}"


class Delivery(models.Model):
    """A notice on its way to a channel; each step of a route at each level once."""

    class State(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting", _("waits")
        SENDING = "sending", _("is being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("given up")
        UNKNOWN = "unknown", _("perhaps sent")
        SILENCED = "silenced", _("silenced")
        DROPPED = "dropped", _("not needed any more")

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    level = models.CharField(max_length=6, choices=level_choices)
    after_minutes = models.IntegerField(default=0)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField()
    attempts = models.IntegerField(default=0)
    message = models.ForeignKey(
        Message, on_delete=models.SET_NULL, null=True, related_name="deliveries"
    )
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("notice", "channel", "level", "after_minutes"), name="told_once"
            ),
        )
        indexes = (
            models.Index(
                fields=("channel", "due_at"),
                name="notices_due",
                condition=models.Q(state="waiting"),
            ),
        )

    def __str__(self) -> str:
        return f"{self.notice_id} by {self.channel_id} ({self.state})"
