"""Files: whole, in parts, too large, broken off, mapped, deleted."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from tests.web.conftest import CSV, Installation, csrf, upload

from vigie.errors import TableTooLarge, UsageRefused
from vigie.jobs.context import open_context
from vigie.jobs.retention import delete_expired


def test_a_file_is_inspected_and_described(here: Installation) -> None:
    """Sent, inspected, and its first rows as uploaded."""
    client, ada = here.app.test_client(), here.token("ada")
    sent = upload(here)
    assert client.get(f"/api/v1/uploads/{sent}", headers=ada).get_json()["state"] == "received"
    assert client.get(f"/api/v1/uploads/{sent}/head", headers=ada).status_code == 409
    assert here.work() == 1
    found = client.get(f"/api/v1/uploads/{sent}", headers=ada).get_json()
    assert (found["state"], found["rows"], found["rows_exact"], found["columns"]) == ("ready", 240, True, 4)
    roles = {one["column"]: one["role"] for one in found["inspection"]["roles"]}
    assert roles["amount"] == "amount"
    head = client.get(f"/api/v1/uploads/{sent}/head", headers=ada).get_json()
    assert head["columns"] == ["when", "customer", "amount", "kind"]
    assert head["rows"][1] == CSV.splitlines()[2].split(",")
    assert len(head["rows"]) == 20


def test_parts_make_the_file_in_their_order(make: Callable[..., Installation]) -> None:
    """Out of order, repeated, gone on with after a break: the same bytes arrive."""
    here = make(part_bytes=1024)
    client, ada = here.app.test_client(), here.token("ada")
    started = client.post("/api/v1/uploads", json={"name": "t.csv", "size": len(CSV)}, headers=ada).get_json()
    pieces = [CSV[start : start + 1024].encode() for start in range(0, len(CSV), 1024)]
    where = f"/api/v1/uploads/{started['id']}"
    for number in [3, 1, 1, *range(4, len(pieces) + 1)]:
        answer = client.put(f"{where}/parts/{number}", data=pieces[number - 1], headers=ada)
        assert answer.status_code == 200
    refused = client.post(f"{where}/complete", headers=ada)
    assert refused.status_code == 409
    assert "part 2" in refused.get_json()["detail"]
    received = [part["number"] for part in client.get(where, headers=ada).get_json()["received"]]
    assert received == [1, *range(3, len(pieces) + 1)]
    client.put(f"{where}/parts/2", data=pieces[1], headers=ada)
    assert client.post(f"{where}/complete", headers=ada).get_json()["size"] == len(CSV)
    assert client.post(f"{where}/complete", headers=ada).status_code == 200
    assert client.put(f"{where}/parts/2", data=b"late", headers=ada).status_code == 409
    here.work()
    assert client.get(where, headers=ada).get_json()["rows"] == 240


def test_limits_hold_before_and_during_the_transfer(make: Callable[..., Installation]) -> None:
    """What is announced too large, grows too large, or has no usable name is refused, with what would do."""
    here = make(part_bytes=1000, max_upload_bytes=2500)
    client, ada = here.app.test_client(), here.token("ada")
    reported = client.post("/api/v1/uploads", json={"name": "t.csv", "size": 2501}, headers=ada)
    assert reported.status_code == 413
    assert "2,500" in reported.get_json()["detail"]
    with pytest.raises(TableTooLarge):
        here.services.uploads.receive(here.users["ada"], "t.csv", io.BytesIO(b"x" * 2501))
    started = client.post("/api/v1/uploads", json={"name": "t.csv"}, headers=ada).get_json()["id"]
    assert client.put(f"/api/v1/uploads/{started}/parts/1", data=b"x" * 1001, headers=ada).status_code == 413
    for number in (1, 2):
        assert (
            client.put(f"/api/v1/uploads/{started}/parts/{number}", data=b"x" * 1000, headers=ada).status_code
            == 200
        )
    assert client.put(f"/api/v1/uploads/{started}/parts/3", data=b"x" * 501, headers=ada).status_code == 413
    assert client.put(f"/api/v1/uploads/{started}/parts/0", data=b"x", headers=ada).status_code == 400
    refused = client.post("/api/v1/uploads", json={"name": "t.exe"}, headers=ada)
    assert refused.status_code == 422
    assert ".parquet" in refused.get_json()["detail"]


def test_a_transfer_that_breaks_off_leaves_nothing(here: Installation) -> None:
    """Fewer bytes than announced are not half a table."""
    with pytest.raises(UsageRefused, match="expected 999"):
        here.services.uploads.receive(here.users["ada"], "t.csv", io.BytesIO(b"a,b\n1,2\n"), 999)
    assert here.services.uploads.list_for(here.users["ada"]) == []
    answer = here.app.test_client().put(
        "/api/v1/uploads/content?name=t.csv",
        data=b"a,b\n",
        headers=here.token("ada"),
        environ_overrides={"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"},
    )
    assert answer.status_code == 400
    assert "Content-Length" in answer.get_json()["detail"]


def test_what_is_no_table_is_refused_in_the_command_lines_words(here: Installation) -> None:
    """The upload says why, and cannot be scored."""
    client, ada = here.app.test_client(), here.token("ada")
    sent = upload(here, text=b"\x89PNG\r\n\x1a\n" + b"x" * 50)
    here.work()
    found = client.get(f"/api/v1/uploads/{sent}", headers=ada).get_json()
    assert found["state"] == "refused"
    assert found["error"]["kind"] == "UnreadableTable"
    assert client.post("/api/v1/predictions", json={"upload_id": sent}, headers=ada).status_code == 409


def test_what_was_not_understood_is_on_the_check_page(here: Installation) -> None:
    """Cells without a value and lines set aside are in the inspection and on the page; a role that reads no cell is dropped."""
    client, ada = here.app.test_client(), here.token("ada")
    lines = CSV.splitlines()
    lines[9] = ",".join([*lines[9].split(",")[:2], "see note", lines[9].split(",")[3]])
    sent = upload(here, text="\n".join([*lines, "1,2"]).encode())
    here.work()
    found = client.get(f"/api/v1/uploads/{sent}", headers=ada).get_json()["inspection"]["read"]
    assert found["columns"][0]["unreadable"] == {"count": 1, "first_rows": [9]}
    assert found["set_aside"]["first_lines"] == [len(lines) + 1]
    page = here.browser("ada").get(f"/uploads/{sent}").get_data(as_text=True)
    assert "amount: 1 of 240 cells is not a number" in page
    where = f"/api/v1/uploads/{sent}/mapping"
    assert client.put(where, json={"mapping": {"customer": "amount"}}, headers=ada).status_code == 200
    here.work()
    assert client.get(f"/api/v1/uploads/{sent}", headers=ada).get_json()["state"] == "ready"


def test_a_mapping_is_remembered_for_the_same_columns(here: Installation) -> None:
    """Chosen once, used for this file and the next; a role or column that does not exist is refused."""
    client, ada = here.app.test_client(), here.token("ada")
    first = upload(here)
    here.work()
    where = f"/api/v1/uploads/{first}/mapping"
    assert client.put(where, json={"mapping": {"nope": "amount"}}, headers=ada).status_code == 422
    assert client.put(where, json={"mapping": {"kind": "nope"}}, headers=ada).status_code == 404
    assert client.put(where, json={"mapping": {"kind": "channel"}}, headers=ada).status_code == 200
    here.work()
    for sent in (first, upload(here)):
        here.work()
        found = client.get(f"/api/v1/uploads/{sent}", headers=ada).get_json()
        assert found["mapping"] == {"kind": "channel"}
        assert {one["column"]: one["role"] for one in found["inspection"]["roles"]}["kind"] == "channel"
    assert found["inspection"]["remembered"]
    other = upload(here, "bob")
    here.work()
    assert client.get(f"/api/v1/uploads/{other}", headers=here.token("bob")).get_json()["mapping"] == {}


def test_a_refused_file_is_read_with_options_without_another_upload(here: Installation) -> None:
    """The page of the refusal has the fields; the options are remembered for the next file with these columns."""
    client, ada, browser = here.app.test_client(), here.token("ada"), here.browser("ada")
    noise = "".join(map(chr, range(0xA0, 0x100)))
    data = (
        "\n".join([CSV.splitlines()[0], f"2026-01-01 10:00:00,{noise},1.5,a", *CSV.splitlines()[1:]])
    ).encode("latin-1")
    sent = upload(here, text=data)
    here.work()
    page = browser.get(f"/uploads/{sent}").get_data(as_text=True)
    assert "the field “Encoding”" in page
    hint = client.get(f"/api/v1/uploads/{sent}", headers=ada).get_json()["error"]["hint"]
    assert "`encoding`" in hint
    assert "--" not in hint
    assert 'name="header_row"' in page
    form = {"encoding": "latin-1", "header_row": "", "separator": "", "decimal": ""}
    answer = browser.post(f"/uploads/{sent}/read-options", data=form, headers=csrf(browser))
    assert answer.status_code == 303
    for one in (sent, upload(here, text=data)):
        here.work()
        found = client.get(f"/api/v1/uploads/{one}", headers=ada).get_json()
        assert (found["state"], found["rows"]) == ("ready", 241)
        assert found["read_options"] == {"encoding": "iso8859-1"}
    assert found["inspection"]["options_remembered"]
    run = here.services.predictions.score(here.users["ada"], one)
    here.work()
    assert here.services.predictions.find_finished(here.users["ada"], run.id).summary["rows"] == 241


def test_read_options_are_remembered_with_the_columns_they_lead_to(here: Installation) -> None:
    """Also where the file would be read without them, as another table; what is reset is forgotten."""
    client, ada = here.app.test_client(), here.token("ada")
    text = "a,b,c,d\n" + CSV
    sent = upload(here, text=text)
    here.work()
    where = f"/api/v1/uploads/{sent}/read-options"
    assert client.put(where, json={"decimal": "x"}, headers=ada).status_code == 422
    assert client.put(where, json={"encoding": "nope"}, headers=ada).status_code == 400
    assert client.put(where, json={"header_row": 2}, headers=ada).status_code == 200
    here.work()
    following = upload(here, text=text)
    here.work()
    found = client.get(f"/api/v1/uploads/{following}", headers=ada).get_json()
    assert found["inspection"]["columns"] == ["when", "customer", "amount", "kind"]
    assert found["read_options"] == {"header_row": 2}
    assert client.put(f"/api/v1/uploads/{following}/read-options", json={}, headers=ada).status_code == 200
    here.work()
    last = upload(here, text=text)
    here.work()
    assert client.get(f"/api/v1/uploads/{last}", headers=ada).get_json()["read_options"] == {}


def test_lines_set_aside_are_a_file_and_on_the_page(here: Installation) -> None:
    """Their number, line numbers and texts; 404 where there are none, and no other team's."""
    client, ada = here.app.test_client(), here.token("ada")
    sent, clean = upload(here, text=CSV + "1,2\nTotal,,99.5,\n"), upload(here)
    here.work()
    answer = client.get(f"/api/v1/uploads/{sent}/set-aside", headers=ada)
    assert answer.get_data(as_text=True).splitlines()[1:] == ['242,cells,"1,2"', '243,total,"Total,,99.5,"']
    assert "payments.set-aside.csv" in answer.headers["Content-Disposition"]
    assert client.get(f"/api/v1/uploads/{clean}/set-aside", headers=ada).status_code == 404
    page = here.browser("ada").get(f"/uploads/{sent}").get_data(as_text=True)
    assert "2 lines are set aside" in page
    assert "Lines 242, 243" in page
    assert (
        client.put(f"/api/v1/uploads/{sent}/read-options", json={"strict": True}, headers=ada).status_code
        == 200
    )
    here.work()
    assert client.get(f"/api/v1/uploads/{sent}", headers=ada).get_json()["state"] == "refused"


