"""The words that the ``letter`` judge knows, English and Chinese, as alternatives of patterns.

Everything is lower case.  Longer words stand before those they begin with.
"""

from __future__ import annotations

import re


def _any(words: str) -> str:
    return "|".join(one.strip().replace(" ", r"\s+") for one in words.split("|"))


# --- what a letter may stand beside ---------------------------------------------------------------

OPTION_WORDS = "options?|choices?|answers?|letters?|opción|lettre|letra|buchstabe|选项|选择|答案|选|ответ"
AFTER_A_LETTER = frozenset(
    re.split(
        r"\s+",
        "because since as is are was were and or nor but not if in on by for due with which that so then "
        "would seems appears looks must should has can cannot could does do doesn fits matches best most "
        "only while whereas describes states says refers shows gives represents satisfies works being "
        "rather instead correct incorrect right wrong true false isn wasn over than it however although "
        "though makes made stands explains follows comes gives sounds fails violates contradicts involves "
        "contains includes means applies belongs corresponds remains wins holds might may will",
    )
)
"""Words that follow the letter A but never the article."""

COUNTED_NOUNS_EN = (
    "vitamins?|plan|grade|type|hepatitis|influenza|points?|class|section|part|team|appendix|schedule|"
    "category|building|room|platform|gate|row|column|factor|malcolm|mrs?|drs?|blood|point|angle|vertex|"
    "axis|zone|layer|series|rated|exhibit|phase|level"
)
COUNTED_NOUNS_ZH = (
    "维生素|维他命|点|线段|直线|射线|角|血型|乙肝|计划|字母键|甲型|常数|元素|电容|电阻|小|大写字母|"
    "(?:垂足|交点|中点|圆心|顶点|焦点|端点|记|标记|称|表示)为"
)

# --- answers --------------------------------------------------------------------------------------

RIGHT_EN = _any(
    "correct|right|best|final|proper|appropriate|suitable|accurate|true|chosen|selected|expected|ultimate|"
    "closest|valid|most likely|most appropriate|most accurate|most suitable|my|our"
)
WRONG_EN = _any(
    "incorrect|inaccurate|wrong|false|untrue|invalid|erroneous|mistaken|inappropriate|odd|exception"
)
ANSWER_EN = _any(
    "answers?|answr|anwser|awnser|anser|asnwer|ansewr|anwer|ans|final_answer|ответ|respuesta|réponse|antwort|risposta|resposta"
)
CHOICE_EN = _any(
    "choice|option|solution|response|selection|pick|guess|conclusion|verdict|decision|result|letter"
)
ONE_EN = _any(
    "one|ones|statement|statements|sentence|sentences|description|word|phrase|fact|example|"
    "expression|claim|"
    "item|candidate|match|fit|bet|city|number|value|definition|reason|explanation|interpretation|inference|"
    "exception"
)
THING_EN = (
    r"(?!(?:angle|side|end|hand|triangle|half|column|corner|edge|bank|"
    r"foot|leg|arm|eye|ear|way|now|away|to)s?\b)[a-z]{3,}"
)
"""What *the correct …* may be called, but for a right angle or the right side."""
BE_EN = _any(
    "is|are|was|would be|should be|must be|has to be|have to be|had to be|will be|could be|might be|may be|"
    "can only be|could only be|can be|ought to be|needs to be|seems to be|appears to be|seems|remains|"
    "becomes|reads|stays|"
    "turns out to be|is going to be|s|iz|est|es|ist|lautet|é|è"
)
CHOOSE_EN = _any(
    "choose|chose|chosen|choosing|select|selected|selecting|pick|picked|picking|go with|going with|"
    "went with|"
    "settled on|decided on|ended up with|landed on|"
    "lock in|locking in|go for|going for|opt for|opting for|settle on|settling on|settle for|vote for|"
    "lean towards|lean toward|"
    "leaning towards|leaning toward|lean|stick with|sticking with|stick to|mark|circle|tick|say|guess|bet on|"
    "answer with|answer|fill in|looking for|conclude that it is|conclude that it s|conclude|take|"
    "choice goes to|get|put|"
    "vote goes to|pick option|"
    "my money is on|change it to|change my answer to|change to|switch to|switching to|revise it to|"
    "correct it to|correct that to|am for|je choisis|elijo|escojo|ich wähle"
)
POINT_EN = _any(
    "(?:can t|cannot|could not|couldn t) be anything (?:but|other than)|"
    "giving|gives|yielding|yields|looks like|sounds like|seems like|feels like|"
    "remaining(?=:)|left(?=:)|that means|this means|which means|meaning|"
    "it is|it s|its|it must be|it has to be|it should be|it would be|it ll be|it will be|it could be|"
    "it might be|"
    "so is|so does|it may be|it could also be|it might also be|it may also be|it could still be|"
    "that is|that s|that would be|that must be|that makes it|makes it|making|makes|that leaves us with|"
    "leaves us with|"
    "that leaves only|that leaves|this leaves us with|this leaves only|this leaves|leaving us with|"
    "leaving only|"
    "leaves only|leaving|leaves|which leaves|points to|point to|corresponds to|correspond to|"
    "which is|this is|"
    "is option|is choice|is letter|is answer|which matches|this matches|matches|match|"
    "we are left with|we re left with|remaining option is|"
    "should have been|namely|c est-à-dire|c est|es decir|das heißt"
)
SO_EN = _any(
    "therefore|thus|hence|so|ergo|consequently|accordingly|in conclusion|conclusion|finally|in summary|"
    "to sum up|overall|in short|all in all|ultimately|to conclude|as a result|donc|entonces|folglich|also ist"
)
FILL_EN = _any(
    "option|options|choice|answer|letter|statement|number|the|definitely|clearly|most likely|likely|"
    "probably|"
    "indeed|therefore|thus|actually|simply|obviously|still|also|either|both|just|only|in fact|of course|"
    "i think|i believe|i guess|i would say|i d say|perhaps|maybe|as follows|none other than|that|"
    "it is|it s|"
    "boxed|final answer|correct option|correct answer|correct choice|to be|a clear|be|is|for sure|"
    "certainly|"
    "surely|undoubtedly|without doubt|no doubt|one|in|with|response|up|"
    "la|le|el|l|der|die|das|lettre|letra|buchstabe|opción|donc"
)
SURELY_EN = "option|choice|letter|answer|definitely|clearly|certainly|obviously|probably|surely|simply|just"
NOT_EN = _any(
    "not|n t|never|cannot|can not|isn t|wasn t|aren t|won t|wouldn t|can t|couldn t|doesn t|don t|"
    "neither|no longer|"
    "hardly|shouldn t"
)

