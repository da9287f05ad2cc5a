"""People, e-mails, telephones, addresses, ips, browsers: the cells that say who somebody is and where from.

A cell is a function of an identifier and a style: rows with one identifier and style have one cell. What is written here is
invented from short lists of common words; it resembles nobody on purpose.
"""

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vigie.simulator.engine.latent_rows import Case, Cells, Field

Ids = NDArray[np.int64]

_FIRST = tuple("james mary ahmed fatou maria jose wei anna paul marie jean aminata kofi luis carlos sofia emma noah olivia liam lucas chloe ines pedro joao ana rahul priya yuki chen ivan olga moussa awa ibrahim david sarah laura kevin nadia".split())  # fmt: skip  # noqa: SIM905
_LAST = tuple("smith johnson martin diallo garcia silva santos chen wang kumar patel dubois ndiaye traore lopez fernandez pereira costa muller rossi novak brown davis wilson moreau bernard toure mensah okafor adeyemi nguyen tran kim park ivanova kowalski jensen oliveira".split())  # fmt: skip  # noqa: SIM905
_STREETS = tuple("Oak,Maple,Church,High,Station,Victor Hugo,de la Paix,Mayor,Real,Lincoln,Washington,Park,Mill,Lake,Hill,Flores,Independence,Liberty,River,Garden".split(","))  # fmt: skip  # noqa: SIM905
_WAYS = ("Street", "Avenue", "Road", "Lane", "Drive", "Court", "Way", "Place")
_FREE = ("gmail.com", "gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "orange.fr", "icloud.com", "live.com")  # fmt: skip
_ODD = ("mailinator.test", "tmpmail.example", "10minutes.example", "trash.example", "inboxfast.example")
_STATES = tuple("CA TX NY FL IL PA OH GA NC MI NJ VA WA AZ MA TN IN MO MD WI".split())  # noqa: SIM905
_CITIES = ("Springfield", "Lyon", "Dakar", "Madrid", "Lisbon", "Porto", "Austin", "Boston", "Lille", "Abidjan", "Bogota", "Recife", "Leeds", "Denver", "Nantes", "Quito")  # fmt: skip
_NOWHERE = ("PO Box", "Test Street", "Unknown", "General Delivery", "Nowhere Road", "No Fixed Address")
_SYSTEMS = ("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64", "iPhone; CPU iPhone OS 16_2 like Mac OS X", "Linux; Android 12", "Windows NT 6.1")  # fmt: skip
_OLD = ("Windows NT 5.1", "Windows 98", "Linux; Android 4.4", "compatible; MSIE 6.0", "X11; Linux i686", "iPod; U; CPU iPhone OS 4_0")  # fmt: skip
_PROGRAMS = ("python-requests/2.28", "curl/7.81", "HeadlessChrome/96.0", "okhttp/3.12")
_PHONES = ("({}) 555-{}", "+1-{}-555-{}", "+33 6 {} {}", "07{}{}", "+221 77 {} {}", "+34-{}-{}")


def mix(ids: Ids, salt: int, modulus: int) -> Ids:
    """Spread identifiers evenly over ``modulus`` values; the same identifier and salt always give the same value."""
    x = ids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(salt * 0x632BE59B + 1)
    x ^= x >> np.uint64(29)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(32)
    return np.asarray(x % np.uint64(modulus), np.int64)


def _word(words: tuple[str, ...], ids: Ids, salt: int) -> pl.Series:
    return pl.Series(words)[mix(ids, salt, len(words))]


def _glue(pattern: str, *parts: pl.Series | Ids) -> pl.Series:
    return pl.select(pl.format(pattern, *(pl.Series(p) for p in parts))).to_series()


def _styled(usual: pl.Series, style: Ids, **others: Callable[[], pl.Series]) -> pl.Series:
    for name, write in others.items():
        chosen = style == int(name[1:])
        if chosen.any():
            usual = write().zip_with(pl.Series(chosen), usual)
    return usual


def first_name(case: Case, spec: Field) -> pl.Series:
    """A given name."""
    return _word(tuple(w.capitalize() for w in _FIRST), case.ids("person"), 1)


def last_name(case: Case, spec: Field) -> pl.Series:
    """A family name."""
    return _word(tuple(w.capitalize() for w in _LAST), case.ids("person"), 2)


def full_name(case: Case, spec: Field) -> pl.Series:
    """A given name and a family name."""
    return _glue("{} {}", first_name(case, spec), last_name(case, spec))


def email(case: Case, spec: Field) -> pl.Series:
    """Styles: 0 the person's name, 1 name and three digits, 2 gibberish, 3 one word and a counter, 4 throw-away domain, 5 test."""
    ids, style = case.ids("email"), case.style("email")
    first, last, year = _word(_FIRST, ids, 1), _word(_LAST, ids, 2), mix(ids, 4, 60) + 40
    letters, tests = tuple("bcdfghjklmnpqrstvwxz"), ("test", "temp", "none", "asdf")
    word = str(case.rng.choice(("user", "winner", "info", "john", "new", "maria")))
    dated = pl.Series(mix(ids, 3, 5) > 1)
    plain = _glue("{}{}{}", first, last, year).zip_with(
        dated, _glue("{}{}{}", first, _word((".", "_", "", "-"), ids, 5), last)
    )
    local = _styled(
        plain,
        style,
        _1=lambda: _glue("{}{}", first, mix(ids, 13, 900) + 100),
        _2=lambda: _glue("{}{}{}{}{}{}", *(_word(letters, ids, 20 + i) for i in range(5)), year),
        _3=lambda: _glue(word + "{}", ids % 10_000),
        _5=lambda: _glue("{}_{}{}", _word(tests, ids, 12), first, year),
    )
    work = mix(ids, 6, 100) < 100 * case.levels.setdefault("work mail", float(case.rng.uniform(0, 0.6)))
    domain = _glue("{}{}.com", _word(_LAST, ids, 7), _word(("", "group", "-co", "corp"), ids, 8))
    domain = domain.zip_with(pl.Series(work), _word(_FREE, ids, 9))
    return _glue("{}@{}", local, _styled(domain, style, _4=lambda: _word(_ODD, ids, 10)))


def phone(case: Case, spec: Field) -> pl.Series:
    """Styles: 0 a number, 1 one that cannot be (too short, one digit repeated), 2 a block of consecutive numbers."""
    ids, style = case.ids("phone"), case.style("phone")
    pattern, wrong = str(case.rng.choice(_PHONES)), ("0000000000", "1111111111", "12345", "9999999999", "555")
    head = np.where(style == 2, 417, mix(ids, 31, 800) + 200)
    tail = pl.Series(np.where(style == 2, ids % 10_000, mix(ids, 32, 10_000)) + 10_000)
    usual = _glue(pattern, head, tail.cast(pl.String).str.slice(1))
    return _styled(usual, style, _1=lambda: _word(wrong, ids, 33))


def address(case: Case, spec: Field) -> pl.Series:
    """Styles: 0 number and street, 1 a place nobody lives at, 2 the same street number after number."""
    ids = case.ids("address")
    street, way, number = _word(_STREETS, ids, 41), _word(_WAYS, ids, 42), mix(ids, 43, 2000) + 1
    usual = _glue("{} {} {}", number, street, way)
    if case.rng.random() < 0.3:
        flat = _glue("{} {} {} Apt. {}", number, street, way, mix(ids, 44, 90) + 1)
        usual = flat.zip_with(pl.Series(mix(ids, 45, 4) == 0), usual)
    row = str(case.rng.choice(_STREETS))
    return _styled(
        usual,
        case.style("address"),
        _1=lambda: _glue("{} {}", _word(_NOWHERE, ids, 46), mix(ids, 47, 99)),
        _2=lambda: _glue("{} " + row + " Street", ids % 500),
    )


def ip(case: Case, spec: Field) -> pl.Series:
    """Styles: 0 a home line, 1 anywhere, 2 and above one shared range each."""
    ids, style = case.ids("ip"), case.style("ip")
    near = mix(ids, 51, int(case.levels.setdefault("networks", float(case.rng.integers(3, 60)))))
    anywhere, shared = style == 1, style > 1
    a = np.where(shared, 185, np.where(anywhere, mix(ids, 54, 200), mix(near, 52, 180)) + 20)
    b = np.where(shared, style % 256, np.where(anywhere, mix(ids, 55, 256), mix(near, 53, 256)))
    c = np.where(shared, style // 2 % 256, mix(ids, 56, 256))
    return _glue("{}.{}.{}.{}", a, b, c, mix(ids, 57, 254) + 1)


def user_agent(case: Case, spec: Field) -> pl.Series:
    """Styles: 0 a browser of today, 1 one nobody uses any more, 2 a program, 3 the same build everywhere."""
    ids = case.ids("device")
    pattern = "Mozilla/5.0 ({}) AppleWebKit/537.36 Chrome/{}.0.{} Safari/537.36"
    usual = _glue(pattern, _word(_SYSTEMS, ids, 62), mix(ids, 63, 14) + 98, mix(ids, 64, 40) + 4600)
    return _styled(
        usual,
        case.style("user_agent"),
        _1=lambda: _glue(pattern, _word(_OLD, ids, 61), mix(ids, 63, 30) + 5, mix(ids, 64, 40) + 4600),
        _2=lambda: _word(_PROGRAMS, ids, 65),
        _3=lambda: _glue(pattern, ids * 0 + 97, ids * 0 + 97, ids * 0 + 4692).str.replace("97", _SYSTEMS[0]),
    )


def code(prefix: str) -> Cells:
    """An opaque identifier of the field's own entity."""

    def cells(case: Case, spec: Field) -> pl.Series:
        ids = case.ids(spec.latent or spec.key)
        return _glue(prefix + "{}", mix(ids, 71, 90_000_000) + 10_000_000)

    return cells


def zip_code(case: Case, spec: Field) -> pl.Series:
    """Five digits that follow the place."""
    text = pl.Series(mix(case.ids("place"), 81, 98_000) + 101_000).cast(pl.String).str.slice(1)
    return text if case.rng.random() < 0.7 else text.cast(pl.Int64)


def state(case: Case, spec: Field) -> pl.Series:
    """The state the zip code lies in."""
    return _word(_STATES, case.ids("place"), 82)


def city(case: Case, spec: Field) -> pl.Series:
    """The city the zip code lies in."""
    return _word(_CITIES, case.ids("place"), 83)


CONTACTS: tuple[Field, ...] = (
    Field("first_name", "first name, given name | prenom | nombre | primeiro nome", "person_name", first_name, odds=0.15, latent="person"),
    Field("last_name", "last name, surname | nom famille, nom | apellido | sobrenome", "person_name", last_name, odds=0.15, latent="person"),
    Field("full_name", "", "person_name", full_name, odds=0.1, latent="person"),
    Field("email", "", "email", email, odds=0.3),
    Field("phone", "", "phone", phone, odds=0.3),
    Field("address", "", "address", address, odds=0.25),
    Field("ip", "", "ip", ip, odds=0.25),
    Field("user_agent", "", "user_agent", user_agent, odds=0.2),
    Field("device", "", "device", code("dev-"), odds=0.2),
    Field("place", "", "zip", zip_code, (30, 3000), odds=0.3),
    Field("state", "", "region", state, odds=0.2, latent="place"),
    Field("city", "", "city", city, odds=0.15, latent="place"),
)  # fmt: skip


def household(case: Case, rows: NDArray[np.intp]) -> None:
    """Families: two to four people behind one address, one line, often one device or telephone."""
    for key in ("address", "ip", "device", "phone", "place"):
        if case.rng.random() < (0.9 if key in ("address", "ip", "place") else 0.4):
            ids, groups = case.ids(key), np.arange(len(rows)) // int(case.rng.integers(2, 5))
            ids[rows] = ids[rows][np.searchsorted(groups, groups)]


def office(case: Case, rows: NDArray[np.intp]) -> None:
    """Employers, schools and carriers: many strangers behind a few ips and identical machines."""
    ids = case.ids("ip")
    width = max(5, len(rows) // int(case.rng.integers(1, 6)))
    ids[rows] = ids[rows][np.arange(len(rows)) // width * width]
    case.restyle(rows, "user_agent", 3, 0.6)
    case.touched.discard("user_agent")


def returning(case: Case, rows: NDArray[np.intp]) -> None:
    """People who come back: the same person, line, telephone and address as in an earlier row."""
    if len(rows):
        earlier = case.rng.choice(rows, len(rows))
        for key in ("person", "email", "phone", "address", "ip", "device", "place", "policy"):
            ids = case.ids(key)
            ids[rows] = ids[earlier]