def test_what_is_deleted_or_past_its_time_is_gone_with_its_bytes(here: Installation) -> None:
    """Files first, then rows; other people's uploads stay."""
    kept, deleted = upload(here, "bob"), upload(here)
    here.work()
    client = here.app.test_client()
    assert client.delete(f"/api/v1/uploads/{deleted}", headers=here.token("ada")).status_code == 204
    assert client.get(f"/api/v1/uploads/{deleted}", headers=here.token("ada")).status_code == 404
    with open_context(here.settings, here.web) as context:
        assert list(context.store.list(f"uploads/{deleted}"))
        assert delete_expired(context) == 1
        assert not list(context.store.list(f"uploads/{deleted}"))
        assert list(context.store.list(f"uploads/{kept}"))
        later = datetime.now(UTC) + timedelta(days=here.web.retention_days + 1)
        assert delete_expired(context, later) == 1
        assert not list(context.store.list("uploads"))


def test_searching_the_history(here: Installation) -> None:
    """By a part of the name, where % means itself."""
    for name in ("march.csv", "april_50%.csv"):
        upload(here, file=name.replace("%", "%25"))
    ada = here.users["ada"]
    assert [one.name for one in here.services.uploads.list_for(ada, query="MARCH")] == ["march.csv"]
    assert [one.name for one in here.services.uploads.list_for(ada, query="%")] == ["april_50%.csv"]
    assert [one.name for one in here.services.uploads.list_for(ada)] == ["april_50%.csv", "march.csv"]


@pytest.mark.parametrize(
    ("language", "stated"), [("en", "Based on the first 5,000 rows."), ("fr", "premières lignes.")]
)
def test_the_check_page_names_the_rows_it_judged_by(
    make: Callable[..., Installation], language: str, stated: str
) -> None:
    """A file larger than the sample: said. One that was looked at whole: not said."""
    here = make(part_bytes=1 << 20)
    browser, rows = here.browser("ada"), CSV.splitlines(keepends=True)
    large, small = upload(here, text=rows[0] + "".join(rows[1:]) * 100), upload(here)
    assert here.work() == 2
    pages = [
        browser.get(f"/uploads/{one}", headers={"Accept-Language": language}).get_data(as_text=True)
        for one in (large, small)
    ]
    assert [stated in page for page in pages] == [True, False]
