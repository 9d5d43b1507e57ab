"""The patterns of the ``letter`` judge: its words (``_letter_words``) around option letters."""

from __future__ import annotations

import re
from typing import Final

from distill_tests.judges import _letter_words as words
from distill_tests.judges._letter_text import OPTION, OWN_TEXT


def _p(*pieces: str) -> re.Pattern[str]:
    return re.compile("".join(pieces))


# --- groups of letters and what stands around them --------------------------------------------------

_JOIN = (
    rf"(?:[\s{OWN_TEXT}()]{{0,200}}?"
    r"(?:,\s*(?:and|or)\b|，\s*(?:和|或)|\band/or\b|[,，、/&+|]|;|\band\b|\bor\b|\bnor\b|\bas\s+well\s+as\b|"
    r"以及|或者|还是|和|与|及|或|跟|\))\s*"
    r"(?:also\s+|either\s+|option\s+|choice\s+|statement\s+|possibly\s+|maybe\s+|perhaps\s+|选项)?|)"
)
GROUP: Final = rf"{OPTION}(?:{_JOIN}{OPTION}){{0,25}}"
"""One letter, or several that are joined: ``A, B and D``, ``A、B``, ``AB``."""

_FILL = (
    r"(?:[\s\"'(\[【】\])（：:=\-–—>→\\|,，]"
    rf"|\b(?:{words.FILL_EN})\b|{words.FILL_ZH}){{0,14}}"
)
_NO_END = r"[^.!?。！？；;\n\ue000-\ue119]"
_TO_A_NOUN = r"[^.!。！；;\n\ue000-\ue119]{0,160}?"
_LINK = rf"(?:\b(?:{words.BE_EN})\b|:|=|->|→|=>|-|–|—|\||{words.BE_ZH})"

FILLER = _p(_FILL)
VALUE = _p(GROUP)
NEGATION = _p(rf"(?:\b(?:{words.NOT_EN})\b|\b\w+n\s+t\b|{words.NOT_ZH})")

# --- an answer is named, chosen, concluded, pointed at ------------------------------------------------

