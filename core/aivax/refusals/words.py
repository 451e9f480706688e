"""What a refusal means by its words: every server has its own codes and sentences, and the same status for many things.

Meanings are looked for, not known sentences: a code is taken apart into words, and of a message the words that must
stand together are looked for. What is matched was scrubbed before: what people wrote can't choose the cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from core.aivax.refusals.patterns import AnyOf, code_words


class Meaning(StrEnum):
    """What a refusal is about, whatever its status."""

    BALANCE = "balance"
    QUOTA = "quota"
    """Used up: of money where nothing else speaks of a rate."""
    CAP = "cap"
    """A ceiling of the account's or the model's use, that is lifted at a fixed time: AIVAX' `INFERENCE_CAP_ERROR`."""
    RATE = "rate"
    KEY = "key"
    FORBIDDEN = "forbidden"
    MODEL = "model"
    CONTENT = "content"
    """A filter, or a moderator, takes offence at the question."""
    MEDIA = "media"
    """The model, or the server, reads no pictures, sounds or documents, or not this one."""
    ADDRESS = "address"
    """There is no such route: the base address leads elsewhere."""
    REQUEST = "request"
    OUTAGE = "outage"


_CODES: dict[Meaning, AnyOf] = {
    Meaning.CAP: AnyOf(r"inference_cap(?:_.*)?"),
    Meaning.BALANCE: AnyOf(
        r".*insufficient_(?:\w+_)?(?:quota|balance|credits?|funds?)",
        r".*(?:quota|balance|credits?|funds?)_(?:not_enough|insufficient|too_low|depleted|exhausted|empty)",
        r"billing_(?!address).*|payment_required|.*out_of_credits?|no_credits?.*",
        r".*exceeded_current_quota.*|pre_consume_token_quota_failed",
        r"arrearage|.*overdue.*|.*budget_exceeded.*|.*exceeded_budget.*|spend(?:ing)?_limit.*",
    ),
    Meaning.RATE: AnyOf(
        r".*rate_?limit.*|.*rate_(?:quota|exceeded).*|too_many_requests.*|resource_exhausted|.*throttl.*",
        r".*concurrency_?(?:limit|exceeded).*|limit_(?:requests|tokens|burst).*|requests?_limit.*|quota_exceeded",
        r".*usage_limit.*",
    ),
    Meaning.KEY: AnyOf(
        r".*(?:invalid|incorrect|wrong|missing|no|bad|expired|revoked|disabled)_(?:\w+_)?(?:api_?keys?|access_key"
        r"|auth\w*|credentials?|(?:access_|bearer_|auth_)?token|key)",
        r".*(?:api_?key|access_key|auth_token|access_token|^token|^key)_(?:\w+_)?"
        r"(?:invalid|incorrect|expired|missing|revoked|disabled|not_found|not_valid)",
        r"auth(?:entication)?_?(?:error|fail\w*|required)|un_?authori[sz]ed.*|unauthenticated|account_deactivated",
    ),
    Meaning.FORBIDDEN: AnyOf(
        r".*permission_(?:denied|error).*|(?:access_)?forbidden|.*access_denied|.*not_allowed|unsupported_country.*|access_terminated.*"
    ),
    Meaning.MODEL: AnyOf(
        r"(?:.*_)?(?:model|gateway|deployment|engine)s?_(?:is_)?(?:not_(?:found|exist\w*|available|supported)"
        r"|unknown|invalid|does_not_exist)(?:_error)?",
        r"(?:unknown|invalid|unsupported|no_such|missing)_(?:model|gateway|deployment|engine)(?:_\w+)?",
    ),
    Meaning.CONTENT: AnyOf(
        r".*content_?(?:filter|policy|moderation).*|.*moderation.*|data_inspection_failed|.*policy_violation.*",
        r"(?:.*_)?sensitive(?:_.*)?|.*safety.*|prompt_blocked|flagged.*",
    ),
    Meaning.REQUEST: AnyOf(
        r".*invalid_(?:request|argument|param|input|value|type).*|bad_request.*|unprocessable.*|validation.*",
        r"unsupported_.*|missing_required.*|unknown_param.*|string_.*|array_.*|integer_.*|.*_error_400",
    ),
    Meaning.OUTAGE: AnyOf(
        r".*overload.*|.*unavailable.*|.*server_error.*|internal.*|.*timeout.*|.*timed_out|.*capacity.*"
        r"|provider_error|.*upstream.*"
    ),
}