# --- verdicts on an option ------------------------------------------------------------------------

GOOD_EN = _any(
    "the only|the most correct|the most|the best|the correct|the right|the answer|"
    "the one|the final answer|my answer|my choice|my pick|my final|our answer|correct|right|true|"
    "valid|accurate|"
    "best|answer|appropriate|suitable|most|likely|more likely|more accurate|closest|it|preferred|better|"
    "selected|chosen|picked|what i|a better|your|the way to go|plausible|possible|"
    "defensible|acceptable|"
    "spot on|the clear winner|the winner|the intended"
)
BAD_EN = _any(
    "the incorrect answer|the wrong answer|the wrong choice|incorrect|inaccurate|wrong|false|untrue|"
    "invalid|"
    "not|out|eliminated|excluded|impossible|unlikely|irrelevant|unrelated|inappropriate|mistaken|"
    "a distractor|"
    "off the table|ruled out|a trap|no good|nonsense|far off|close but|tempting|unsuitable|less"
)
WRONG_ONE_EN = _any(
    "(?:the (?:only )?)?(?:one (?:that is |that s |which is )?)?(?:incorrect|false|wrong|inaccurate|"
    "untrue|odd)"
    "(?: (?:statement|one|sentence|description|claim))"
)
DOES_EN = _any(
    "fits|fits best|matches|works|satisfies|makes sense|makes the most sense|stands out|it is|"
    "for sure|wins|holds|beats|gets my vote|gets it|"
    "best describes|best matches|best fits|is it|alone|ist richtig|richtig|korrekt|es correcta|est correcte"
)
FAILS_EN = _any(
    "doesn t|does not|do not|don t|fails|can be eliminated|can be ruled out|cannot be|can t be|"
    "can be excluded|"
    "isn t|is not|aren t|are not|wasn t|must be wrong|contradicts|could not be|couldn t be|"
    "can be discarded|"
    "can be crossed out|should be eliminated|has nothing to do|have nothing to do|seems off|goes too far"
)

