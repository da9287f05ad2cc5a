"""Writers of contact details: names, e-mails, telephones, addresses, IP addresses, browsers.

A cell is a function of an entity and a style: rows with the same entity and style have the same cell. All of it is invented
from short lists of common words.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vigie.simulator.cases.latent_table import CellWriter, ColumnSpec, LatentTable
from vigie.simulator.sampling import Ints

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


def mix(ids: Ints, salt: int, modulus: int) -> Ints:
    """Map identifiers evenly to `modulus` values; equal identifiers and salts give equal values."""
    x = ids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(salt * 0x632BE59B + 1)
    x ^= x >> np.uint64(29)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(32)
    return np.asarray(x % np.uint64(modulus), np.int64)


def _word(words: tuple[str, ...], ids: Ints, salt: int) -> pl.Series:
    return pl.Series(words)[mix(ids, salt, len(words))]


def _glue(pattern: str, *parts: pl.Series | Ints) -> pl.Series:
    return pl.select(pl.format(pattern, *(pl.Series(p) for p in parts))).to_series()


def _styled(usual: pl.Series, style: Ints, **others: Callable[[], pl.Series]) -> pl.Series:
    for name, write in others.items():
        chosen = style == int(name[1:])
        if chosen.any():
            usual = write().zip_with(pl.Series(chosen), usual)
    return usual


def first_name(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write a given name."""
    return _word(tuple(w.capitalize() for w in _FIRST), table.entity_ids("person"), 1)