_MESSAGES: dict[Meaning, AnyOf] = {
    Meaning.BALANCE: AnyOf(
        r"(?:insufficient|not enough|no (?:more |remaining )?|out of|run out of|low on"
        r"|(?:doesn't|don't|do not|does not) have (?:any|enough|sufficient)) ?(?:\w+ ){0,3}?"
        r"(?:balance|funds?|credits?|money|quota)\b",
        r"(?:balance|credits?|funds)\b.{0,30}?\b(?:too low|insufficient|not enough|depleted|exhausted|used up|negative"
        r"|overdue|ran out)",
        r"(?:used|spent|exhausted|depleted|consumed|exceeded) (?:all |up )?(?:of )?(?:your |the |its )?(?:\w+ ){0,3}?"
        r"credits?\b",
        r"\bquota\b.{0,20}?\b(?:not enough|insufficient|used up)",
        r"requires? (?:more|additional) credits|payment (?:is )?required|unpaid (?:invoice|bill)|(?:in|into) arrears"
        r"|overdue (?:payment|balance|invoice)",
        r"(?:billing|spend(?:ing)?|budget)(?: hard)?(?: limit)? (?:has been |was |is |limit )?(?:exceeded|reached)"
        r"|(?:exceeded|reached|over)(?: \w+){0,3}? (?:budget|spend(?:ing)? limit|billing (?:hard )?limit)",
        r"余额不足|额度不足|额度已用尽|欠费|配额不足|请充值|余额已用完",
    ),
    Meaning.QUOTA: AnyOf(
        r"\bquota\b.{0,80}?\b(?:billing|account balance|recharge)|exceeded (?:your |the )?(?:current |monthly )?quota"
    ),
    Meaning.RATE: AnyOf(
        r"\brate[ -]?limit|\btoo many (?:concurrent )?requests|\b(?:requests|tokens|calls|queries) per "
        r"(?:second|minute|hour|day)",
        r"\bper[ -](?:second|minute|hour|day)\b|\b(?:rpm|tpm|rpd|tpd|qps|qpm)\b|\bthrottl",
        r"\b(?:retry|try again) (?:in|after) \d|请求(?:过于频繁|频率|速率)|限流",
    ),
    Meaning.KEY: AnyOf(
        r"(?:invalid|incorrect|expired|missing|wrong|bad|no|revoked|unknown)(?: or (?:\w+ )?(?:missing|invalid|expired)"
        r"| \w+){0,2}? (?:api[ _-]?keys?|auth(?:entication|orization)?\b|credentials?|(?:access|bearer|auth) token"
        r"|subscription key)",
        r"(?:api[ _-]?key|credentials?|(?:access|bearer|auth) token|subscription key|authentication|authorization)\b"
        r".{0,40}?\b(?:invalid|not valid|incorrect|expired|missing|required|revoked|disabled|fails|failed|not found)",
        r"(?:provide|set|supply|pass|obtain)(?: \w+){0,3}? api[ _-]?key|\bunauthori[sz]ed\b|\bnot authenticated\b",
        r"无效的(?:令牌|密钥|api)|令牌.{0,8}(?:过期|无效|不存在|禁用)|(?:api ?key|身份验证).{0,8}(?:无效|错误|失败)",
    ),
    Meaning.FORBIDDEN: AnyOf(
        r"not (?:allowed|permitted|authori[sz]ed) to (?:access|use|call)|does not have access|无权访问",
        r"no access to (?:the |this )?model|permission denied",
    ),
    Meaning.MODEL: AnyOf(
        r"(?:\bmodels?|\bgateway|\bdeployment|\bengine|模型)\b.{0,60}?(?:\bnot (?:be )?(?:found|exist)|n't exist"
        r"|n't found|\bnot a valid model|不存在)",
        r"(?:unknown|invalid|no such|unrecogni[sz]ed|non-?existent|not find|can't find|couldn't find) "
        r"(?:the |any |a )?(?:model|gateway|deployment|engine)\b",
        r"not a valid model|try pulling it|no models? (?:is |are )?(?:loaded|specified|provided)",
    ),
    Meaning.CONTENT: AnyOf(
        r"content (?:filter|management|policy|moderation|exists risk)|requires moderation|was flagged|safety system"
        r"|usage polic|敏感|违规"
    ),
    Meaning.MEDIA: AnyOf(
        r"\b(?:images?|vision|audio|video|pdfs?|documents?|multi-?modal)\b(?: \w+){0,4}? (?:is|are|was|were)"
        r"(?:n't| not)(?: currently)? (?:supported|accepted|allowed|enabled)",
        r"(?:\bnot|n't|\bno \w+ found that) (?:support|accept|process|handle|read)(?: \w+){0,3}? "
        r"(?:images?|vision|audio|video|pdfs?|documents?|multi-?modal)\b",
        r"(?:\bnot|n't) (?:a )?(?:multi-?modal|vision)\b|\bunsupported (?:image|audio|video|document|media|mime)"
        r"|\b(?:image|audio|video|document)s?\b(?: \w+){0,4}? (?:not (?:represent )?(?:a )?valid|unsupported)",
        r"\b(?:could not|couldn't|cannot|can't|unable to|failed to) (?:decode|load|open|process|identify|read)"
        r"(?: \w+){0,3}? (?:image|audio|video|pdf|document)s?\b",
    ),
    Meaning.ADDRESS: AnyOf(
        r"invalid url|unexpected endpoint|no route|route (?:was )?not found|unknown (?:request )?(?:url|route|path"
        r"|endpoint)|unrecogni[sz]ed request url|cannot (?:post|get) /|(?:path|page|endpoint|url|file) not found"
        r"|(?:the )?requested url|no such (?:route|endpoint|path)|http request (?:was sent )?to (?:an? )?https",
        r"^\W*(?:error\W{1,3})?(?:404\W{0,3})?(?:(?:page|resource|file) )?not found\W*$",
    ),
    Meaning.OUTAGE: AnyOf(
        r"overloaded|\bat capacity|capacity exceeded|temporarily unavailable|服务.{0,4}繁忙|负载"
    ),
}


def says(meaning: Meaning, codes: Sequence[str], message: str) -> bool:
    """Whether a code or the message has that meaning."""
    return has_code(meaning, codes) or tells(meaning, message)


def has_code(meaning: Meaning, codes: Sequence[str]) -> bool:
    """Whether one of the codes has that meaning."""
    pattern = _CODES.get(meaning)
    return pattern is not None and any(pattern.fullmatch(code_words(code)) for code in codes)


def tells(meaning: Meaning, message: str) -> bool:
    """Whether the message has that meaning."""
    pattern = _MESSAGES.get(meaning)
    return pattern is not None and pattern.search(message.lower()) is not None