SUITS_EN = (
    r"(?:mak(?:es|ing)\s+(?:it|this|that)|(?:so|and)\s+(?:it|this|that)\s+(?:is|s))\s+(?:the|our|my)\s+"
    r"(?:(?:correct|right)\s+)?(?:answer|choice|option|one)|is\s+what\s+(?:the\s+question|we)"
)
"""Said of an option that was just called wrong: that is why it is chosen."""
GOOD_ZH = (
    "是?(?:本题|该题|这道题|此题)?(?:的)?(?:唯一)?(?:的)?正确(?:答案|选项|的)?|符合题意|符合要求|"
    "符合条件|符合|当选|正确|"
    "是对的|才对|对的|最合适|最恰当|最准确|最符合|最佳|最好|最优|无疑|最贴切|更合适|更准确|更符合|更恰当|更好|"
    "为答案|是答案|即?为所求|即所求|"
    "为本题答案|是本题答案|才是答案|可选|成立|准确|恰当|无误|应选|应该选|说得对|合理|合适|对(?![于应比])|✅|☑|✓|✔|√|⭕"
)
SUITS_ZH = (
    "[是为]本题的?(?:正确)?答案|(?<!不)(?:符合题意|符合题目要求|符合要求|当选)|故选|[是为](?:正确)?答案"
)
SUITS_NOT_ZH = "不符合题意|不符合题目|不合题意|与题意不符|不符合要求|不选|不当选|不能选|排除"
BAD_ZH = (
    "不正确|不对|不符合|不符|不合题意|不选|不能选|不当选|不成立|不恰当|不合适|不准确|不合理|不可能|"
    "不全面|不妥|不合|"
    "并不|并非|不是|错误|是错的|错的|有误|错在|错|误|被?排除|可以排除|应排除|无关|片面|过于绝对|"
    "太绝对|与题意不符|"
    "与题干不符|张冠李戴|偷换概念|无中生有|❌|✗|✘|×|✖|⛔"
)
MARKS_GOOD, MARKS_BAD = "✅☑✓✔√⭕👉➡⭐→", "❌✗✘×✖⛔"

# --- Chinese answers ------------------------------------------------------------------------------

ANSWER_ZH = (
    "(?:最佳|最优|正确|对应的?|所选|最终|合适的)(?:选项|答案|选择)|参考答案|正确答案|最终答案|"
    "标准答案|最佳答案|本题答案|答案选项|答案|正解|答え|정답|(?<![解回作问应])答(?![对错题卷])|正确选项|最终选择|"
    "我的选择|结论"
)
RIGHT_ZH = (
    "(?<!不)(?<!不太)(?<!不够)(?:正确|恰当|准确|合适|合理|符合题意|符合要求|符合|贴切|对)的?"
    "(?:选项|说法|答案|叙述|表述|描述|一项|一组|一个|判断|做法|词语|句子|理解|推断|搭配|选择)?"
)
WRONG_ZH = (
    "(?:不正确|不恰当|不准确|不合适|不合理|不符合题意|不符合|不属于|不对|不是|错误|有误|有语病|"
    "不同)[^，。,.\n\ue000-\ue119]{0,12}?的"
    "(?:选项|说法|叙述|表述|描述|一项|一组|一个|判断|做法|词语|句子|理解|推断|搭配)?"
)
BE_ZH = (
    "应该选择|应该选|应该是|应该为|应当是|应选择|应选|应是|应为|就是|只能是|只有|必然是|肯定是|"
    "显然是|可能是|大概是|也许是|或许是|最可能是|仍然是|依然是|还是|便是|は|即为|选择|选|为|是|即|填"
)
NOT_ZH = "不是|不为|不应该是|不应是|不应为|不可能是|不会是|并非|绝不是|不选|非|而非"
CHOOSE_ZH = (
    "没有理由不选|不得不选|没理由不选|涂|蒙一个|猜一个|我猜|押|选择|选取|选出|选定|选用|选填|选的是|应当选|选"
)
NOT_CHOOSE_ZH = "不|别|没|未|勿|误|错|非|无|难|易"
POINT_ZH = (
    "那就是|也就是|就是|应该是|应当是|应该为|应是|应为|只能是|对应的是|对应|则为|则是|即为|即|便是|"
    "剩下的是|只剩下|只剩|剩下|剩余|留下|倾向于|倾向|指向|必为|必是|故为|属于|"
    "归为|是|为"
)
FILL_ZH = (
    "了|选项|选择|选|为|是|应该|应当|应|就是|即|项|第|显然|当然|答案|我认为|可能|大概|最终|：|只有|还是|"
    "只能|其实|字母"
)
SO_ZH = (
    "因此|所以|因而|于是|综上所述|综上|由此可知|由此可见|由此|总之|故此|从而|可知|最终|最后|可见|故|则|那么"
)

SIMPLIFIED = str.maketrans(
    "選為應確錯誤對項題無個認結論擇該說這條則從當實際現綜後終還與兩種僅準據於沒嗎會過點線維級樣證斷覺乾淨",
    "选为应确错误对项题无个认结论择该说这条则从当实际现综后终还与两种仅准据于没吗会过点线维级样证断觉干净",
)
"""Traditional characters of the words below and of options, as simplified ones."""

# --- moods ----------------------------------------------------------------------------------------

