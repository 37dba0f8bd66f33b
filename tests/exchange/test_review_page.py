"""The review page in a real browser: clicks, keys, undo, a saved file, and no way out of the page."""

import json
import shutil
import time

import pandas as pd
import pytest

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.errors import ExchangeError
from dagbog_nlp.exchange.review_files import read_review, write_review
from dagbog_nlp.tables import check_codings, check_notes

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
HOSTILE = "Mor råber 😀 </script><img src=x onerror=\"document.title='taget'\"> ad os. Far er glad."
needs_browser = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no Chromium with chromedriver here")


@pytest.fixture
def notes():
    texts = [HOSTILE, "Mor kom til tiden. Vi talte om skolen.", "Far aflyste i dag."]
    return check_notes(
        pd.DataFrame({"case_id": "S1", "note_id": ["N1", "N2", "N3"], "date": "2024-03-01", "text": texts})
    )


@pytest.fixture
def codings(notes):
    rage = (0, HOSTILE.index(" Far er glad"))
    rows = [
        ("N1", *rage, "negativ_alliance/udtrykker_vrede", 0.61, "classifier"),
        ("N1", *rage, "relationsarbejde/reaktion", 1.0, "keyword"),
        ("N3", 0, 18, "negativ_alliance/aflyser_aftale", 0.9, "classifier"),
    ]
    frame = pd.DataFrame(rows, columns=["note_id", "start", "end", "code", "score", "source"])
    return check_codings(frame.assign(case_id="S1", coder="maskine", cue_start=4, cue_end=9), notes)


@pytest.fixture
def queue(codings):
    places = codings[["case_id", "note_id", "start", "end"]].drop_duplicates().assign(reason="uncertain")
    extra = pd.DataFrame(
        {"case_id": "S1", "note_id": ["N2"], "start": [0], "end": [18], "reason": ["random"]}
    )
    return pd.concat([places, extra], ignore_index=True)


@pytest.fixture
def browser(tmp_path):
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in ("headless=new", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking",
                 "disable-component-update", "disable-sync", f"user-data-dir={tmp_path / 'profil'}",
                 "window-size=1400,900"):  # fmt: skip
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.add_experimental_option("prefs", {"download.default_directory": str(tmp_path)})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


def press(browser, keys):
    for key in keys:
        browser.switch_to.active_element.send_keys(key)


def text(browser, selector):
    return browser.find_element("css selector", selector).text


def click(browser, selector):
    browser.find_element("css selector", selector).click()


def saved(tmp_path):
    for _ in range(100):
        found = list(tmp_path.glob("beslutninger-*.json"))
        if found:
            return found[0]
        time.sleep(0.05)
    raise AssertionError("no file was saved")


def verdicts(review):
    return review.decisions[["note_id", "code", "verdict"]].fillna("").values.tolist()


@needs_browser
def test_a_review_by_keys_and_clicks(browser, tmp_path, notes, codings, queue):
    page = write_review(tmp_path / "review.html", notes, codings, queue=queue, codebook=Codebook.load())
    browser.get(page.as_uri())
    assert text(browser, ".sentence") == HOSTILE[: HOSTILE.index(" Far er glad")]
    assert text(browser, ".cue") == "råber"

    press(browser, "j")
    assert "Reaktion" in text(browser, ".card.now")
    press(browser, "n")
    assert text(browser, "#step") == "Sætning 2 af 3"
    press(browser, "z")
    assert "Reaktion" in text(browser, ".card.now")
    press(browser, "n")
    assert "Ingen kode foreslået" in text(browser, ".card")
    click(browser, ".verdict .yes")
    press(browser, "a")
    press(browser, [*"mistil", "\ue007"])
    assert "1 ja, 2 nej, 1 tilføjet" in text(browser, "#summary")

    click(browser, "#donesave")
    assert "missing" in browser.find_element("id", "reviewer").get_attribute("class")
    press(browser, "Anna")
    click(browser, "#save")
    review = read_review(saved(tmp_path), notes=notes)
    assert verdicts(review) == [
        ["N1", "negativ_alliance/udtrykker_vrede", "accepted"],
        ["N1", "relationsarbejde/reaktion", "rejected"],
        ["N2", "", "none"],
        ["N3", "negativ_alliance/aflyser_aftale", "rejected"],
        ["N3", "negativ_alliance/mistillidshandling", "added"],
    ]
    assert set(review.decisions["reviewer"]) == {"Anna"}
    assert review.exceptions.empty
    assert "råber" not in saved(tmp_path).read_text("utf-8")
    assert browser.title == "Gennemgang af kodninger"
    assert browser.get_log("browser") == []


@needs_browser
def test_decisions_outlive_the_tab_and_can_be_fetched_from_a_file(browser, tmp_path, notes, codings, queue):
    page = write_review(tmp_path / "review.html", notes, codings, queue=queue, reviewer="Bo")
    browser.get(page.as_uri())
    press(browser, "J")
    assert text(browser, "#step") == "Sætning 2 af 3"
    browser.get("about:blank")
    browser.get(page.as_uri())
    assert text(browser, "#step") == "Sætning 2 af 3"
    assert "1 af 3" in text(browser, "#count")
    click(browser, "#save")
    file = saved(tmp_path)

    browser.execute_script("localStorage.clear()")
    browser.get(page.as_uri())
    assert "0 af 3" in text(browser, "#count")
    browser.find_element("id", "file").send_keys(str(file))
    for _ in range(50):
        if "1 af 3" in text(browser, "#count"):
            break
        time.sleep(0.05)
    assert "1 af 3" in text(browser, "#count")
    other = tmp_path / "anden.json"
    other.write_text(
        file.read_text("utf-8").replace(json.loads(file.read_text("utf-8"))["run"], "0" * 16), "utf-8"
    )
    browser.find_element("id", "file").send_keys(str(other))
    for _ in range(50):
        if text(browser, "#warning"):
            break
        time.sleep(0.05)
    assert "hører ikke til" in text(browser, "#warning")