ANSWER = _p(
    rf"(?P<formal>\bfinal\s+|最终|最后)?(?:\b(?P<strong>{words.ANSWER_EN})\b|(?P<zh>{words.ANSWER_ZH})|",
    rf"\b(?:{words.RIGHT_EN})\s+(?P<right>{words.CHOICE_EN}|{words.ONE_EN})\b|",
    rf"\b(?:correct|right|best|most\s+(?:appropriate|suitable|likely)|closest)\s+(?P<thing>{words.THING_EN})",
    r"(?=\s+(?:here\s+)?(?:is|would|should|must)\b)|",
    rf"\b(?P<weak>{words.CHOICE_EN})(?=\s*(?:is|would|should|must|:|"
    r"(?:that|which)\s+(?!(?:is|are|was|isn|does|do|doesn|don)\b)))|",
    r"(?P<adj>\b(?:correct|right)(?=\s*[:=-])|",
    r"\bthe\s+(?:best|right|correct)(?=\s+(?:is|would|should|must)\b)|",
    r"\bwhat\s+is\s+(?:correct|right)\b|\bboxed(?=:)|\bfinal(?=\s*:))|",
    rf"(?P<right_zh>{words.RIGHT_ZH}))",
)
WRONG_ONE = _p(
    rf"\b(?:{words.WRONG_EN})\s+(?P<answer>{words.ANSWER_EN}|choices?)?(?:(?:{words.ONE_EN}|options?)(?:\s+out)?)?",
    rf"(?=\s+(?:{words.BE_EN})\b|\s*:)|{words.WRONG_ZH}|",
    rf"\b(?:{words.ONE_EN}|options?|answers?|thing)\s+(?:that|which)\s+",
    r"(?:(?:is|are|was)\s+(?:not|incorrect|false|wrong|untrue)|isn\s+t)\b",
    r"(?:\s+(?:true|correct|right|accurate|valid))?|",
    r"\b(?:all|every\w*)\b[^.!?\n\ue000-\ue119]{0,60}\bexcept(?:\s+for)?\b",
)
WRONG_BEFORE = _p(rf"不$|\b(?:{words.WRONG_EN}|not\s+the)\s+$|错误的?$")
AFTER_NOUN = _p(
    r"(?:[\s)\]】>|*,，]|\([^()\n\ue000-\ue119]{0,40}\)|的|选项|字母|项)*",
    rf"(?:(?:to|for|of|in|here|that|among|from|above|which|i)\b{_TO_A_NOUN})?",
    rf"(?:{_NO_END}{{0,24}}?(?=\b(?:{words.BE_EN})\b|{words.BE_ZH}|:)|\s*)(?P<link>{_LINK})?",
)
TO_LETTER = _p(
    rf"[\s)\]】>|*]*(?:\b(?:to|for|of|in)\b{_TO_A_NOUN})?",
    rf"(?P<link>\b(?:{words.BE_EN})\b|:|{words.BE_ZH})(?={_FILL}{OPTION})",
)
CHOOSE = _p(rf"\b(?:{words.CHOOSE_EN})\b|(?P<zh>{words.CHOOSE_ZH})(?![项手修读题])")
NOT_CHOOSE_ZH = _p(rf"(?:{words.NOT_CHOOSE_ZH}|不能|不该|不应该?|不会|不可)$")
CHOSEN_BY_OTHERS = _p(rf"\s*{OPTION}\s*(?:选项|项)?的(?:人|同学|学生|考生|朋友|网友)")
POINT = _p(rf"\b(?:{words.POINT_EN})\b|\bi\.\s?e\.|(?P<zh>{words.POINT_ZH})")
SO = _p(
    rf"(?:\b(?:{words.SO_EN})\b(?!\s+(?:is|are|does|do)\b)|{words.SO_ZH}|∴|⇒|=>|->|→|👉|➡|(?:✅|☑|✓|⭐)(?!\s*[)\]])){_FILL}"
)
CORRECTED = _p(
    r"(?:\b(?:wait|actually|rather|instead|correction|oops|nope|hmm|i\s+meant?|make\s+(?:it|that)|"
    r"(?<![-–—:=] )no|"
    r"after\s+(?:check|think|read|look|review|consider|reflect|verif)\w*\b[^.,\n\ue000-\ue119]{0,30}|"
    r"(?<!anything\s)but|sorry|or\s+rather)\b|",
    r"不对|更正为?|改为|改选|改成|(?<=[.…。，,;；？?！!—])不(?=[，,])|纠正|而是|而应选|其实)[\s,:;.…，：。—–-]*",
    rf"(?:(?:no|wait|actually|sorry|maybe)\b[\s,]*)?(?!not\b){_FILL}",
)
CLOSES = _p(
    rf"[\s{OWN_TEXT})\]】'\"]*(?:选项|项|答案|了|啦|吧|呢|option)*[\s)]*",
    rf"(?:[.,;:!。，；：！、)\](\-–—…?~]|$|\n|{OWN_TEXT}|",
    r"\b(?:because|since|as|with|then|it|for|by|and|which|rather|instead|over|not|must|correct|right|should|remains|the|to\s+me|",
    r"is\s+(?:the\s+)?(?:correct|right|answer|best|true))\b|因为|正确|符合|是正确|是对)",
)
"""What may follow a letter that is concluded, pointed at or corrected to."""

SO_IS_WRONG = _p(rf"(?:\b(?:{words.BAD_EN})\b|n\s+t\b)[^.!?\n]{{0,30}}$")
MORE_LETTERS = _p(rf"(?:[ \t]+{OPTION})+[\s.。]*(?:\n|$)")
LETTER_WITH_TEXT = _p(rf"[\s(\[]*(?P<x>{OPTION})[\s.:)、]+(?={OWN_TEXT})")
IS = _p(
    r"\b(?:is|was|are|were|be|called|named|(?P<weak>in|into|by|from|to|as|at|of|on|with))\s+(?:(?:the|an?)\s+)?|",
    r"[是为叫]\s*",
)
ONLY = _p(
    rf"\bonly\s+(?:(?:options?|choice|answer|statement)\s+)?(?P<g>{OPTION})\s+",
    r"(?!(?:is|are|was)\s+(?:wrong|incorrect|false|not)|not|isn|doesn|and|or)[a-z]+",
)
MISTAKE_BEFORE = _p(r"\b(?:mistakes?|errors?|traps?|misconceptions?)\W+(?:\w+\s+){0,3}$")
JOINED_TEXT = _p(r"\s*(?:,|and|or|/|和|或|、|还是|以及|与)\s*(?:or\s+)?")
LETTER_OF_TEXT = _p(
    r"[\s,(\[—–-]{1,4}(?:\b(?:which\s+is|i\s*e|so|that\s+is|is)\b[\s.,]*)?",
    rf"(?:\b(?:option|choice|answer|letter)\b\s*|选项|即|也就是|\s)*(?P<x>{OPTION})(?=[\s)\].,。，]|$)",
)

