"""Faults of exam data, found by general rules and not by lists of rows.

The rules read text alone.  What they find and miss on E-EVAL is counted in ``benchmarks/exam_data_faults.py``
and docs/exams.md.  A fault says that the printed item is not the one its author wrote, not that it cannot be
answered.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from distill_tests.exams.explanations import shifted
from distill_tests.exams.items import Fault, Item
from distill_tests.exams.matching import same_option, same_text
from distill_tests.types import Image


def flagged(items: Sequence[Item]) -> tuple[Item, ...]:
    """The same items with every fault that is found in them; faults they carry already stay."""
    found: dict[int, set[Fault]] = defaultdict(set)
    for number, item in enumerate(items):
        found[number].update(_of_one(item))
    for number in leaks(items):
        found[number].add(Fault.LEAK)
    for number in shifted(items):
        found[number].add(Fault.SHIFTED_EXPLANATION)
    return tuple(
        replace(item, faults=item.faults | found[number]) if found[number] else item
        for number, item in enumerate(items)
    )


def _of_one(item: Item) -> Iterator[Fault]:
    options = list(item.options.values())
    if not same_text(item.question):
        yield Fault.BLANK_QUESTION
    if not all(same_option(text) for text in options):
        yield Fault.MISSING_OPTION
    if is_spreadsheet_damage(options):
        yield Fault.EXCEL_CORRUPT
    keys = [key for text in options if (key := same_option(text))]
    if len(set(keys)) < len(keys):
        yield Fault.DUPLICATE_OPTIONS
    if not item.images and lacks_figure(item.question):
        yield Fault.FIGURE_MISSING
    if lacks_marks(item.question, options):
        yield Fault.MARK_LOST
    if _GARBLED.search(item.question):
        yield Fault.GARBLED_BLANK


_GARBLED: Final = re.compile(r"[（(]\s*[?？]{2,}|[?？]{2,}\s*[）)]|[?？]{4,}")
"""Spaces between brackets that an encoding turned into question marks; what is asked is not touched by it."""


# --- spreadsheets -----------------------------------------------------------------------------------

_ERROR: Final = re.compile(r"#(?:NAME\?|REF!|VALUE!|DIV/0!|N/A|NUM!|NULL!|SPILL!|CALC!|#+)")
_DATE_AND_TIME: Final = re.compile(
    r"(?:\d{4}[-/]\d{1,2}[-/]\d{1,2} 0?0:00:00"
    r"|(?:1899[-/]12|1900[-/]0?1)[-/]\d{1,2} \d{1,2}:\d{2}:\d{2})(?:\.0+)?"
)
"""A day at midnight, or a time on a spreadsheet's first days: what becomes of 1/2 and 1:1:20."""
_MONTH: Final = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DATE: Final = re.compile(
    rf"\d{{4}}[-/]\d{{1,2}}[-/]\d{{1,2}}|\d{{1,2}}月\d{{1,2}}日|\d{{1,2}}[- ]{_MONTH}|{_MONTH}[- ]\d{{1,2}}",
    re.IGNORECASE,
)
_RATIO: Final = re.compile(r"-?\d+(?:\s*[:：∶/]\s*\d+)+|-?\\d?frac.*")


def is_spreadsheet_damage(options: Sequence[str]) -> bool:
    """Whether a spreadsheet put an error or a date in an option's place.

    An error is no option anybody wrote, unless there are several (a question about spreadsheets);
    nor is a day at midnight to the second.  A bare date is taken for damage only beside ratios or fractions.
    """
    texts = [text.strip() for text in options]
    errors = {text for text in texts if _ERROR.fullmatch(text)}
    if len(errors) == 1 or any(_DATE_AND_TIME.fullmatch(text) for text in texts):
        return True
    dates = [bool(_DATE.fullmatch(text)) for text in texts]
    ratios = [bool(_RATIO.fullmatch(text)) for text in texts]
    return any(dates) and any(ratios) and all(a or b for a, b in zip(dates, ratios, strict=True))


# --- what plain text lost ---------------------------------------------------------------------------

