"""Untrusted text made visible, measured, shortened and marked."""

from __future__ import annotations

import json
import re
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.display import escape_unseen, marked_lines, pad, shorten, underline, visible, width
from distill_tests.types import Span

ANY_TEXT = st.text(st.characters(exclude_categories=()))
RESERVED = (range(0x2060, 0x2070), range(0xFFF0, 0xFFFC), range(0x13430, 0x13440), range(0xE0000, 0xE1000))
WIDE = "你是哪家公司开发的？"


def unseen(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_escapes_show_what_acts_or_hides() -> None:
    assert visible("a\x1b[31mred\x00") == "a\\x1b[31mred\\0"
    assert visible("\u202eevil\u200b\ufeff") == "\\u202eevil\\u200b\\ufeff"
    assert visible("\U000e0041tag\ud800") == "\\U000e0041tag\\ud800"
    assert visible("\x9b31m\x7f\t") == "\\x9b31m\\x7f\\t"


def test_line_breaks_are_escaped_or_kept_as_asked() -> None:
    assert visible("a\r\nb\nc\rd") == "a\\r\\nb\\nc\\rd"
    assert visible("a\r\nb\nc\rd", newlines="keep") == "a\nb\nc\\rd"


def test_ordinary_text_in_any_script_is_left_alone() -> None:
    text = "Größe, naïve, 你好，मैं, สวัสดี, שלום, مرحبا, ❤️, 한국어 \\n {x} <b>"
    assert visible(text) == text


def test_a_pile_of_variation_selectors_does_not_hide_text() -> None:
    assert visible("❤\ufe0f") == "❤\ufe0f"
    assert visible("a" + "\ufe01\ufe02\ufe03") == "a\ufe01\\ufe02\\ufe03"
    assert "\U000e0101" not in visible("a\U000e0101")


def test_every_character_without_a_shape_is_escaped_and_no_letter_is() -> None:
    shapeless = set("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
    chars = [chr(code) for code in range(sys.maxunicode + 1) if chr(code) != "."]
    shown = visible(".".join(chars)).split(".")
    for char, part in zip(chars, shown, strict=True):
        code = ord(char)
        noncharacter = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
        # Reserved for format characters; some have become it in a later Unicode than Python 3.11's.
        reserved = code >= 0x2060 and any(code in part for part in RESERVED)
        escaped = unseen(char) or noncharacter or reserved or char in shapeless
        assert (part != char) is escaped, hex(code)


@settings(deadline=None)
@given(ANY_TEXT)
def test_visible_text_holds_no_control_or_bidi_character(text: str) -> None:
    assert not any(map(unseen, visible(text)))
    assert not any(unseen(char) and char != "\n" for char in visible(text, newlines="keep"))


@settings(deadline=None)
@given(ANY_TEXT)
def test_visible_text_is_left_as_it_is_the_second_time(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@settings(deadline=None)
@given(ANY_TEXT)
def test_json_made_safe_to_show_is_the_same_document(text: str) -> None:
    safe = escape_unseen(json.dumps(text, ensure_ascii=False))
    assert json.loads(safe) == json.loads(json.dumps(text))
    assert not any(map(unseen, safe))


def test_width_counts_wide_characters_twice_and_marks_not_at_all() -> None:
    assert width("abc") == 3
    assert width(WIDE) == 20
    assert width("e\u0301") == 1
    assert width("ｆｕｌｌ") == 8
    assert width("한") == width("\u1112\u1161\u11ab") == 2
    assert width("สวัสดี") == 4


@settings(deadline=None)
@given(ANY_TEXT, st.integers(0, 40))
def test_shortened_text_fits_and_only_what_was_too_long_is_cut(text: str, columns: int) -> None:
    text = visible(text)
    shown = shorten(text, columns)
    assert width(shown) <= columns
    assert (shown == text) is (width(text) <= columns)


def test_shortening_does_not_halve_a_wide_character() -> None:
    assert shorten(WIDE, 6) == "你是…"
    assert shorten(WIDE, 5) == "你是…"
    assert shorten("abc", 0) == ""
    assert shorten("cafe\u0301s", 4) == "caf…"
    assert pad("你", 4) == "你  "


def test_carets_stand_under_the_words_in_any_script() -> None:
    answer = "你好！我是ChatGPT。"
    start = answer.index("ChatGPT")
    line = underline(answer, [Span(start=start, end=start + 7)])
    assert line == " " * width(answer[:start]) + "^" * 7
    assert underline("我是谁", [Span(start=1, end=2)]) == "  ^^"
    assert underline("\x1bI am", [Span(start=1, end=2)]) == "    ^"


def test_spans_outside_the_text_are_ignored() -> None:
    assert underline("abc", [Span(start=-3, end=1), Span(start=2, end=99), Span(start=7, end=9)]) == "^ ^"
    assert underline("abc", []) == ""


@settings(deadline=None)
@given(ANY_TEXT, st.data())
def test_carets_cover_exactly_the_columns_of_the_marked_characters(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    line = underline(text, [Span(start=start, end=end)])
    before, under = width(visible_each(text[:start])), width(visible_each(text[start:end]))
    assert line == (" " * before + "^" * under if under else "")


def visible_each(text: str) -> str:
    return "".join(map(visible, text))


@settings(deadline=None)
@given(ANY_TEXT, st.integers(10, 60))
def test_lines_hold_all_of_a_short_text_and_fit(text: str, columns: int) -> None:
    lines = marked_lines(text, [Span(start=0, end=len(text))], columns)
    assert all(width(line.shown) <= columns for line in lines)
    assert all(len(line.carets) <= width(line.shown) for line in lines)
    shown = "".join(line.shown for line in lines)
    assert shown == "".join(visible(part) for part in re.split("\r?\n", text))


def test_lines_break_after_blanks_and_carets_follow() -> None:
    lines = marked_lines("I am a model of OpenAI", [Span(start=16, end=22)], 12)
    assert [tuple(line) for line in lines] == [("I am a ", ""), ("model of ", ""), ("OpenAI", "^^^^^^")]


def test_a_long_text_shows_its_head_and_what_is_marked() -> None:
    text = "x " * 50_000 + "made by OpenAI" + " y" * 50_000
    at = text.index("OpenAI")
    lines = marked_lines(text, [Span(start=at, end=at + 6)], 80)
    assert len(lines) < 20
    assert any("OpenAI" in line.shown and "^^^^^^" in line.carets for line in lines)
    assert sum("characters" in line.shown for line in lines) == 2


@pytest.mark.parametrize("text", ["", "\n", "\r\n", "a\n\nb"])
def test_empty_lines_are_lines(text: str) -> None:
    assert [line.shown for line in marked_lines(text, [], 20)] in (text.replace("\r", "").split("\n"), [""])
