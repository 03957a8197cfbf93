"""What is shown of each field, by its class and kind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.console.personal.masking import (
    HIDDEN,
    class_of,
    mask_of,
    masked,
    masked_subject,
    masked_values,
    may_be_revealed,
)
from fengkong.console.personal.templatetags.personal import masked as masked_filter
from fengkong.events.catalogue import shipped_catalogue

TABLE = [
    ("phone", "13812341234", "138****1234"),
    ("phone", "+86 138-1234-1234", "138****1234"),
    ("phone", "+8613812341234", "138****1234"),
    ("phone", "12345", HIDDEN),
    ("contact_phone", "010-62511234", "010****1234"),
    ("id_number", "11010519491231002X", "110****2X"),
    ("id_number", "E12345678", HIDDEN),
    ("card", "6222021234567890123", "622202****0123"),
    ("card", "6222 0212 3456 7890", "622202****7890"),
    ("card", "tok_1", HIDDEN),
    ("account", "6217000012345678", "****5678"),
    ("payee_account", "A-100200300", "****0300"),
    ("account", "A-1", HIDDEN),
    ("full_name", "张三", "张*"),
    ("full_name", "张三丰", "张**"),
    ("full_name", "欧阳锋", "欧阳*"),
    ("full_name", "欧阳", "欧*"),
    ("full_name", "买买提·艾力", "买*****"),
    ("full_name", "John Smith", "J*** S***"),
    ("payee_name", "李四", "李*"),
    ("email", "zhangsan@example.com", "z***@example.com"),
    ("email", "not a mailbox", HIDDEN),
    ("address", "浙江省杭州市西湖区文一路1号", "浙江省***"),
    ("address", "北京市海淀区中关村大街1号", "北京市***"),
    ("address", "somewhere", HIDDEN),
    ("employer", "杭州某某科技有限公司", "杭***"),
    ("device", "device-0001-abcd", "de****cd"),
    ("ip", "203.0.113.7", "203.0.*.*"),
    ("ip", "2001:db8:1::7", "2001:db8:*"),
    ("ip", "::1", HIDDEN),
    ("gender", "female", HIDDEN),
    ("age", 37, HIDDEN),
    ("stated_income", 1_200_000, HIDDEN),
    ("account_balance_before", 5, HIDDEN),
    ("home_place", (30.2, 120.1), HIDDEN),
    # what was judged, and what is not personal, is shown
    ("amount", 1_000, 1_000),
    ("purpose", "rent", "rent"),
    ("merchant", "M1", "M1"),
    ("customer", "C-1", "C-1"),
    ("customer_level", "gold", "gold"),
    # C3 is never shown, wherever it came from
    ("password", "hunter2", HIDDEN),
    ("card_cvv2", "123", HIDDEN),
    ("smsCode", "998877", HIDDEN),
    ("支付密码", "123456", HIDDEN),
    ("face_image", b"...", HIDDEN),
    # nobody declared it: a text is hidden, a figure is a feature
    ("unknown_text", "13812341234", "1***"),
    ("device_card_distinct_7d", 4, 4),
    ("phone", None, None),
    ("phone", "", ""),
]


@pytest.mark.parametrize(("name", "value", "shown"), TABLE)
def test_what_is_shown(name: str, value: object, shown: object) -> None:
    assert masked(name, value) == shown
    assert masked_filter(value, name) == shown


@pytest.mark.parametrize(
    ("name", "personal", "revealed"),
    [
        ("phone", "C2", True),
        ("full_name", "C2", True),
        ("device", "C1", True),
        ("customer", "C1", False),
        ("amount", "C2", False),
        ("merchant", None, False),
        ("password", "C3", False),
        ("cvv", "C3", False),
    ],
)
def test_what_may_be_revealed(name: str, personal: str | None, revealed: bool) -> None:
    assert class_of(name) == personal
    assert may_be_revealed(name) is revealed


TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60)


@given(st.sampled_from(sorted(shipped_catalogue().fields)), TEXTS)
def test_a_mask_never_fails_and_hides_most(name: str, text: str) -> None:
    shown = masked(name, text)
    assert isinstance(shown, str)
    mask = mask_of(name)
    if mask is not None and text.strip():
        assert "*" in shown
        if len(text.strip()) > 16 and "@" not in text:
            assert text.strip() not in shown


@given(TEXTS)
def test_a_subject_shows_no_whole_value(value: str) -> None:
    assert "*" in masked_subject(f"phone:{value}")


def test_every_field_that_tells_who_somebody_is_is_masked() -> None:
    fields = shipped_catalogue().fields
    shown = {name for name, field in fields.items() if field.personal == "C2" and not mask_of(name)}
    assert not {name for name in shown if fields[name].entity or fields[name].kind == "text"}
    values = dict.fromkeys(fields, "13812341234")
    assert set(masked_values(values)) == set(fields)