@needs_browser
def test_a_blind_page_shows_no_suggestion_and_gives_a_second_coders_codings(
    browser, tmp_path, notes, codings, queue
):
    page = write_review(
        tmp_path / "blind.html",
        notes,
        codings,
        queue=queue,
        codebook=Codebook.load(),
        blind=True,
        reviewer="Bo",
    )
    source = page.read_text("utf-8")
    assert "klassifikator" not in source
    assert '"suggestions":[{' not in source
    browser.get(page.as_uri())
    press(browser, "a")
    press(browser, [*"vrede", "\ue008\ue007"])
    press(browser, [*"mistil", "\ue007"])
    press(browser, "jj")
    assert "2 koder valgt" in text(browser, "#summary")
    click(browser, "#donesave")
    review = read_review(saved(tmp_path), notes=notes)
    assert review.blind
    assert set(review.codings()["code"]) == {
        "negativ_alliance/mistillidshandling",
        "negativ_alliance/udtrykker_vrede",
    }
    assert review.decisions["verdict"].tolist().count("none") == 2


@needs_browser
def test_nothing_leaves_the_page(browser, tmp_path, notes, codings):
    page = write_review(tmp_path / "review.html", notes, codings)
    browser.get(page.as_uri())
    blocked = browser.execute_async_script(
        """const done = arguments[arguments.length - 1];
        const image = new Image();
        image.onload = () => done(false);
        image.onerror = () => fetch('data:text/plain,x').then(() => done(false), () => done(true));
        image.src = 'data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=';"""
    )
    assert blocked
    ran = """const script = document.createElement('script');
        try { script.textContent = 'window.ran = 1'; document.body.append(script); } catch {}
        return window.ran === 1;"""
    assert not browser.execute_script(ran)


def page_file(tmp_path, notes, codings, **changes):
    """A saved file as the page writes it, all accepted, with changes."""
    html = write_review(tmp_path / "review.html", notes, codings).read_text("utf-8")
    data = json.loads(html.split('id="data">')[1].split("</script>")[0])
    rows = [
        {name: item[name] for name in ("key", "seal", "case_id", "note_id", "start", "end")}
        | {
            "v": {s["code"]: "ja" for s in item["suggestions"]},
            "added": [],
            "comment": "",
            "seen": True,
            "at": "",
        }
        for item in data["items"]
    ]
    file = tmp_path / "svar.json"
    whole = {
        "format": data["format"],
        "run": data["run"],
        "blind": False,
        "reviewer": "A",
        "saved": "",
        "decisions": rows,
    }
    file.write_text(json.dumps(whole | changes), "utf-8")
    return file, whole


def test_the_page_is_one_file_with_a_strict_policy_and_escaped_text(tmp_path, notes, codings):
    html = write_review(tmp_path / "review.html", notes, codings).read_text("utf-8")
    assert "default-src &#39;none&#39;" in html
    assert "unsafe" not in html
    assert "<img" not in html
    assert html.count("</script>") == 2
    assert "http://" not in html
    assert "https://" not in html


def test_a_saved_file_that_was_edited_is_read_around_and_listed(tmp_path, notes, codings):
    file, whole = page_file(tmp_path, notes, codings)
    assert verdicts(read_review(file, notes=notes))[0][2] == "accepted"
    first, second = whole["decisions"]
    rows = [first | {"end": first["end"] + 1}, second, {"v": 1}, "x"]
    file.write_text(json.dumps(whole | {"decisions": rows}), "utf-8")
    review = read_review(file)
    assert verdicts(review) == [["N3", "negativ_alliance/aflyser_aftale", "accepted"]]
    assert review.exceptions["problem"].tolist() == [
        "decision 1: its ids were edited",
        "decision 3 is not as the page saves it",
        "decision 4 is not as the page saves it",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "no file of decisions"), ("[]", "no file of decisions"), ("[" * 200_000, "no file of decisions")],
)
def test_files_of_something_else_are_refused(tmp_path, content, message):
    file = tmp_path / "x.json"
    file.write_text(content, "utf-8")
    with pytest.raises(ExchangeError, match=message):
        read_review(file)


def test_other_notes_and_another_run_are_refused(tmp_path, notes, codings):
    file, whole = page_file(tmp_path, notes, codings)
    with pytest.raises(ExchangeError, match="another run"):
        read_review(file, run="0123")
    assert len(read_review(file, run=whole["run"]).decisions) == 3
    with pytest.raises(ExchangeError, match="none of its sentences"):
        read_review(file, notes=notes.assign(text="Helt andre ord står her. Og flere endda."))
    with pytest.raises(ExchangeError, match="page, not the decisions"):
        read_review(tmp_path / "review.html")
    with pytest.raises(ExchangeError, match=r"\.xlsx or \.html"):
        write_review(tmp_path / "review.docx", notes, codings)
