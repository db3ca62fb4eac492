from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.decode import ENCODINGS, binary_reason, decode

ZH = "北京协和医院是中国最好的医院之一，位于北京市东城区。国际医疗部提供英语服务。"
TW = "臺北榮民總醫院是一所國際醫療中心，提供癌症治療、心臟手術與健康檢查服務。"
JA = "東京の病院は国際的な医療サービスを提供しています。がん治療についてのご案内です。"
KO = "서울의 병원은 국제 의료 서비스를 제공합니다. 암 치료 안내입니다. 예약은 전화로 하십시오."
RU = "Московская больница предлагает лечение рака, хирургию и реабилитацию."
FR = "L'hôpital général à côté de l'école privée a été rénové; très élégant, café, résumé."


def html(text: str, encoding: str, label: str = "") -> bytes:
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={label}">' if label else ""
    return f"<html><head>{meta}</head><p>".encode() + text.encode(encoding)


@pytest.mark.parametrize(
    ("text", "encoding", "label", "read"),
    [
        (ZH, "gb18030", "gb2312", "gb18030"),
        (ZH, "gb18030", "GBK", "gb18030"),
        (ZH, "utf-8", "utf-8", "utf-8"),
        (TW, "big5", "big5", "big5hkscs"),
        (JA, "cp932", "Shift_JIS", "cp932"),
        (JA, "euc_jp", "euc-jp", "euc_jp"),
        (JA, "iso2022_jp", "iso-2022-jp", "iso2022_jp"),
        (KO, "cp949", "euc-kr", "cp949"),
        (RU, "koi8-r", "koi8-r", "koi8-r"),
        ("“curly” – €5", "cp1252", "iso-8859-1", "cp1252"),
        ("镕", "gb18030", "gb2312", "gb18030"),
    ],
)
def test_declared_encoding_is_read_as_its_superset(text: str, encoding: str, label: str, read: str) -> None:
    decoded = decode(html(text, encoding, label))
    assert (decoded.encoding, decoded.warnings, decoded.text.endswith(text)) == (read, (), True)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (ZH, "gb18030"), (ZH, "utf-8"), (TW, "big5hkscs"), (JA, "cp932"), (JA, "euc_jp"), (KO, "cp949"), (RU, "cp1251"),
        (FR, "cp1252"), ("plain", "utf-8"),
    ],
)  # fmt: skip
def test_encoding_is_guessed_where_nothing_declares_it(text: str, encoding: str) -> None:
    decoded = decode(html(text, encoding))
    assert (decoded.encoding, decoded.warnings, decoded.text.endswith(text)) == (encoding, (), True)


@pytest.mark.parametrize(
    ("text", "encoding", "label"),
    [
        (ZH, "utf-8", "gb2312"), (ZH, "utf-8", "big5"), (ZH, "utf-8", "iso-8859-1"), (FR, "utf-8", "latin1"),
        (ZH, "gb18030", "utf-8"), (ZH, "gb18030", "big5"), (ZH, "gb18030", "iso-8859-1"),
        (TW, "big5hkscs", "gb2312"), (TW, "big5hkscs", "utf-8"), (FR, "cp1252", "utf-8"), (FR, "cp1252", "gb2312"),
        (RU, "cp1251", "gb2312"), (KO, "cp949", "utf-8"), (JA, "cp932", "utf-8"),
    ],
)  # fmt: skip
def test_encoding_that_lies_about_itself_is_noticed(text: str, encoding: str, label: str) -> None:
    decoded = decode(html(text, encoding, label))
    assert decoded.text.endswith(text)
    assert decoded.warnings == (f"declared {label}, but the bytes are {encoding}",)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_mark_comes_before_everything(encoding: str) -> None:
    assert decode(html(ZH, "utf-8", "gb2312").decode().encode(encoding)).text.endswith(ZH)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_mark_is_known_by_its_zeros(encoding: str) -> None:
    data = ("<html><head><title>" + ZH + "</title>").encode(encoding)
    assert binary_reason(data) == ""
    assert (decode(data).encoding, decode(data).warnings) == (encoding, ())


def test_numbers_in_sixteen_bits_are_no_text() -> None:
    data = b"".join(n.to_bytes(2, "little") for n in range(200)) * 4
    assert binary_reason(data) == "binary"
    assert decode(data).encoding not in ("utf-16-le", "utf-16-be")


def test_transport_comes_before_the_page() -> None:
    assert decode(html(KO, "cp949", "utf-8"), "EUC-KR ").text.endswith(KO)


def test_xml_declaration_is_read() -> None:
    decoded = decode(b'<?xml version="1.0" encoding="big5"?><p>' + TW.encode("big5"))
    assert (decoded.encoding, decoded.warnings) == ("big5hkscs", ())


def test_unknown_label_is_a_warning() -> None:
    decoded = decode(html(ZH, "utf-8", "klingon"))
    assert (decoded.encoding, decoded.warnings) == ("utf-8", ("unknown encoding 'klingon'",))


def test_label_never_names_a_codec_that_is_no_encoding() -> None:
    for label in ("rot13", "zlib", "unicode_escape", "idna", "undefined", "base64"):
        assert label not in ENCODINGS
        assert decode(f"<meta charset={label}>text".encode()).text.endswith("text")


def test_every_known_label_can_be_decoded_with() -> None:
    for label in ENCODINGS:
        assert decode(b"caf\xe9 \xff", label).text.startswith("caf")


def test_text_cut_off_inside_a_character_is_read_with_a_warning() -> None:
    for encoding, label in (("utf-8", "utf-8"), ("gb18030", "gb2312")):
        decoded = decode(html(ZH, encoding, label)[:-1])
        assert decoded.text.endswith("服务\ufffd")
        assert decoded.warnings == (f"1 character could not be read as {encoding}",)


def test_few_wrong_bytes_do_not_change_the_encoding() -> None:
    decoded = decode(html(ZH * 9, "utf-8", "utf-8") + b" \xff \xfe and more")
    assert (decoded.encoding, decoded.warnings) == ("utf-8", ("2 characters could not be read as utf-8",))


def test_two_chinese_characters_that_look_like_utf_8_stay_chinese() -> None:
    data = b"<meta charset=gb2312>" + bytes([0xC4, 0x8A])
    assert decode(data).encoding == "gb18030"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"%PDF-1.7 text", "a PDF document"),
        (b"PK\x03\x04text", "a ZIP or Office file"),
        (b"\x1f\x8b\x08\x00text", "compressed (gzip)"),
        (bytes(range(32)) * 10, "binary"),
        (b"text with \x00 one zero and more than enough text around it to be text", ""),
        (b"", ""),
    ],
)
def test_binaries_are_named(data: bytes, reason: str) -> None:
    assert binary_reason(data) == reason


@given(
    st.binary(max_size=300),
    st.sampled_from(["", "utf-8", "gb2312", "big5", "latin1", "utf-16", "nonsense", "iso-2022-jp"]),
)
def test_decoding_never_fails(data: bytes, declared: str) -> None:
    decoded = decode(data, declared)
    decoded.text.encode()
    assert decoded.encoding
    binary_reason(data)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
def test_utf_8_is_always_read_back(text: str) -> None:
    assert decode(b"<meta charset=utf-8>" + text.encode()).text == "<meta charset=utf-8>" + text


def test_a_web_archive_says_how_to_save_the_page() -> None:
    data = b"From: <Saved by Blink>\r\nSubject: A\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n"
    assert binary_reason(data).startswith("a web archive (MHTML)")
    assert binary_reason(b"From: the airport\nit takes an hour.\n") == ""
