"""Django's settings, from the console's own few settings and its data directory."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF
from psycopg.conninfo import conninfo_to_dict

from fengkong.console.configuration import DATA_VARIABLE, GIVEN_VARIABLE, load_console_settings
from fengkong.console.project.secrets import session_secret
from fengkong.console.shell.assets import gathered_folder
from fengkong.console.translation import compiled_catalogues

CONSOLE = load_console_settings(
    Path(os.environ[DATA_VARIABLE]), given=json.loads(os.environ.get(GIVEN_VARIABLE, "{}"))
)
_ROOT = Path(__file__).resolve().parents[1]
_SECURE = bool(CONSOLE.tls_certificate or CONSOLE.trusted_proxies)

DEBUG = False
SECRET_KEY = session_secret(CONSOLE.keys)
ALLOWED_HOSTS = [CONSOLE.host, "127.0.0.1", "localhost", "[::1]", *CONSOLE.hosts]
ROOT_URLCONF = "fengkong.console.project.urls"
WSGI_APPLICATION = "fengkong.console.project.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.Operator"
APPEND_SLASH = True

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "csp",
    "django_htmx",
    "fengkong.console.shell",
    "fengkong.console.accounts",
    "fengkong.console.audit",
    "fengkong.console.approvals",
    "fengkong.console.governance",
    "fengkong.console.personal",
    "fengkong.console.insiders",
    "fengkong.console.journaled",
    "fengkong.console.outbox",
    "fengkong.console.live",
    "fengkong.console.traffic",
    "fengkong.console.entities",
    "fengkong.console.gangs",
    "fengkong.console.lists",
    "fengkong.console.incidents",
    "fengkong.console.playbooks",
    "fengkong.console.drills",
    "fengkong.console.webhooks",
    "fengkong.console.notices",
    "fengkong.console.warnings",
    "fengkong.console.api",
    "fengkong.console.alerts",
    "fengkong.console.actions",
    "fengkong.console.cases",
    "fengkong.console.feedback",
    "fengkong.console.reports",
    "fengkong.console.customers",
]

MIDDLEWARE = [
    "fengkong.console.project.behind_proxies.BehindProxies",
    "fengkong.console.traffic.turned_away.CountedTraffic",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "fengkong.console.project.reading_requests.ReadingRequests",
    "fengkong.console.insiders.counting.CountedRefusals",
    "fengkong.console.approvals.own_hands.RecordedAttempts",
    "axes.middleware.AxesMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "fengkong.console.accounts.gate.Gate",
    "fengkong.console.project.declared.DeclaredAccess",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [_ROOT / "accounts" / "templates"],  # before those of allauth, which they replace
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "fengkong.console.shell.frame.frame",
            ],
        },
    },
]


def _database(written: str) -> dict[str, Any]:
    """The database of a connection string; the embedded one keeps SQLite's rollback journal."""
    if written == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": CONSOLE.database_file,
            "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"},
        }
    said = {name: str(value) for name, value in conninfo_to_dict(written).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": said.pop("dbname", ""),
        "USER": said.pop("user", ""),
        "PASSWORD": said.pop("password", ""),
        "HOST": said.pop("host", ""),
        "PORT": said.pop("port", ""),
        "OPTIONS": said,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": _database(CONSOLE.database) | {"ATOMIC_REQUESTS": True}}

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]

# PCI DSS 4.0.1, 8.3.6 and 8.3.7.
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "fengkong.console.accounts.passwords.LettersAndDigits"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "fengkong.console.accounts.passwords.NoFormerPassword"},
]

# What must hold for all workers alike: a code that was used is used up.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "console_cache",
    }
}

ACCOUNT_ADAPTER = "fengkong.console.accounts.signing_in.SigningIn"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_RATE_LIMITS = {"login_failed": None}  # axes counts
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
MFA_ADAPTER = "fengkong.console.accounts.factors.Factors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "fengkong.console.accounts.signing_in.SecondFactorForm",
    "reauthenticate": "fengkong.console.accounts.signing_in.SecondFactorAgainForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1

AXES_HANDLER = "fengkong.console.accounts.lockout.Lockout"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=30)
AXES_LOCKOUT_PARAMETERS = ["username"]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_USERNAME_CALLABLE = "fengkong.console.accounts.lockout.attempted_name"
AXES_CLIENT_IP_CALLABLE = "fengkong.console.accounts.lockout.attempting_address"
AXES_LOCKOUT_CALLABLE = "fengkong.console.accounts.lockout.locked_out"
AXES_DISABLE_ACCESS_LOG = True  # the ledger has it
AXES_ENABLE_ADMIN = False
SILENCED_SYSTEM_CHECKS = ["axes.W006"]  # our handler counts by address as well
AXES_VERBOSE = False

# Sessions end when nobody uses them (PCI DSS 4.0.1, 8.2.8), and with the browser. What counts as
# use, and the longest that a session lasts, is the gate's business.
SESSION_ENGINE = "fengkong.console.accounts.sessions"
SESSION_COOKIE_AGE = CONSOLE.idle_minutes * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "fengkong_session"
CSRF_COOKIE_NAME = "fengkong_csrf"
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _SECURE
SECURE_HSTS_SECONDS = 31_536_000 if _SECURE else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    },
}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [compiled_catalogues(_ROOT, CONSOLE.cache / "locale")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "static/"
STATIC_ROOT = gathered_folder(_ROOT, CONSOLE.cache)
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "fengkong.console.shell.assets.GatheredFiles"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False
CSRF_FAILURE_VIEW = "fengkong.console.shell.problem_pages.forged"
SHOW_GALLERY = os.environ.get("FENGKONG_GALLERY") == "1"
"""Whether the page of components for developers is there."""

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
