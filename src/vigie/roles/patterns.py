"""Patterns of texts: IP addresses, e-mails, phone numbers, codes, names, sentences."""

from __future__ import annotations

import re
from collections.abc import Callable

from vigie.roles.name_lexicon import word_set
from vigie.roles.ordinal import DAY_PARTS, fold
from vigie.table.parsing.months import month_of

_IP = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}(?:/\d+)?|(?=.*::|(?:[^:]*:){7})[0-9a-fA-F:]{3,39}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_HANDLE = re.compile(r"[^@\s]+@[^@\s.]+|@[^@\s]+")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_HASH = re.compile(r"(?=.*\d)[0-9a-fA-F]{16,128}")
_AGENT = re.compile(
    r"(?:Mozilla|Opera|Dalvik|okhttp|curl|Wget|PostmanRuntime|python-requests|[A-Z]\w+)/\d+\.\d.*"
)
_PHONE = re.compile(r"(?=(?:\D*\d){8,18}\D*$)\+?[\d(][\d\s().x-]{6,28}")
_ZIP = re.compile(r"\d{4,5}(?:-\d{3,4})?|[A-Z]\d[A-Z] ?\d[A-Z]\d")
_CARD = re.compile(r"(?:\d[ -]?){13,19}")
_CODE = re.compile(r"(?=.*\d)[\w./:*#-]{2,64}")
_CLOCK = re.compile(r"(?:[01]?\d|2[0-4])[:h][0-5]\d(?::[0-5]\d)?(?:\s?[ap]m)?", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_][^\d_]*")

CURRENCIES = word_set(
    """
    USD EUR GBP JPY CHF CAD AUD NZD CNY INR BRL MXN ARS COP CLP PEN UYU XOF XAF MAD DZD TND EGP NGN KES
    GHS ZAR TZS UGX RWF ETB AED SAR TRY RUB PLN CZK HUF RON SEK NOK DKK SGD HKD THB IDR MYR PHP VND KRW
    TWD PKR BDT LKR ILS BTC ETH USDT
    """
)
_COUNTRIES = word_set(
    """
    US FR GB UK ES PT BR MX AR CO CL PE DE IT BE NL CH CA AU NZ JP CN IN NG KE GH ZA TZ UG RW SN CI ML
    BF CM MA DZ TN EG AE SA TR RU PL CZ HU RO SE NO DK FI IE AT GR SG HK TH ID MY PH VN KR TW PK BD LK
    IL UA LU USA FRA GBR ESP PRT BRA MEX ARG COL DEU ITA NGA KEN GHA ZAF SEN CIV MAR
    """
)
_COUNTRY_NAMES = word_set(
    """
    france spain germany italy portugal brazil mexico argentina nigeria kenya ghana senegal canada china
    india japan belgium switzerland morocco tunisia algeria espagne allemagne italie bresil mexique
    maroc tunisie algerie belgique suisse espana alemania brasil alemanha espanha franca australia
    russia usa uk uae turkey turquie turquia pakistan bangladesh indonesia vietnam thailand philippines malaysia
    singapore ukraine poland pologne polonia romania roumanie hungary greece grece ireland irlande netherlands
    sweden norway finland denmark austria autriche colombia colombie chile chili peru perou venezuela ecuador
    israel egypt egypte uruguay paraguay bolivia panama cuba iran iraq lebanon liban qatar ghana ethiopia
    """
)
_DAYS = word_set(
    """
    monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun lundi mardi
    mercredi jeudi vendredi samedi dimanche lunes martes miercoles jueves viernes sabado domingo segunda
    terca quarta quinta sexta lun mar mer jeu ven sam dim segunda-feira terca-feira quarta-feira
    quinta-feira sexta-feira thur thurs tues
    """
)


_STATES = word_set(
    """
    AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC
    ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC
    """
)


def _is_card_number(text: str) -> bool:
    """Return whether a text is a number with the check digit of payment cards.

    Source: Luhn algorithm, ISO/IEC 7812-1, annex B.
    """
    if not _CARD.fullmatch(text):
        return False
    digits = [int(c) for c in reversed(text) if c.isdigit()]
    doubled = [sum(divmod(2 * d, 10)) for d in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _in_list(words: frozenset[str], fold: Callable[[str], str]) -> Callable[[str], bool]:
    return lambda text: fold(text) in words


_FIRST_CELLS = 6
"""A pattern that none of the first cells has is not tried on the others."""
_LISTED_WORDS = frozenset({"day_part", "state", "currency", "country", "weekday", "month"})
# Pattern, test of a text, and the share of the texts that must pass it; the first that holds is taken.
_TESTS: tuple[tuple[str, Callable[[str], object], float], ...] = (
    ("ip", _IP.fullmatch, 0.8),
    ("email", _EMAIL.fullmatch, 0.8),
    ("handle", _HANDLE.fullmatch, 0.8),
    ("uuid", _UUID.fullmatch, 0.8),
    ("card", _is_card_number, 0.95),
    ("hash", _HASH.fullmatch, 0.8),
    ("user_agent", _AGENT.fullmatch, 0.8),
    ("clock", _CLOCK.fullmatch, 0.8),
    ("phone", _PHONE.fullmatch, 0.8),
    ("weekday", _in_list(_DAYS, str.lower), 0.8),
    ("day_part", lambda text: fold(text) in DAY_PARTS, 0.8),
    ("month", month_of, 0.8),
    ("state", _in_list(_STATES, str), 0.95),
    ("currency", _in_list(CURRENCIES, str.upper), 0.5),
    ("country", _in_list(_COUNTRIES, str), 0.5),
    ("country", _in_list(_COUNTRY_NAMES, str.lower), 0.5),
    ("zip", _ZIP.fullmatch, 0.9),
    ("digits", str.isdigit, 0.8),
    ("code", _CODE.fullmatch, 0.8),
)


def common_pattern(texts: list[str]) -> str:
    """Return the pattern that most texts have; empty where they have none in common.

    One of `ip email handle uuid hash user_agent clock phone weekday day_part month currency country state card zip digits code words prose`.
    """
    cells = [text.strip() for text in texts if text.strip()]
    if not cells:
        return ""
    lettered = any(cell[0].isalpha() for cell in cells[:_FIRST_CELLS])
    for pattern, test, min_share in _TESTS:
        if pattern in _LISTED_WORDS and not lettered:
            continue
        if any(map(test, cells[:_FIRST_CELLS])) and sum(
            bool(test(cell)) for cell in cells
        ) >= min_share * len(cells):
            return pattern
    if sum(cell.count(" ") for cell in cells) >= 4 * len(cells):
        return "prose"
    return "words" if sum(bool(_WORDS.fullmatch(cell)) for cell in cells) >= 0.8 * len(cells) else ""
