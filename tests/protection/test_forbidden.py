"""Class C3 is refused by name, in English, Chinese and pinyin; ordinary names pass."""

import json

import pytest

from fengkong.core.errors import RiskError
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.decoding import Decoder
from fengkong.protection.forbidden import forbidden_field, forbidden_in, is_forbidden

FORBIDDEN = """
    password Password PASSWORD passwd pwd userPwd user_password password_hash newPassword
    login-password pin PIN card_pin pinBlock pin_block cvv CVV2 cvv_2 cardCvv card_cvc2 cvn2
    card_verification_value securityCode card_security_code track1 Track2Data track_2_data
    magnetic_stripe magStripeData chip_data card_expiry cardExpirationDate otp OTPCode totp
    sms_code smsVerificationCode verification_code one_time_password dynamicPassword
    fingerprint user_fingerprint faceImage face_template facial_features iris_scan voiceprint
    voice_template biometric biometric_data palm_vein secret_answer private_key
    密码 交易密码 登录密码 支付口令 验证码 短信验证码 动态口令 卡安全码 磁道信息 指纹 指纹特征
    声纹 虹膜 人脸图像 生物识别信息 卡片有效期 ｐａｓｓｗｏｒｄ 密_码
    mima jiaoyi_mima zhifuMima duanxin_yanzhengma zhiwen
""".split()
ALLOWED = """
    amount customer spinner shipping pinned_at opinion compass passport passenger bypass
    cvs_store track tracking_number soundtrack face_similarity liveness_passed second_factor
    credential_kind authentication_method device_fingerprint browser_fingerprint surface
    interface voice_call otpravitel expires_at id_expires_at code postal_code country_code
    客户 设备指纹 手机号 密切程度 有效期
""".split()


@pytest.mark.parametrize("name", FORBIDDEN)
def test_forbidden(name: str) -> None:
    assert is_forbidden(name)
    assert forbidden_field(["amount", name, "card"]) == name


@pytest.mark.parametrize("name", ALLOWED)
def test_allowed(name: str) -> None:
    assert not is_forbidden(name)


def test_no_field_of_the_catalogue_is_forbidden() -> None:
    assert forbidden_field(shipped_catalogue().fields) is None
    assert forbidden_field([]) is None


@pytest.mark.parametrize("name", ["", "\ud800", "密" * 100_000, "a" * 100_000, "\0", "_-_"])
def test_odd_names_are_no_trouble(name: str) -> None:
    assert is_forbidden(name) in {True, False}


@pytest.mark.parametrize("name", ["password", "交易密码", "cardCvv2"])
@pytest.mark.parametrize("event_type", ["login.attempted", "no.such.type"])
def test_a_decoders_complaint_becomes_the_refusal(name: str, event_type: str) -> None:
    body = json.dumps({"type": event_type, "id": "e1", "other": 1, name: "geheim"}).encode()
    with pytest.raises(RiskError) as caught:
        Decoder(shipped_catalogue()).decode(body)
    refusal = forbidden_in(caught.value)
    assert refusal is not None
    assert refusal.code == "event.forbidden_field"
    assert refusal.path == "$." + name.encode("ascii", "backslashreplace").decode()
    assert "geheim" not in str(refusal)


def test_other_complaints_stay_what_they_are() -> None:
    with pytest.raises(RiskError) as caught:
        Decoder(shipped_catalogue()).decode(b'{"type":"login.attempted","id":"e1","other":1}')
    assert forbidden_in(caught.value) is None