UNREAL_EN = _any(
    "if|otherwise|else|suppose|supposing|assuming|unless|students?|people|others|someone|somebody|one might|"
    "some|many|often|commonly|tempting|"
    "tempted|at first|first thought|initially|i thought|we thought|originally|first glance|whether|"
    "for example|e g|"
    "is asking|probability|chance|likelihood|odds|confidence|mistakenly|wrongly|"
    "(?:was|am|were) (?:going|about|tempted) to (?:say|pick|choose|answer|go)|"
    "(?:common|frequent|typical|classic) (?:errors?|mistakes?|traps?|misconceptions?)|"
    "(?:wrong|incorrect|mistaken) to (?:say|think|claim|assume)|"
    "love me to|like me to|want me to|expect me to|"
    "almost (?:said|picked|chose|answered|went)|"
    "(?:he|she|they|friends?|classmates?|brother|sister|mother|father|colleague)"
    " (?:picks|chooses|says|picked|chose|said|answered|selected|went)|"
    "cannot say|can t say|cannot determine|can t determine|unable to|cannot tell|can t tell|not sure|"
    "unsure|"
    "don t think|do not think|don t believe|do not believe|i doubt|we doubt|doubtful|"
    r"not true that|not certain|unclear|once|had been|were the|would have been|(?<!this\s)example|previous|"
    "last time|imagine|wouldn t|would not|previously"
)
UNREAL_ZH = (
    "小(?!题)[\u4e00-\u9fff](?=选|说|认|觉|填|写)|"
    "如果|假如|倘若|要是|假设|假定|即使|有人|有的|有同学|同学|学生|很多人|许多人|不少人|大家|容易|"
    "误选|误以为|错选|"
    "乍一看|起初|一开始|最初|刚开始|原本|本来|原以为|以为|比如|例如|是否|概率|几率|无法|不能确定|"
    "不确定|难以|"
    "不知道|不清楚|不认为|不觉得|看似|看起来像|可能会选|网友|老师问|干扰"
)
RATHER_EN = _any("if i had to|if i must|if i have to|if forced|if pressed|were to|were forced")
MAYBE_EN = _any(r"might|may|could(?!\s+only)|perhaps|maybe|possibly")
MAYBE_ZH = "可能|也许|或许|大概|好像|似乎"
CORRECTS = (
    _any(
        "wait|actually|no|nope|hold on|on second thought|on reflection|correction|scratch that|i mean|"
        "i meant|"
        "let me correct|let me redo|oops|sorry|my mistake|apologies|but|however|instead|rather|in fact|"
        "change|revise|switch|upon closer|on closer|looking again|double check|rechecking|in reality|"
        "though|edit|seriously|just kidding|joking aside|jokes aside"
    ),
    "不对|等等|等一下|更正|纠正|修正|说错|错了|重新|其实|实际上|事实上|改为|改选|改成|但|却|不过|"
    "然而|而是|仔细|再看|再想|抱歉|看错|读错|搞错|不好意思",
)
RETRACTS_EN = _any(
    "(?:that|this|it) (?:is|was|s) (?:all )?(?:wrong|incorrect|not right|a mistake|an error|"
    "not correct)|that can t be right|"
    "scratch that|i made an? (?:mistake|error)|my mistake|i take that back|disregard that|ignore that|"
    "i was wrong|that isn t right|i am no longer sure|no that s not right|forget that"
)
UNDECIDED_EN = _any(
    "(?:will|can|could|do|would) not (?:commit|decide|choose|settle|pick|(?:say|tell) (?:which|whether|if))|"
    "(?:won|can|couldn|don|wouldn) t (?:commit|decide|choose|settle|pick|(?:say|tell) (?:which|whether|if))|"
    "(?:unable|not able) to (?:commit|decide|choose|settle|pick)|"
    "go(?:ing)? back and forth|(?:refuse|decline) to (?:commit|choose|pick|answer)|"
    "impossible to (?:decide|choose|pick|say which|tell which)|"
    "rather not (?:choose|commit|say|answer|pick|guess)|"
    "a coin[ -]flip|a coin[ -]toss|a toss[ -]?up|torn between"
)
"""Said of the whole question: no answer stands before it."""
UNDECIDED_ZH = (
    "拿不准|两个都有可能|都有可能(?:对|正确)?(?=[。!！]|$)|(?:无法|不能)(?:给出|得出)(?:确定|唯一)?的?答案|无法(?:决定|选择|作答|取舍|确定选哪)|不能(?:决定|作答)|"
    "难以(?:抉择|取舍|决定)|不做选择|拿不定主意"
)
RETRACTS_ZH = "不对|错了|说错了|我错了|写错了|算错了|我收回|搞错了|弄错了|不是这个|答错了"
ALSO = (_any("also|too|as well|equally|likewise|so is|so does"), "也(?!就是|即)|同样|都|均")