_NOT_A_FIGURE: Final = "(?!书|谋|强|案|腾|像|存|形|片编)"
_NOT_A_TABLE: Final = "(?!面|达|述|明|示|现|情|演|彰|扬|决|层|皮|哥|弟|姐|妹|率|态|白|格式|里)"
_ENGLISH: Final = "(?:figure|diagram|graph|chart|map|picture|table|drawing|image)"
_FIGURE: Final = re.compile(
    rf"(?<![例数])[如下上左右附题见据]图{_NOT_A_FIGURE}|读图{_NOT_A_FIGURE}|看图(?!书|写|说)|观察(?:下[面列]|以下|[这该此])?(?:的|一?[幅张组些])*(?:表格|图[表片形]|漫画)|图示(?!法)|图文(?:资料|材料)"
    rf"|(?<!例)[如下右左附见]表{_NOT_A_TABLE}|(?<![上读看])上表(?=[为是可所反]|中(?!学|国))"
    r"|[读看据察]\s*[“\"「][^”\"」\n]{1,40}图[”\"」]"
    r"|[由从](?:图|表)(?:中|上)?(?:可以?|能|信息|数据|得|知|判)|表[1-9](?!\d|[月日年点分天个张人])"
    r"|(?<![\u3400-\u9fff])(?:图|表)中|(?<![地意企])图(?:[1-9](?!\d)|[甲乙丙丁①②③④]|[一二三四](?=[中所是为，]))"
    r"|<img\b|!\[[^\]\n]{0,200}\]\(|[\[【(（](?:图|图片|image)[\]】)）]"
    rf"|\b{_ENGLISH}s?\s+(?:above|below|shown)\b|\b(?:above|below|following|adjacent)\s+{_ENGLISH}s?(?!\s+tennis)\b"
    r"|\b(?:fig(?:ure)?\.?|diagram|graph|(?:in|see|from)\s+table)\s+[1-9]\b"
    r"|\b(?:shown|illustrated|pictured|depicted)\s+(?:above|below)\b"
    rf"|\b(?:shown|illustrated|depicted|seen)\s+in\s+the\s+{_ENGLISH}\b"
    rf"|\b(?:look\s+at|refer\s+to|according\s+to|based\s+on)\s+the\s+{_ENGLISH}s?\b"
    rf"|(?:^|[.?!]\s+)(?:use|study|observe|examine|in)\s+the\s+{_ENGLISH}s?\b",
    re.IGNORECASE,
)
_TABLE_IN_TEXT: Final = re.compile(r"\\begin\{(?:array|tabular|matrix)\}|<table\b")


def lacks_figure(question: str) -> bool:
    """Whether a question refers to a figure or table that is not in its text; of an item without an image."""
    return bool(_FIGURE.search(question)) and not _has_table(question)


def _has_table(question: str) -> bool:
    """Whether a table stands in the text: as LaTeX, HTML, or lines of cells between bars."""
    lines_of_cells = sum(line.count("|") >= 2 for line in question.split("\n"))
    return lines_of_cells >= 2 or bool(_TABLE_IN_TEXT.search(question))


_WORDS: Final = "字|词|成语|熟语|虚词|实词|语|句|部分|处|短语|内容|汉字"
_MARK: Final = re.compile(
    rf"加(?:着重|下|黑|粗)?点(?:号)?(?:的|之)?\s*(?:[“\"‘「][^”\"’」\n]{{1,6}}[”\"’」])?\s*(?:{_WORDS})"
    rf"|加点\s*[“\"‘「]|(?:加|带|有)着重号|(?:加|标)粗的?(?:{_WORDS})|黑体的?(?:{_WORDS})"
    rf"|(?:[画划加标]有?(?:下|横|波浪|曲|双|单|浪)*|下划)线(?!段|索|路)(?:的|之)?[^，。？\n]{{0,2}}?(?:{_WORDS})"
    r"|\b(?:underlined|italici[sz]ed|boldfaced?|highlighted)\s+(?:\w+\s+)?"
    r"(?:words?|parts?|phrases?|sentences?|letters?|sections?|expressions?|clauses?)\b",
    re.IGNORECASE,
)
_MARKED: Final = re.compile(
    r"<(?:u|b|i|em|strong|span)\b|\\underline|\*\*\S|__\S[^_\n]*\S?__|[\u0323\u0331-\u0333]"
)
_FILL_IN: Final = re.compile(r"横线(?:处|上|的地方)|\bfill in the blanks?\b", re.IGNORECASE)
_VISIBLE_BLANK: Final = re.compile(
    r"[_＿]|[-—–﹍﹏]{2,}|\S[ \u00a0\u3000]+[，。；、？！：,.;”\"）)]|[（(“\"]\s+[）)”\"]"
    r"|\S[ \u00a0\u3000]{2,}\S|\.{3,}|…"
    r"|[①②③④⑤⑥⑦⑧⑨]\s*[，。；、]|[\u3400-\u9fff，。] [\u3400-\u9fff]"
)
LONGEST_QUOTED: Final = 12


def lacks_marks(question: str, options: Sequence[str]) -> bool:
    """Whether underlined, dotted or blank places are spoken of that plain text does not show.

    Not where every option is a word of the question: then the options say what was marked.
    """
    text = f"{question}\n" + "\n".join(options)
    if _MARK.search(question) and not _MARKED.search(text):
        return not all(0 < len(text) <= LONGEST_QUOTED and text in question for text in options)
    return bool(_FILL_IN.search(question)) and not _VISIBLE_BLANK.search(question)


# --- other items ------------------------------------------------------------------------------------


def with_leaks(items: Sequence[Item], others: Sequence[Item]) -> list[Item]:
    """The same items, those flagged that stand among the ``others`` with another split."""
    found = set(leaks([*items, *others]))
    return [
        replace(item, faults=item.faults | {Fault.LEAK}) if number in found else item
        for number, item in enumerate(items)
    ]


def leaks(items: Sequence[Item]) -> Iterator[int]:
    """Indices of items that stand in another split as well, with the same images and options in any order."""
    by_key: Mapping[tuple[str, tuple[str, ...], tuple[Image, ...]], list[int]] = defaultdict(list)
    for number, item in enumerate(items):
        question = same_text(item.question)
        if question:
            options = tuple(sorted(same_text(text) for text in item.options.values()))
            by_key[question, options, item.images].append(number)
    for numbers in by_key.values():
        if len({items[number].split for number in numbers}) > 1:
            yield from numbers
