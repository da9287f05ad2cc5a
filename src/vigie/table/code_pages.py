"""Which code page a text that is not UTF-8 is written in, from the letters that its languages have.

The detector, made for prose, proposes one. A code page is believed where the letters beyond ASCII are those of one language,
within words and in the case of their neighbours; where the proposal is not, the best of all is taken, or none.
"""

from __future__ import annotations

import codecs
import re

import chardet

_LATIN = {
    "fr": "àâæçéèêëîïôœùûüÿ",
    "es": "áéíñóúü",
    "pt": "ãâáàçéêíõóôúü",
    "de": "äöüß",
    "it": "àèéìíòóùú",
    "nl": "éëïöüáó",
    "da": "åæøéöäü",
    "sv": "åäöéü",
    "ca": "àçéèíïóòúü",
}
_CENTRAL = {
    "pl": "ąćęłńóśźż",
    "cs": "áčďéěíňóřšťúůýž",
    "sk": "áäčďéíĺľňóôŕšťúýž",
    "hu": "áéíóöőúüű",
    "ro": "ăâîşţșț",
    "hr": "čćđšž",
    "de": "äöüß",
}
_CYRILLIC = {
    "ru": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "uk": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "sr": "абвгдђежзијклљмнњопрстћуфхцчџш",
}
_TURKISH = {"tr": "çğıöşüâî"}
_GREEK = {"el": "αάβγδεέζηήθιίϊΐκλμνξοόπρσςτυύϋΰφχψωώ"}
_HAN = r"[\u4e00-\u9fff\u3001\u3002\uff01-\uff5e]"
# In the order of preference: where two explain a text as well, the first is taken.
_CODE_PAGES: tuple[tuple[str, dict[str, str] | str], ...] = (
    ("cp1252", _LATIN), ("cp1250", _CENTRAL), ("cp1251", _CYRILLIC), ("cp1254", _TURKISH), ("cp1253", _GREEK),
    ("cp850", _LATIN), ("mac_roman", _LATIN), ("cp852", _CENTRAL), ("cp866", _CYRILLIC), ("koi8_r", _CYRILLIC),
    ("cp1255", r"[\u05d0-\u05ea]"), ("cp1256", r"[\u0621-\u064a]"),
    ("shift_jis", r"[\u3041-\u30ff\u4e00-\u9fff\u3001\u3002\uff01-\uff5e]"), ("euc_kr", r"[\uac00-\ud7a3]"),
    ("gb18030", _HAN), ("big5", _HAN), ("iso8859_2", _CENTRAL),
)  # fmt: skip
_SUBSETS = {
    "iso8859-1": "cp1252", "iso8859-15": "cp1252", "iso8859-7": "cp1253", "iso8859-8": "cp1255", "iso8859-9": "cp1254",
    "gb2312": "gb18030", "gbk": "gb18030", "cp932": "shift_jis", "cp949": "euc_kr",
}  # fmt: skip
"""Code pages that differ from one of the above in hardly any letter."""
_SYMBOLS = set("€£¥§°«»“”„‘’–—…•·ºª²³±×÷©®™¿¡µ¢\u00a0\u200b₤₣№")
_WORD = re.compile(r"[^\W\d_]+")
_LAST_LATIN = "\u036f"
_LEAST_SHARE = 0.9
_WESTERN = "cp1252"
_SAMPLE = 200_000
_DETECTED = 65_536
"""Bytes that the detector sees: more tell it nothing new."""


def _proposal(name: str) -> str | None:
    """Return one of the code pages by the detector's name for it."""
    try:
        known = codecs.lookup(name).name
    except LookupError:
        return None
    wanted = codecs.lookup(_SUBSETS.get(known, known)).name
    return next((page for page, _ in _CODE_PAGES if codecs.lookup(page).name == wanted), None)


def code_page(data: bytes) -> str | None:
    """Return Python's name of the code page of a text; None where none explains it.

    Args:
        data: lines of the text that are not ASCII.
    """
    scores = {name: _score(data[:_SAMPLE], name, letters) for name, letters in _CODE_PAGES}
    best = max(scores, key=lambda name: scores[name])
    proposed = _proposal(chardet.detect(data[:_DETECTED])["encoding"] or "")
    # A few Western letters are also letters of Central Europe: what is read more often wins.
    if proposed is not None and (best != _WESTERN or scores[proposed] > scores[best]):
        best = proposed if scores[proposed] >= _LEAST_SHARE else best
    return best if scores[best] >= _LEAST_SHARE else None


def _score(data: bytes, encoding: str, letters: dict[str, str] | str) -> float:
    """Return the share of the characters beyond ASCII that are letters of one language in their place."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        # The sample may end within a character.
        if error.start < len(data) - 4:
            return 0.0
        text = data[: error.start].decode(encoding)
    beyond = [c for c in text if not c.isascii() and c not in _SYMBOLS]
    symbols = sum(1 for c in text if c in _SYMBOLS)
    if not beyond:
        return 1.0 if symbols else 0.0
    if isinstance(letters, str):
        return len(re.findall(letters, text)) / len(beyond)
    wrong = _misplaced(text)
    best = max(sum(c.lower() in alphabet for c in beyond) for alphabet in letters.values())
    return (best - wrong) / len(beyond)


def _misplaced(text: str) -> int:
    """Return how many letters beyond ASCII have not the case or the script of their word, or are symbols within one."""
    wrong = sum(1 for place in range(1, len(text) - 1) if _splits_word(text, place))
    for word in _WORD.findall(text):
        rest = word[1:]
        foreign = [c for c in word if c > _LAST_LATIN]
        if foreign and (len(foreign) < len(word) or (word[0].islower() and len(rest) > 1 and rest.isupper())):
            wrong += len(foreign)
            continue
        if rest.isascii() or rest.islower() or rest.isupper():
            continue
        lower = sum(c.islower() for c in rest)
        wrong += sum(not c.isascii() and c.isupper() == (lower * 2 > len(rest)) for c in rest)
    return wrong


def _splits_word(text: str, place: int) -> bool:
    before, symbol, after = text[place - 1], text[place], text[place + 1]
    if symbol in "°º" and before in "nN":  # n°B12, a number
        return False
    return symbol in _SYMBOLS - set("’'·\u00a0") and before.isalpha() and after.isalpha()