# --- an option is judged ----------------------------------------------------------------------------

_ADVERB = (
    r"(?:\s+(?:the|a|an|indeed|clearly|definitely|obviously|certainly|probably|also|both|all|really|"
    r"completely|simply|just|thus|therefore|most\s+likely|actually|still|in\s+fact|only|by\s+far|very|"
    r"quite|factually|partially|partly|plainly|hence|likely|surely|entirely|totally|more|much)\b){0,4}"
)
_AFTER_GROUP = (
    rf"(?:[\s.:?？)\]】、,，(\-–—→←<=|/{OWN_TEXT}]|选项|option|answer|choice|说法|则|明显|显然|也|都|均|完全|"
    r"就|项|句|才|才是|最|的){0,260}"
)
VERDICT_DIRECT = _p(
    rf"(?P<g>{GROUP}){_AFTER_GROUP}(?:(?P<bad>{words.BAD_ZH}|",
    r"\b(?:incorrect|wrong|false|not\s+correct|no\b(?!\s+(?:contest|doubt|question))|nope|eliminated|excluded)\b|",
    rf"\b(?:{words.FAILS_EN})\b)|(?P<good>{words.GOOD_ZH}|\bis\b(?=\s*[.!])|",
    rf"\b(?:correct|right|true|yes)\b(?!\s+(?:{words.ONE_EN}|that))|\b(?:{words.DOES_EN})\b))",
)
VERDICT_BE = _p(
    rf"(?P<g>{GROUP})(?:[.:)、](?=\s))?(?:(?!\b(?:is|are|was|were)\b[^,\n]*,\s*(?:the|what|which)\b){_NO_END}){{0,100}}?",
    r"\b(?:is|are|was|were|seems|seem|appears|looks|sounds|must\s+be|should\s+be|would\s+be|has\s+to\s+be|",
    r"will\s+be|might\s+be|may\s+be|could\s+be|can\s+be|s|being|as)\b(?:\s+to\s+be\b)?",
    rf"{_ADVERB}\s+(?:(?P<wrong_one>{words.WRONG_ONE_EN})|(?P<bad>{words.BAD_EN})|(?P<good>{words.GOOD_EN}))\b",
)
VERDICT_ZH = _p(
    rf"(?P<g>{GROUP})[.:)、]?{_NO_END}{{0,100}}?(?:(?P<bad>{words.BAD_ZH})|(?P<good>{words.GOOD_ZH}))"
)
VERDICTS = (VERDICT_DIRECT, VERDICT_BE, VERDICT_ZH)
SUITS, SUITS_NOT = _p(words.SUITS_ZH, rf"|\b(?:{words.SUITS_EN})\b"), _p(words.SUITS_NOT_ZH)
PLAINLY_GOOD = _p(r"the\s|my|正确答案|是正确答案|为答案|是答案|最")
BAD = _p(rf"\b(?:{words.BAD_EN}|{words.FAILS_EN})\b|{words.BAD_ZH}")
TOLD = _p(
    rf"(?:\b(?:{words.BE_EN}|{words.POINT_EN})\b|[=:→]|->|叫做|称为|叫作|[,，](?=\s*(?:option|choice|letter|选项)))\s*(?:\b(?:option|choice|letter|answer|the)\b\s*)*[(\[]?\s*$"
)
REST_OF_SENTENCE = _p(r"[^。！？!?\n;；\ue000-\ue119\ue300]{0,60}")
DENIED_AFTER = _p(
    rf"\s*[{OWN_TEXT})]*\s*(?:选项|项)?\s*(?:\b(?:is|are|was)\s+{_ADVERB}\s*(?:{words.BAD_EN})\b|",
    r"\b(?:isn|wasn)\s+t\b|(?:是|也|都|均)?(?:错误的?|不对|不正确|错的?))(?![^\n。.]{0,6}符合)",
)
JUDGED_AFTER = _p(
    rf"\s*[{OWN_TEXT}()]*\s*(?:选项|项|都|均|也|则|的|才)*\s*",
    r"(?:\b(?:is|are|was|were|does|do|has|seems|cannot|can|fits|says|would)\b|",
    rf"错|不|正确|对|有误|符合|属于|说|是|为|{words.BAD_ZH})",
)
MARK_BEFORE = _p(
    rf"(?m)^[ \t>\-•\d.]*(?P<mark>[{words.MARKS_GOOD}{words.MARKS_BAD}☐])[ \t]*",
    rf"(?:option|choice|选项)?[ \t]*(?P<g>{OPTION})",
)
LINE_VERDICT = _p(
    rf"(?m)^[ \t>\-•*\d.|]*[(\[]?(?P<g>{OPTION})(?:(?:[)\].:]+|[ \t])[^\n]*?)?[-–—,，;；:.(→=|]\s*",
    r"(?:(?P<good>是|对|正确|yes|correct|right|true|✓|✔|✅|√|this\s+(?:one|fits|works|is\s+it)|fits)|",
    r"(?P<bad>否|不|错误?|不对|no|nope|incorrect|wrong|false|✗|✘|❌|×|not\s+this(?:\s+one)?|doesn\s+t\s+fit))",
    r"[ \t.。!)|]*$",
)
"""The line of a list that ends in a verdict: ``- D: 1919, yes``."""
OUT = _p(
    r"(?:\b(?:not|rules?\s+out|ruled\s+out|ruling\s+out|eliminat\w+|exclud\w+|reject\w*|discard\w*|",
    r"dismiss\w*|retract\w*|withdraw\w*|tak(?:e|ing)\s+back|cross(?:ed|ing|es)?\s+out|instead\s+of|rather\s+than|unlike|neither|isn\s+t|can\s+t\s+be|",
    r"cannot\s+be|avoid|never|incorrect\s*:|wrong\s*:|no\s+to|(?<!other\s)than)\b|",
    r"排除了?|不选|不应该?选|不能选|不会选|别选|不是|并非|而非|淘汰|去掉|划掉|否定|不可能是|不会是|除了|",
    r"而不是|先排除|错误的?[:：]|误选|错选|",
    rf"(?<![\ue000-\ue119)])(?<![\ue000-\ue119)] )[{words.MARKS_BAD}])[\s:]*",
    r"(?:\b(?:options?|choices?|answers?|statements?|just|both|either)\b\s*|选项|掉|了|的是)*",
    rf"(?P<g>{GROUP})",
)
RETRACTS = _p(
    r"(?:(?<![^.!?,;:\n…—-])|(?<=[.!?,;:…—-] ))(?:(?:no|oh|wait|hmm|actually|but|sorry|and|,)\s+){0,3}",
    rf"(?:{words.RETRACTS_EN})\b|",
    rf"(?<![\ue000-\ue119项的也都是记])(?:{words.RETRACTS_ZH})(?=[，,。!！.…\s]|$)",
)
MARKED_AFTER = _p(
    rf"(?m)^[ \t>\-•*\d.|]*[(\[]?(?P<g>{OPTION})[^\n\ue000-\ue119]{{0,200}}?(?:←|<-+|<=+|👈|◀|◄)[ \t]*$"
)
"""The line of a list with an arrow at its end."""
PREFERRED = _p(
    rf"(?:^|[.!?。！？:\n][^\S\n]*)(?:option\s+|choice\s+)?(?P<g>{OPTION})[\s{OWN_TEXT})]*,?\s*(?:and\s+)?",
    r"(?:not|rather\s+than|instead\s+of|而不是|而非|不是)\s*(?:option\s+|choice\s+)?",
    rf"{OPTION}[\s{OWN_TEXT})]*(?=[.!。！\n]|$)",
)
"""``C, not B.``"""
UNDECIDED = _p(
    r"\beither\s+(?:one\s+|of\s+them\s+)?(?:could|might|may|can)\s+be\s+(?:right|correct|true|it)\b|",
    rf"\b(?:i|we|it\s+is|it\s+s|this\s+is)\b[^.!?。\n\ue000-\ue119]{{0,30}}?\b(?:{words.UNDECIDED_EN})\b",
    rf"(?!\s*(?:\b(?:options?|choices?|answers?|just|only)\b\s*)*{OPTION})|(?:{words.UNDECIDED_ZH})",
)
NONE = _p(
    r"\bno\s+(?:answer|option|choice)s?\s+(?:is|are|seems?)\s+(?:correct|right|valid)|",
    r"\bnone\s+(?:of\s+(?:the\s+(?:above|options|choices|answers|given)|these|them)\b|is\s+correct)|",
    r"\bno\s+correct\s+(?:answer|option|choice)|",
    r"以上(?:选项|答案)?[都均全]不|四个选项[都均]不|没有(?:一个)?(?:选项)?正确(?:的)?(?:答案|选项)?|",
    r"无正确(?:答案|选项)",
)