def last_name(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write a family name."""
    return _word(tuple(w.capitalize() for w in _LAST), table.entity_ids("person"), 2)


def full_name(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write a given name and a family name."""
    return _glue("{} {}", first_name(table, column), last_name(table, column))


def email(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write an e-mail address: 0 person's name, 1 name and three digits, 2 gibberish, 3 word and counter, 4 disposable domain, 5 test."""
    ids, style = table.entity_ids("email"), table.style("email")
    first, last, year = _word(_FIRST, ids, 1), _word(_LAST, ids, 2), mix(ids, 4, 60) + 40
    letters, tests = tuple("bcdfghjklmnpqrstvwxz"), ("test", "temp", "none", "asdf")
    word = str(table.rng.choice(("user", "winner", "info", "john", "new", "maria")))
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
    work = mix(ids, 6, 100) < 100 * table.parameters.setdefault("work mail", float(table.rng.uniform(0, 0.6)))
    domain = _glue("{}{}.com", _word(_LAST, ids, 7), _word(("", "group", "-co", "corp"), ids, 8))
    domain = domain.zip_with(pl.Series(work), _word(_FREE, ids, 9))
    return _glue("{}@{}", local, _styled(domain, style, _4=lambda: _word(_ODD, ids, 10)))


def phone(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write a telephone number: 0 valid, 1 invalid (too short, one digit repeated), 2 out of a block of consecutive numbers."""
    ids, style = table.entity_ids("phone"), table.style("phone")
    pattern, wrong = (
        str(table.rng.choice(_PHONES)),
        ("0000000000", "1111111111", "12345", "9999999999", "555"),
    )
    head = np.where(style == 2, 417, mix(ids, 31, 800) + 200)
    tail = pl.Series(np.where(style == 2, ids % 10_000, mix(ids, 32, 10_000)) + 10_000)
    usual = _glue(pattern, head, tail.cast(pl.String).str.slice(1))
    return _styled(usual, style, _1=lambda: _word(wrong, ids, 33))


def address(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write an address: 0 number and street, 1 not a residence, 2 consecutive numbers of one street."""
    ids = table.entity_ids("address")
    street, way, number = _word(_STREETS, ids, 41), _word(_WAYS, ids, 42), mix(ids, 43, 2000) + 1
    usual = _glue("{} {} {}", number, street, way)
    if table.rng.random() < 0.3:
        flat = _glue("{} {} {} Apt. {}", number, street, way, mix(ids, 44, 90) + 1)
        usual = flat.zip_with(pl.Series(mix(ids, 45, 4) == 0), usual)
    row = str(table.rng.choice(_STREETS))
    return _styled(
        usual,
        table.style("address"),
        _1=lambda: _glue("{} {}", _word(_NOWHERE, ids, 46), mix(ids, 47, 99)),
        _2=lambda: _glue("{} " + row + " Street", ids % 500),
    )


def ip(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write an IP address: 0 the customer's own, 1 any, 2 and above one shared range each."""
    ids, style = table.entity_ids("ip"), table.style("ip")
    near = mix(ids, 51, int(table.parameters.setdefault("networks", float(table.rng.integers(3, 60)))))
    anywhere, shared = style == 1, style > 1
    a = np.where(shared, 185, np.where(anywhere, mix(ids, 54, 200), mix(near, 52, 180)) + 20)
    b = np.where(shared, style % 256, np.where(anywhere, mix(ids, 55, 256), mix(near, 53, 256)))
    c = np.where(shared, style // 2 % 256, mix(ids, 56, 256))
    return _glue("{}.{}.{}.{}", a, b, c, mix(ids, 57, 254) + 1)


def user_agent(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write a user agent: 0 a current browser, 1 an obsolete one, 2 a program, 3 one and the same build."""
    ids = table.entity_ids("device")
    pattern = "Mozilla/5.0 ({}) AppleWebKit/537.36 Chrome/{}.0.{} Safari/537.36"
    usual = _glue(pattern, _word(_SYSTEMS, ids, 62), mix(ids, 63, 14) + 98, mix(ids, 64, 40) + 4600)
    return _styled(
        usual,
        table.style("user_agent"),
        _1=lambda: _glue(pattern, _word(_OLD, ids, 61), mix(ids, 63, 30) + 5, mix(ids, 64, 40) + 4600),
        _2=lambda: _word(_PROGRAMS, ids, 65),
        _3=lambda: _glue(pattern, ids * 0 + 97, ids * 0 + 97, ids * 0 + 4692).str.replace("97", _SYSTEMS[0]),
    )


def code(prefix: str) -> CellWriter:
    """Return a writer of opaque identifiers of the column's entity."""

    def cells(table: LatentTable, column: ColumnSpec) -> pl.Series:
        ids = table.entity_ids(column.score_key)
        return _glue(prefix + "{}", mix(ids, 71, 90_000_000) + 10_000_000)

    return cells


def zip_code(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write the zip code of the place."""
    text = pl.Series(mix(table.entity_ids("place"), 81, 98_000) + 101_000).cast(pl.String).str.slice(1)
    return text if table.rng.random() < 0.7 else text.cast(pl.Int64)


def state(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write the state of the place."""
    return _word(_STATES, table.entity_ids("place"), 82)


def city(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write the city of the place."""
    return _word(_CITIES, table.entity_ids("place"), 83)


CONTACTS: tuple[ColumnSpec, ...] = (
    ColumnSpec("first_name", "first name, given name | prenom | nombre | primeiro nome", "person_name", first_name, probability=0.15, score_of="person"),
    ColumnSpec("last_name", "last name, surname | nom famille, nom | apellido | sobrenome", "person_name", last_name, probability=0.15, score_of="person"),
    ColumnSpec("full_name", "", "person_name", full_name, probability=0.1, score_of="person"),
    ColumnSpec("email", "", "email", email, probability=0.3),
    ColumnSpec("phone", "", "phone", phone, probability=0.3),
    ColumnSpec("address", "", "address", address, probability=0.25),
    ColumnSpec("ip", "", "ip", ip, probability=0.25),
    ColumnSpec("user_agent", "", "user_agent", user_agent, probability=0.2),
    ColumnSpec("device", "", "device", code("dev-"), probability=0.2),
    ColumnSpec("place", "", "zip", zip_code, (30, 3000), probability=0.3),
    ColumnSpec("state", "", "region", state, probability=0.2, score_of="place"),
    ColumnSpec("city", "", "city", city, probability=0.15, score_of="place"),
)  # fmt: skip


def household(table: LatentTable, rows: NDArray[np.intp]) -> None:
    """Households: two to four persons with one address and network, often one device or telephone."""
    for key in ("address", "ip", "device", "phone", "place"):
        if table.rng.random() < (0.9 if key in ("address", "ip", "place") else 0.4):
            ids, groups = table.entity_ids(key), np.arange(len(rows)) // int(table.rng.integers(2, 5))
            ids[rows] = ids[rows][np.searchsorted(groups, groups)]


def office(table: LatentTable, rows: NDArray[np.intp]) -> None:
    """Offices, schools and carriers: many persons with a few IP addresses and identical devices."""
    ids = table.entity_ids("ip")
    width = max(5, len(rows) // int(table.rng.integers(1, 6)))
    ids[rows] = ids[rows][np.arange(len(rows)) // width * width]
    table.set_style(rows, "user_agent", 3, 0.6)
    table.affected.discard("user_agent")


def returning(table: LatentTable, rows: NDArray[np.intp]) -> None:
    """Returning customers: the same person, telephone, network and address as in an earlier row."""
    if len(rows):
        earlier = table.rng.choice(rows, len(rows))
        for key in ("person", "email", "phone", "address", "ip", "device", "place", "policy"):
            ids = table.entity_ids(key)
            ids[rows] = ids[earlier]
