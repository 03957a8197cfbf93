"""Data of class C3 (JR/T 0171-2020; PCI DSS 3.3): refused at the door, never stored, never logged.

A field is known by its name: passwords and PINs, card verification values, card expiry, magnetic
stripe and chip data, one-time codes, biometrics. Names are compared without case, blanks, hyphens
and underscores: `Card-CVV2`, `cardCvv2` and `card_cvv_2` are one. The value is never looked at.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from fengkong.core.errors import FaultsError, RiskError
from fengkong.events.errors import InvalidEventError, UnknownFieldError

NAME_LENGTH_MAX: Final = 256
"""Longer names are unknown fields in any case."""

# Words that a name of several words may contain.
_WORDS: Final = frozenset(
    """
    password passwd passcode passphrase pwd pin cvv cvv2 cvc cvc2 cvn cvn2 cav2 csc pvv otp totp
    faceprint voiceprint palmprint irisprint biometric biometrics
    mima yanzhengma kouling zhiwen shengwen hongmo zhangwen
    """.split()
)
# Names as a whole, without what divides their words.
_NAMES: Final = frozenset(
    """
    pass pswd psw pinblock pincode pinnumber securitycode cardsecuritycode verificationvalue
    cardverificationvalue cardverificationcode cardcode verificationcode verifycode smscode
    smsverificationcode authcode onetimecode onetimepassword onetimepasscode dynamiccode
    dynamicpassword twofactorcode mfacode secondfactorcode activationcode
    cardexpiry cardexpirydate cardexpiration cardexpirationdate cardexpires cardvalidthru validthru
    cardexpmonth cardexpyear cardexp
    track1 track2 track3 trackdata track1data track2data track3data magneticstripe magstripe
    magstripedata stripedata chipdata emvdata icccarddata fulltrack secretanswer securityanswer
    faceimage facephoto facetemplate facefeature facefeatures facedata faceid irisimage iristemplate
    irisdata retina retinascan voicesample voicetemplate voicedata handprint palmvein fingervein dna
    privatekey secretkey mnemonic seedphrase
    jiaoyimima zhifumima denglumima chaxunmima qukuanmima duanxinyanzhengma dongtaima anquanma
    renlian renliantupian cidaoxinxi cidao
    """.split()
)
# What a Chinese name may not contain.
_CHINESE: Final = re.compile(
    "密码|口令|验证码|校验码|动态码|动态口令|安全码|磁道|磁条|指纹|声纹|虹膜|掌纹|掌静脉|指静脉"
    "|人脸图|人脸照|人脸特征|人脸数据|人脸模板|面部特征|基因|生物特征|生物识别|卡片有效期|卡有效期|私钥|助记词"
)
# A biometric in several words: what is measured by how it is recorded.
_RECORDED: Final = frozenset({"image", "photo", "template", "feature", "features", "scan", "raw"})
_FINGERPRINTS: Final = frozenset({"fingerprint", "fingerprints"})
# The fingerprint of a machine is not one of a person.
_MACHINES: Final = frozenset(
    {"device", "browser", "canvas", "tls", "ja3", "ja4", "audio", "webgl", "key", "certificate"}
)
_MEASURED: Final = frozenset(
    {"face", "facial", "iris", "retina", "voice", "palm", "finger", "vein"}
)
_DIVIDED: Final = re.compile(r"[a-z]+\d*|\d+")
_BLANKS: Final = re.compile(r"[\s_\-]+")
_ESCAPED: Final = re.compile(r"\\u([0-9a-f]{4})")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class ForbiddenFieldError(InvalidEventError):
    """An event has a field that carries a password, a code, card security data or a biometric."""

    code = "event.forbidden_field"
    hint = "Remove the field; such data must never be sent, and nothing of this was stored."


def forbidden_field(names: Iterable[str]) -> str | None:
    """The first of some field names that says it carries data of class C3; None where none does."""
    for name in names:
        if is_forbidden(name):
            return name
    return None


def forbidden_in(error: RiskError) -> ForbiddenFieldError | None:
    """The refusal of a forbidden field among the unknown fields that a decoder complained of."""
    faults = error.faults if isinstance(error, FaultsError) else (error.fault(),)
    for fault in faults:
        if fault.code == UnknownFieldError.code:
            # A path shows a Chinese name escaped.
            name = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), fault.path[2:])
            if is_forbidden(name):
                return ForbiddenFieldError("a field that must never be sent", path=fault.path)
    return None


def is_forbidden(name: str) -> bool:
    """Whether a field of this name carries data of class C3."""
    name = name[:NAME_LENGTH_MAX]
    if not name.isascii():
        name = unicodedata.normalize("NFKC", name)
        joined = _BLANKS.sub("", name)
        if _CHINESE.search(joined) and not joined.startswith(("设备", "浏览器")):
            return True
    words = _DIVIDED.findall(_CAMEL.sub("_", name).lower())
    if not _WORDS.isdisjoint(words):
        return True
    if not (_MEASURED.isdisjoint(words) or _RECORDED.isdisjoint(words)):
        return True
    if not _FINGERPRINTS.isdisjoint(words) and _MACHINES.isdisjoint(words):
        return True
    whole = "".join(words)
    return whole in _NAMES or whole in _WORDS