# --- letters alone, lists ---------------------------------------------------------------------------

LINE = _p(
    r"[ \t]*(?:[>\-•·|✅☑✓👉➡⭐→(\[【]|",
    r"(?P<nth>(?:question|q|no|item|problem|第)?[ \t]*\(?\d{1,3}(?:题|[ \t]*[.)、:|-]|[ \t]+-)[ \t]*:?))*",
    r"[ \t]*",
    r"(?:(?:i\s+think|[a-z]{4,}ly|no\s+doubt|there\s+s|maybe|perhaps|hmm|well|yes|ok|okay|sure|",
    r"most\s+likely|(?:must|should|has\s+to|would|got\s+to|that\s+d)\s+be|gotta\s+be)[,!.:]?\s+)?",
    rf"(?:(?:the\s+)?(?:options?|choice|letter|opción|lettre|letra)\s+|选项\s*|第)?(?P<g>{GROUP})",
)
I_GUESS = _p(
    r"\s*,?\s+(?:i\s+(?:guess|think|believe|suppose)|of\s+course|then|and\s+nothing\s+else|for\s+sure|"
    r"obviously|clearly|definitely|easily|hands\s+down|all\s+the\s+way|no\s+(?:contest|question|doubt)|without\s+(?:a\s+)?(?:doubt|question))\b"
)
ALONE = _p(
    rf"\s*(?:选项|项|option|choice|only|alone)?[\s.:)\]】、,，。!！?？|✅✓✔√☑'\"{OWN_TEXT}(\-–—;；…",
    "\U0001f300-\U0001faff\u2600-\u27bf哦吧啦呀啊呢了哈嘛]*",
    r"(?:\d+\s*%[)\s]*)?",
)
OPENS = _p(
    r"\s*(?:[.:)\]】、,，。!！;；(|]|-|–|—|\.\.\.|",
    rf"\b(?:because|since|as|due|for|rather|instead|over|not)\b|因为|{OWN_TEXT})",
)
WRONG_IN_LINE = _p(r"\s*,\s*[^,\n]{0,40}(?:is|are)\s+(?:wrong|incorrect)")
BECAUSE_CLOSING = _p(
    r"(?:\b(?:since|because|as|given)\b|因为|由于)[^.!?。！？\n]{3,}[^.!?。！？\n\s\ue000-\ue119][,，]\s*",
    rf"(?P<g>{OPTION})[\s.。!！)]*$",
)
CLOSING = _p(
    rf"(?:^|(?<!\d)[.。!！?？…:：\U0001f300-\U0001faff]|(?<=[\u4e00-\u9fff])[,，])\s*(?:\b(?:{words.SURELY_EN})\s+|选项\s*)*(?P<g>{GROUP})\s*(?:,?\s*(?:then|it\s+is|no\s+contest|hands\s+down|all\s+the\s+way|easily|for\s+sure))?[.。!！?？)]*\s*$"
)
LINE_LABEL = _p(
    r"(?m)^[ \t]*(?:(?:[>\-•·|☐✅❌☑✓✔✗✘√×👉(\[【]|\d{1,2}[.)、]|\*)[ \t]*)*(?:option\s+|choice\s+|选项)?",
    rf"(?P<x>{OPTION})(?=[ \t]*(?:[.:)\]】、,，\-–—|(]|$|{OWN_TEXT}))",
)
SAID_BEFORE = _p(rf"(?:\b(?:is|be|s)\b|(?:{words.ANSWER_EN})|{words.ANSWER_ZH}|[是为选])[\s:(\[]*$")
"""What leads to an answer and not to the next label of a list."""

INLINE_LABEL = _p(
    rf"(?<=[\s.。;；,，、:)/|])(?P<x>{OPTION})(?:[.:)、\]]|\s*-)?\s*(?={OWN_TEXT})|",
    rf"(?<![^\s;；,，])(?P<y>{OPTION})(?=[:)、]|\s*[(=:-]?\s*\d+(?:\.\d+)?\s*%)",
)
