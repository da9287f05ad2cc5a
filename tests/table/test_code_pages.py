"""Code pages are recognised by the letters of their languages, or refused; never text in the wrong letters."""

from __future__ import annotations

from pathlib import Path

import pytest

from vigie.errors import UnreadableTable
from vigie.table import read
from vigie.table.code_pages import code_page
from vigie.table.options import ReadOptions

TEXTS = [
    ("cp1252", "Date;Bénéficiaire;Libellé;Débit\nPaiement été;Règlement;1;2\n"),
    ("cp1252", "N°Client;Libellé;x;y\nn°C12;Reçu à l’été;1;2\n"),
    ("cp1252", "Fecha;Descripción;Año;Nº\nPeluquería Muñoz;Transacción;Málaga;1\n"),
    ("cp1252", "Data;Descrição;Ação;Valor\nCartão de crédito;São Paulo;Pagamento à vista;1\n"),
    ("cp1252", "Buchungstag;Empfänger;Betrag €;x\nMüller;Straße;Größe;1\n"),
    ("cp1252", "DÉBIT;CRÉDIT;LIBELLÉ;x\nACHAT MARCHÉ;1;2;3\n"),
    ("cp1252", "prix;températures;x;y\n5 €;12 °C;«oui»;1\n"),
    ("cp1250", "Datum;Zákazník;Příjemce;Částka\nPřevod žlutý;Platba šek;1;2\n"),
    ("cp1250", "Data;Odbiorca;Kwota;Tytuł\nPłatność kartą;Przelew własny;Łódź;1\n"),
    ("cp852", "Datum;Zákazník;Příjemce;Částka\nPřevod žlutý;Platba šek;1;2\n"),
    ("cp1251", "Дата;Клиент;Получатель;Сумма\nОплата;Перевод;1;2\n"),
    ("koi8_r", "Дата;Клиент;Получатель;Сумма\nОплата;Перевод;1;2\n"),
    ("cp866", "Дата;Клиент;Получатель;Сумма\nОплата;Перевод;1;2\n"),
    ("cp1254", "Tarih;Müşteri;Alıcı;Tutar\nÖdeme işlemi;1;2;3\n"),
    ("cp1253", "Ημερομηνία;Πελάτης;Ποσό;x\nΠληρωμή;1;2;3\n"),
    ("cp850", "Date;Bénéficiaire;Libellé;Débit\nPaiement été;Règlement;1;2\n"),
    ("cp437", "Date;Bénéficiaire;Libellé;Débit\nPaiement été;Règlement;1;2\n"),
    ("mac_roman", "Date;Bénéficiaire;Libellé;Débit\nPaiement été;Règlement;1;2\n"),
    ("gbk", "日期;客户;金额;类型\n付款;转账;1;2\n"),
    ("big5", "日期;客戶;金額;類型\n付款;轉帳;1;2\n"),
    ("shift_jis", "日付;顧客;金額;カード\n支払い;振込;1;2\n"),
    ("euc_kr", "날짜;고객;금액;유형\n결제;이체;1;2\n"),
    ("cp1256", "التاريخ;العميل;المبلغ;x\nدفع;1;2;3\n"),
]


@pytest.mark.parametrize(("encoding", "text"), TEXTS, ids=lambda value: value[:12].strip())
def test_the_letters_are_those_that_were_written(tmp_path: Path, encoding: str, text: str) -> None:
    """A file in a code page comes back in its own letters, with and without its name."""
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode(encoding))
    expected = [tuple(line.split(";")) for line in text.splitlines()]
    for options in (ReadOptions(), ReadOptions(encoding=encoding)):
        table = read(path, options=options)
        assert [tuple(table.frame.columns), *table.frame.rows()] == expected


def test_no_code_page_explains_noise(tmp_path: Path) -> None:
    """What no language explains is refused, with the option that says the encoding."""
    noise = bytes(range(0x80, 0x100)) * 3
    assert code_page(noise) is None
    path = tmp_path / "t.csv"
    path.write_bytes(b"a;b\n" + noise + b";1\n")
    with pytest.raises(UnreadableTable, match="unknown encoding") as caught:
        read(path)
    assert "--encoding" in caught.value.hint
