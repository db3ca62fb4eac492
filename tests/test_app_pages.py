"""The pages, as a person without JavaScript meets them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from indexer.ranking import Ranking
from scripts import translations
from search_app import create_app, feeds, sayings
from search_app.context import EXTENSION
from search_app.labels import default_labels
from search_app.sayings import MAX_EXPLAINED, reasons
from search_app.settings import MAX_COMPARED
from search_app.site import Site
from search_app.templating import make_environment
from tests.site_fixture import DOCUMENTS, EYE_FIELDS, VISA_QUESTIONS, site_app

PAGES = (
    "/",
    "/search",
    "/search?q=eye",
    "/search?q=eye+hospital+in+shangai&city=Shanghai",
    "/search?q=zzyzx",
    "/search?city=Atlantis",
    "/hospitals/shanghai-eye-hospital",
    "/hospitals/shanghai-eye-hospital?q=cataract",
    "/articles/what-does-cancer-treatment-cost?q=proton",
    "/cities",
    "/specialties",
    "/topics",
    "/cities/shanghai",
    "/specialties/ophthalmology",
    "/topics/costs",
    "/compare",
    "/compare?h=renji-hospital&h=ruijin-hospital",
    "/about",
    "/about/ranking",
    "/about/privacy",
    "/about/accessibility",
    "/about/api",
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    return site_app(tmp_path_factory.mktemp("index")).test_client()


def soup(response: TestResponse) -> BeautifulSoup:
    return BeautifulSoup(response.text, "lxml")


def titles(page: BeautifulSoup) -> list[str]:
    return [link.get_text(strip=True) for link in page.select(".hits .card-title a")]


@pytest.mark.parametrize("prefix", ["", "/zh"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_whole(client: FlaskClient, prefix: str, path: str) -> None:
    response = client.get(prefix + path)
    assert response.status_code == 200
    page = soup(response)
    assert page.html["lang"] == ("zh-Hans" if prefix else "en")
    assert len(page.select("h1")) == 1
    assert page.title.get_text(strip=True)
    assert page.select_one("main#main")
    assert page.select_one("a.skip[href='#main']")
    assert page.select_one("link[rel=canonical]")["href"].startswith("http://localhost/")
    ids = [element["id"] for element in page.select("[id]")]
    assert len(ids) == len(set(ids))
    for label in page.select("label[for]"):
        assert label["for"] in ids
    for control in page.select("main input:not([type=hidden]), .bar input:not([type=hidden])"):
        assert (
            control.get("aria-label")
            or control.find_parent("label")
            or page.select_one(f"label[for='{control['id']}']")
        )
    for script in page.select("script"):
        assert script.get("src") or script["type"] == "application/ld+json"
        if not script.get("src"):
            json.loads(script.string)
    assert not page.select("[style], [onclick], style")


@pytest.mark.parametrize("path", PAGES)
def test_no_link_of_a_page_is_broken(client: FlaskClient, path: str) -> None:
    page = soup(client.get(path))
    addresses = {link["href"] for link in page.select("a[href^='/'], link[href^='/']")}
    addresses |= {form["action"] for form in page.select("form")}
    ids = {element["id"] for element in page.select("[id]")}
    for anchor in page.select("a[href^='#']"):
        assert anchor["href"][1:] in ids
    for address in addresses:
        assert client.get(address).status_code in (200, 302), address


def test_home_shows_counts_that_are_true(client: FlaskClient) -> None:
    page = soup(client.get("/"))
    cities = {row.a.get_text(): int(row.select_one(".count").get_text()) for row in page.select(".counted-cities li")}
    assert cities == {"Shanghai": 5, "Beijing": 3, "Guangzhou": 2, "Hainan (Boao)": 1}
    assert [place["href"] for place in page.select(".map-place")] == [
        "/cities/shanghai",
        "/cities/beijing",
        "/cities/guangzhou",
        "/cities/hainan-boao",
    ]
    assert "8 hospitals and 4 articles" in page.get_text()


def test_results_say_what_was_found_and_list_it(client: FlaskClient) -> None:
    page = soup(client.get("/search?q=eye+hospital+in+shanghai&kind=hospital"))
    assert titles(page)[0] == "Shanghai Eye Hospital"
    assert "eye hospital in shanghai" in page.h1.get_text()
    assert page.select_one(".hits mark")
    assert page.select_one("input[name=q]")["value"] == "eye hospital in shanghai"
    assert page.select_one(".card-zh")["lang"] == "zh-Hans"


def test_the_facet_panel_is_a_form_that_keeps_the_words(client: FlaskClient) -> None:
    page = soup(client.get("/search?q=hospital&city=Shanghai&sort=title"))
    form = page.select_one("form.facet-form")
    assert form["autocomplete"] == "off", "Firefox ticks boxes again by their place, where other values stand by then"
    assert form["action"] == "/search"
    assert form["method"] == "get"
    assert {(field["name"], field["value"]) for field in form.select("[type=hidden]")} == {
        ("q", "hospital"),
        ("sort", "title"),
    }
    legends = [legend.get_text(" ", strip=True) for legend in form.select("legend")]
    assert legends[0] == "Type"
    assert "City 1 chosen" in legends
    shanghai = form.select_one("input[value=Shanghai]")
    assert shanghai.has_attr("checked")
    assert re.fullmatch(r"Shanghai \(\d+\)", form.select_one(f"label[for='{shanghai['id']}']").get_text())
    assert [button.get_text(strip=True) for button in form.select("button")] == ["Apply filters"]


def test_a_chip_lifts_its_filter_and_keeps_the_rest(client: FlaskClient) -> None:
    page = soup(client.get("/search?q=eye&city=Shanghai&city=Beijing&page=1"))
    chips = {chip.span.get_text(" ", strip=True).rpartition(": ")[2]: chip["href"] for chip in page.select("a.chip")}
    assert chips == {"Shanghai": "/search?q=eye&city=Beijing", "Beijing": "/search?q=eye&city=Shanghai"}
    assert page.find("a", string="Clear all filters")["href"] == "/search?q=eye"


def test_a_correction_is_said_and_can_be_undone(client: FlaskClient) -> None:
    page = soup(client.get("/search?q=eye+hospital+shangai"))
    line = page.select_one(".correction").get_text(" ", strip=True)
    assert line.startswith("Showing results for eye hospital shanghai")
    undo = page.select_one(".correction a")["href"]
    again = soup(client.get(undo))
    assert not any("Showing results for" in line.get_text() for line in again.select(".correction"))
    assert again.select_one("input[name=q]")["value"] == "eye hospital shangai"


def test_an_empty_result_offers_a_way_on(client: FlaskClient) -> None:
    page = soup(client.get("/search?q=visa&city=Guangzhou"))
    assert page.h1.get_text(strip=True) == "Nothing found for “visa”"
    offered = page.select(".relaxations li")
    assert offered
    for row in offered:
        total = int(re.search(r"\d+", row.select_one(".count").get_text()).group())
        other = soup(client.get(row.a["href"]))
        assert len(titles(other)) == total
    assert page.select_one("form.facet-form input[value=Guangzhou]").has_attr("checked")


def test_an_unknown_value_is_explained_not_an_error(client: FlaskClient) -> None:
    page = soup(client.get("/search?city=Shangai"))
    assert "there is no “Shangai” here." in page.get_text()
    assert page.find("a", string="Shanghai")


@pytest.mark.parametrize("spelling", ["shanghai", "SHANGHAI", "上海"])
def test_a_value_may_be_spelled_as_people_do(client: FlaskClient, spelling: str) -> None:
    page = soup(client.get("/search", query_string={"city": spelling, "kind": "hospital"}))
    assert len(titles(page)) == 4


def test_paging_goes_through_everything_once(client: FlaskClient) -> None:
    address, seen = "/search?per_page=5", []
    while address:
        page = soup(client.get(address))
        seen += titles(page)
        following = page.select_one(".pages a[rel~=next]")
        address = following["href"] if following else ""
    assert sorted(seen) == sorted(document.title for document in DOCUMENTS)


def test_the_current_page_is_named_in_the_list_and_the_title(client: FlaskClient) -> None:
    page = soup(client.get("/search?per_page=5&page=2"))
    assert page.select_one(".pages [aria-current=page]").get_text(strip=True).endswith("2")
    assert "page 2" in page.title.get_text()
    assert page.select_one("ol.hits")["start"] == "6"


def test_a_page_past_the_end_leads_to_the_last(client: FlaskClient) -> None:
    response = client.get("/search?per_page=5&page=99999999999999")
    assert response.status_code == 404
    page = soup(response)
    assert "There is no page" in page.h1.get_text()
    assert page.find("a", string="Go to the last page")["href"] == "/search?page=3&per_page=5"


def test_a_hospital_shows_facts_with_their_sources(client: FlaskClient) -> None:
    page = soup(client.get("/hospitals/beijing-tongren-hospital"))
    facts = {row.dt.get_text(strip=True): row.dd for row in page.select(".facts dl > div")}
    assert list(facts) == [
        "Known for",
        "Departments",
        "National lists",
        "Founded",
        "Ownership",
        "Address",
        "Website",
        "Services",
        "Specialties",
        "Profile",
    ]
    known = [each.get_text() for each in facts["Known for"].select("li")]
    assert known == ["Eye disease[2]", "Cataract[2]", "Retina[2]", "Cornea[2]", "Glaucoma[2]"]
    lists = facts["National lists"]
    assert [each.get_text() for each in lists.select("li")] == ["Eye disease: joint 2nd[2]", "All hospitals: 36th[2]"]
    assert "Fudan list for 2021: what specialists think" in lists.get_text()
    assert soup(client.get(lists.select_one("a[href*=ranking]")["href"])).find(id="lists")
    assert facts["Profile"].select_one("a")["href"] == "/search?profile=Public%20hospital"
    assert [link["href"] for link in facts["Ownership"].select("sup a")] == ["#source-1", "#source-2"]
    away = page.select("a[href^='https://']")
    assert away
    assert all({"noopener", "noreferrer", "nofollow"} <= set(link["rel"]) for link in away)
    assert page.select_one("#about-the-hospital h2").get_text() == "About the hospital"
    assert page.select_one(".title-zh")["lang"] == "zh-Hans"


def test_a_hospital_names_relatives_and_the_articles_about_it(client: FlaskClient) -> None:
    page = soup(client.get("/hospitals/ruijin-hospital"))
    mentions = page.select("section[aria-labelledby=mentions] a")
    assert [link["href"] for link in mentions] == ["/articles/what-does-cancer-treatment-cost#the-short-answer"]
    related = [link.get_text() for link in page.select("section[aria-labelledby=related] a")]
    assert related[0] == "Boao Super Hospital"  # the other one with oncology
    assert "Ruijin Hospital" not in related


def test_an_article_names_what_it_links_to(client: FlaskClient) -> None:
    page = soup(client.get("/articles/what-does-cancer-treatment-cost"))
    linked = [link["href"] for link in page.select("section[aria-labelledby=linked] a")]
    assert linked == ["/hospitals/ruijin-hospital", "/articles/s2-visa"]
    assert [link["href"] for link in page.select(".contents a")] == ["#the-short-answer", "#what-to-ask"]


def test_the_words_that_led_here_are_marked(client: FlaskClient) -> None:
    page = soup(client.get("/articles/what-does-cancer-treatment-cost?q=proton+costs"))
    assert [mark.get_text() for mark in page.select(".prose mark")] == ["Proton", "costs"]
    assert page.select_one("link[rel=canonical]")["href"].endswith("/articles/what-does-cancer-treatment-cost")


def test_a_search_within_a_page_names_the_places_it_marks(client: FlaskClient) -> None:
    page = soup(client.get("/hospitals/shanghai-eye-hospital?q=cataract+deposit"))
    assert page.select_one(".within form")["action"] == "/hospitals/shanghai-eye-hospital"
    assert page.select_one(".within input[name=q]")["value"] == "cataract deposit"
    listed = {row.a["href"]: int(row.select_one(".count").get_text()) for row in page.select(".within-found li:has(a)")}
    assert set(listed) == {"#about-the-hospital", "#for-international-patients"}
    for anchor, places in listed.items():
        assert len(page.select(f"{anchor} mark")) == places
    assert page.find("a", string="All results for “cataract deposit”")["href"] == "/search?q=cataract%20deposit"
    assert "None of these words" in client.get("/hospitals/shanghai-eye-hospital?q=zzyzx").text
    assert not soup(client.get("/hospitals/shanghai-eye-hospital")).select(".within-found")


def test_words_that_led_to_a_page_stay_out_of_shared_caches(client: FlaskClient) -> None:
    address = "/hospitals/shanghai-eye-hospital"
    assert "public" in client.get(address).headers["Cache-Control"]
    assert "private" in client.get(f"{address}?q=cataract").headers["Cache-Control"]


def test_markup_in_data_and_in_the_address_comes_out_escaped(client: FlaskClient) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    for path in ("/search", "/compare", "/articles/ivf-in-beijing-and-guangzhou"):
        for name in ("q", "city", "add", "h"):
            text = client.get(path, query_string={name: hostile}).text
            assert "<script>alert" not in text
            assert "<img src=x" not in text
    page = soup(client.get("/articles/ivf-in-beijing-and-guangzhou"))
    assert page.h1.get_text() == "IVF in Beijing and Guangzhou <Compared>"
    assert "<script>alert(1)</script> between" in page.select_one(".prose").get_text()


def test_a_city_page_lists_what_is_there(client: FlaskClient) -> None:
    page = soup(client.get("/cities/shanghai"))
    hospitals = [link.get_text() for link in page.select("section[aria-labelledby=hospitals] a")]
    assert hospitals == ["Longhua Hospital", "Renji Hospital", "Ruijin Hospital", "Shanghai Eye Hospital"]
    articles = [link.get_text() for link in page.select("section[aria-labelledby=articles] a")]
    assert articles == ["Eye Care in Shanghai"]
    assert "4 hospitals and 1 article" in page.select_one(".lead").get_text()
    assert not page.select(".introduction")  # this index has no guide to Shanghai
    assert client.get("/cities/atlantis").status_code == 404


def test_a_known_value_without_documents_has_a_page_that_says_so(client: FlaskClient) -> None:
    response = client.get("/cities/chengdu")
    assert response.status_code == 200
    assert soup(response).select_one("meta[name=robots]")["content"] == "noindex, follow"


def test_a_comparison_is_its_address(client: FlaskClient) -> None:
    page = soup(client.get("/compare?h=renji-hospital&h=ruijin-hospital&h=nowhere"))
    heads = [cell.a.get_text() for cell in page.select("thead th")]
    assert heads == ["Renji Hospital", "Ruijin Hospital"]
    rows = {
        row.th.get_text(): [cell.get_text(strip=True) for cell in row.select("td")] for row in page.select("tbody tr")
    }
    assert rows["Founded"] == ["1844", "1907"]
    assert rows["City"] == ["Shanghai", "Shanghai"]
    assert rows["Profile"] == ["Public hospital", "Public hospital"]
    assert page.select_one("a.drop")["href"] == "/compare?h=ruijin-hospital"
    assert "There is no hospital “nowhere”." in page.get_text()


def test_a_comparison_has_places_in_national_lists(client: FlaskClient) -> None:
    page = soup(client.get("/compare?h=beijing-tongren-hospital&h=renji-hospital"))
    row = next(row for row in page.select("tbody tr") if row.th.get_text() == "National lists")
    tongren, renji = row.select("td")
    assert [each.get_text() for each in tongren.select("li")] == ["Eye disease: joint 2nd", "All hospitals: 36th"]
    assert tongren.get_text().count("Fudan list for 2021") == 1, "said of the list and not of every place in it"
    assert "what specialists think of a hospital, not how patients fare there" in tongren.get_text()
    assert tongren.a["href"] == "/about/ranking#lists"
    assert renji.get_text(strip=True) == "not stated"


def test_the_rows_of_a_comparison_stand_in_one_order(client: FlaskClient) -> None:
    page = soup(client.get("/compare?h=renji-hospital&h=ruijin-hospital"))
    rows = [head.get_text() for head in page.select("tbody th")]
    assert rows == [
        "City", "Specialties", "Profile", "Ownership", "Founded", "Services", "Address", "Website", "Also listed as",
            "Summary", "Sources",
    ]  # fmt: skip


def test_a_hospital_is_added_to_a_comparison_by_name(client: FlaskClient) -> None:
    response = client.get("/compare?h=renji-hospital&add=longhua+hospital")
    assert response.status_code == 303
    assert response.headers["Location"] == "/compare?h=renji-hospital&h=longhua-hospital"
    assert "No hospital was found" in client.get("/compare?add=zzyzx+qqq").text


def test_a_comparison_has_an_end(client: FlaskClient) -> None:
    everything = "&".join(
        f"h={document.doc_id.rpartition('/')[2]}" for document in DOCUMENTS if document.kind == "hospital"
    )
    page = soup(client.get(f"/compare?{everything}"))
    assert len(page.select("thead th")) == MAX_COMPARED
    assert "At most 6 hospitals" in page.get_text()


def test_all_of_a_kind_is_a_search(client: FlaskClient) -> None:
    response = client.get("/zh/hospitals")
    assert response.status_code == 302
    assert response.headers["Location"] == "/zh/search?kind=hospital&sort=title"


# -- wrong turns ------------------------------------------------------------------------------------------------------


def test_a_wrong_address_searches_for_its_words(client: FlaskClient) -> None:
    response = client.get("/faq/Shanghai-Eye-Hospital.html")
    assert response.status_code == 404
    page = soup(response)
    assert page.select_one("input[name=q]")["value"] == "Shanghai Eye Hospital"
    assert page.select_one(".plain-list a")["href"] == "/hospitals/shanghai-eye-hospital"
    assert page.select_one("meta[name=robots]")["content"] == "noindex"


@pytest.mark.parametrize(
    ("address", "offered"),
    [
        ("/hospitals/renjii-hospitle", ["/hospitals/renji-hospital"]),  # misspelt
        ("/hospitals/shanghai-best-heart-centre", []),  # of a place alone, whatever a search brings
        ("/hospitals/hospital", []),
        ("/nowhere/zzyzx", []),
    ],
)
def test_a_wrong_address_offers_only_what_is_named_like_it(
    client: FlaskClient, address: str, offered: list[str]
) -> None:
    page = soup(client.get(address))
    assert [link["href"] for link in page.select(".plain-list a")] == offered
    doors = [link["href"] for link in page.select("main .tags a")]
    assert doors == ["/hospitals", "/articles", "/cities", "/specialties", "/topics"]
    assert all(client.get(door).status_code < 400 for door in doors)


def test_an_error_in_a_language_speaks_it(client: FlaskClient) -> None:
    page = soup(client.get("/zh/hospitals/nowhere"))
    assert page.html["lang"] == "zh-Hans"
    assert page.h1.get_text() == "没有这个页面"
    links = [link["href"] for link in page.select(".languages a")]
    assert links == ["/hospitals/nowhere", "/zh/hospitals/nowhere"], "whoever reads no Chinese can go on"
    assert [link["href"] for link in soup(client.get("/zh/nowhere")).select(".languages a")] == ["/", "/zh/"]


def test_other_methods_are_refused_kindly(client: FlaskClient) -> None:
    response = client.post("/search", data={"q": "eye"})
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]
    assert soup(response).h1.get_text() == "That is not possible here"


def test_without_an_index_there_is_a_503_that_names_no_path(tmp_path: Path) -> None:
    client = create_app({"index": str(tmp_path / "none")}).test_client()
    response = client.get("/search?q=eye")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "30"
    assert str(tmp_path) not in response.text
    page = soup(response)
    assert page.h1.get_text() == "Sorry, the search is not available"
    assert page.select_one("input[name=q]")["value"] == "eye", "to ask again"
    assert [link["href"] for link in page.select(".languages a")] == ["/search?q=eye", "/zh/search?q=eye"]
    assert not soup(client.get("/sitemap.xml")).select(".languages"), "which has no other language"
    assert client.get("/hospitals/x").status_code == 503
    assert client.get("/nowhere").status_code == 404
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    assert "index_up 0.0" in client.get("/metrics").text


def test_an_unexpected_error_is_a_plain_500(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = site_app(tmp_path)
    app.testing = False

    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("search_app.pages.found_for", fail)
    response = app.test_client().get("/search?q=eye")
    assert response.status_code == 500
    assert "secret" not in response.text
    assert "Traceback" not in response.text


# -- languages --------------------------------------------------------------------------------------------------------


def test_languages_point_at_each_other(client: FlaskClient) -> None:
    for path in ("/cities/shanghai", "/zh/cities/shanghai"):
        page = soup(client.get(path))
        alternates = {link["hreflang"]: link["href"] for link in page.select("link[rel=alternate][hreflang]")}
        assert alternates == {
            "en": "http://localhost/cities/shanghai",
            "x-default": "http://localhost/cities/shanghai",
            "zh-Hans": "http://localhost/zh/cities/shanghai",
        }


def test_switching_language_keeps_the_search(client: FlaskClient) -> None:
    page = soup(client.get("/search?q=eye&city=Shanghai"))
    assert page.select_one(".languages a[lang=zh-Hans]")["href"] == "/zh/search?q=eye&city=Shanghai"


def test_another_language_is_offered_never_forced(client: FlaskClient) -> None:
    chinese = client.get("/", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"})
    assert chinese.status_code == 200
    assert soup(chinese).select_one(".offer a")["href"] == "/zh/"
    assert "Accept-Language" in chinese.headers["Vary"]
    assert not soup(client.get("/", headers={"Accept-Language": "en-GB"})).select(".offer")
    assert not soup(client.get("/")).select(".offer")
    assert soup(client.get("/zh/", headers={"Accept-Language": "en"})).select_one(".offer a")["href"] == "/"


def test_the_chinese_catalogue_is_complete_and_compiled() -> None:
    """A text without a translation, or an .mo older than its .po, would show English on a Chinese page."""
    catalog = translations.read("zh")
    texts = {message.id for message in translations.extract() if message.id}
    assert texts == {message.id for message in catalog if message.id}
    assert translations.missing(catalog) == []
    assert translations.catalogue_file("zh").with_suffix(".mo").read_bytes() == translations.compiled(catalog)


HALF_WIDTH = re.compile("[一-鿿”）][,:;!?]|[,:;!?] ?[一-鿿“（]|[,:;] *$")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/search?q=眼科",
        "/search?q=眼科&city=Shanghai&per_page=1",
        "/search?q=量子火锅&city=Shanghai&specialty=Ophthalmology",
        "/search?q=量子火锅+眼科+天书",
        "/search?profile=xx&specialty=Ophthalmologi&q=眼科",
        "/search?q=上海眼科医院费用",
        "/search?q=眼科&sort=标题&page=首",
        "/search?q=opthalmology&city=Beijing&exact=1",
        "/specialties/ophthalmology",
        "/topics/costs",
        "/hospitals/shanghai-eye-hospital",
        "/articles/s2-visa",
        "/compare?h=renji-hospital&h=ruijin-hospital&h=xx",
        "/about/ranking",
    ],
)
def test_chinese_words_have_chinese_marks_between_them(client: FlaskClient, path: str) -> None:
    """Also in titles, in what only screen readers hear, and where several texts were put together."""
    page = soup(client.get(f"/zh{path}"))
    texts = [page.title.get_text(), page.find("meta", attrs={"name": "description"})["content"]]
    texts += [each[name] for name in ("aria-label", "title", "placeholder") for each in page.select(f"[{name}]")]
    for other in page.select(".sources ol"):
        other.decompose()  # a bibliography in several languages has one punctuation
    for other in page.select("[lang=en], code, kbd"):
        other.replace_with("中")  # what is in another language stands between Chinese words
    blocks = "p, li, h1, h2, h3, dt, dd, th, td, label, legend, summary"
    texts += [" ".join(each.get_text().split()) for each in page.select(blocks) if not each.select(blocks)]
    assert [text for text in texts if HALF_WIDTH.search(text)] == []


def test_a_chinese_page_calls_hospitals_by_their_chinese_names(client: FlaskClient) -> None:
    card = soup(client.get("/zh/search?q=renji")).select_one(".card-title")
    assert (card.a.get_text(), card.a["lang"]) == ("仁济医院", "zh-Hans")
    assert (card.select_one(".card-zh").get_text(), card.select_one(".card-zh")["lang"]) == ("Renji Hospital", "en")
    assert soup(client.get("/zh/hospitals/renji-hospital")).h1.get_text() == "仁济医院"
    assert soup(client.get("/hospitals/renji-hospital")).h1.get_text() == "Renji Hospital"


@pytest.mark.parametrize(
    ("query", "selector", "expected"),
    [
        ("q=eye+hospital", ".reason", "眼科（由“eye hospital”读出）"),
        ("q=eye", ".reason", "眼科、白内障、视网膜、角膜（擅长领域）"),
        ("q=cataract", ".reason", "眼科全国并列第 2 名（复旦大学 2021 年度榜单）"),
        ("q=shangai+eye", ".reason", "shanghai（由“shangai”更正）"),
        ("q=title:eye", ".reason", "标题含“eye”"),
        ("q=hospital+-shanghai", ".notice", "已排除关于上海的页面；只是提到它的页面仍保留。"),
        ("q=eye&sort=newest", ".notice", "“sort”应为以下之一：relevance, title, date，而不是“newest”。"),
        ("q=eye&page=x", ".notice", "“page”应为从 1 开始的整数，而不是“x”。"),
        ("q=" + "(" * 12 + "visa+OR+eye" + ")" * 12, ".notice", "层的括号已忽略"),
        ("q=a*+eye", ".notice", "前缀至少需要"),
        ("q=" + "eye+" * 200, ".notice", "只搜索了前"),
    ],
)
def test_a_chinese_page_gives_reasons_and_notes_in_chinese(
    client: FlaskClient, query: str, selector: str, expected: str
) -> None:
    shown = [element.get_text(strip=True) for element in soup(client.get(f"/zh/search?{query}")).select(selector)]
    assert any(expected in each for each in shown), shown


def test_a_chinese_page_names_fields_and_lists_in_chinese(client: FlaskClient) -> None:
    page = soup(client.get("/zh/hospitals/beijing-tongren-hospital"))
    facts = {row.dt.get_text(strip=True): row.dd for row in page.select(".facts dl > div")}
    known = facts["擅长领域"].select("li")
    assert [each.get_text() for each in known] == ["眼科[2]", "白内障[2]", "视网膜[2]", "角膜[2]", "青光眼[2]"]
    assert [each.get_text() for each in facts["全国榜单"].select("li")] == [
        "眼科：并列第 2 名[2]",
        "全国综合排名：第 36 名[2]",
    ]
    assert "复旦大学 2021 年度榜单：" in facts["全国榜单"].get_text()
    assert not facts["擅长领域"].select("[lang]")
    assert facts["性质"].get_text() == "公立[1][2]"
    assert not facts["性质"].has_attr("lang")
    assert facts["地址"]["lang"] == "en", "for which there is no name"
    rows = {
        row.th.get_text(): row.td
        for row in soup(client.get("/zh/compare?h=beijing-tongren-hospital")).select("tr[class], tbody tr")
    }
    assert rows["全国榜单"].li.get_text() == "眼科：并列第 2 名"
    assert "复旦大学 2021 年度榜单" in rows["全国榜单"].get_text()
    assert rows["性质"].get_text() == "公立"
    card = soup(client.get("/zh/search?q=shanghai+eye+hospital")).select_one("ol.hits .card-facts")
    assert "眼科\u00a0· 白内障\u00a0· 视网膜\u00a0· 角膜" in card.get_text()


def test_a_chinese_page_says_that_its_text_is_english_and_names_hospitals_one_way(client: FlaskClient) -> None:
    for path in ("/hospitals/renji-hospital", "/articles/what-does-cancer-treatment-cost"):
        assert "本页正文为英文" in client.get("/zh" + path).text
        assert "The text of this page is in" not in client.get(path).text
    sources = soup(client.get("/zh/hospitals/renji-hospital")).select(
        "#sources li a [lang=en], .sources li a [lang=en]"
    )
    assert [each.get_text() for each in sources] == ["Official page", "A newspaper"]
    hit = soup(client.get("/zh/search?q=renji")).select_one("ol.hits > li")
    assert hit.select_one(".pick").get_text() == "比较：仁济医院"


def test_a_facet_without_such_a_value_offers_a_few_near_ones_or_says_which_there_are(client: FlaskClient) -> None:
    assert "There are: Beijing, " in " ".join(
        soup(client.get("/search?q=eye&city=Atlantis")).select_one(".nothing").get_text().split()
    )
    assert "Did you mean Shanghai" in soup(client.get("/search?q=eye&city=Shanghaii")).select_one(".nothing").get_text()


def test_a_chinese_page_calls_a_hospital_elsewhere_by_its_chinese_name() -> None:
    here = Site("zh", default_labels())
    assert sayings.said("This site has no page about West China Hospital (华西医院).", here).endswith(
        "华西医院（West China Hospital）的页面。"
    )
    assert reasons(("names West China Hospital (华西医院)",), here)[0].count("华西医院（West China Hospital）") == 1


def test_what_has_one_reason_stands_together() -> None:
    here = Site("en", default_labels())
    told = ("eye", "Eye disease (what it is known for)", "eye (related to cataract)", "Retina (what it is known for)")
    assert reasons(told, here) == ("eye", "Eye disease, Retina (what it is known for)", "eye (related to cataract)")
    lists = "2nd in China for eye disease (Fudan list for 2021)", "36th of all hospitals in China (Fudan list for 2021)"
    assert reasons(lists, here) == lists
    assert reasons(("Shanghai (what sh stands for)", "Beijing (what sh stands for)"), Site("zh", default_labels())) == (
        "上海、北京（由“sh”读出）",
    )
    assert len(reasons([f"x{n} (related to y{n})" for n in range(9)], here)) == MAX_EXPLAINED


def test_a_reason_is_given_once() -> None:
    """On a phone the same label stood there twice, and each word beside "all words"."""
    label, read = (
        "Organ Transplantation (field of the page)",
        "Organ Transplantation (what kidney transplant stands for)",
    )
    told = ("kidney", "transplant", "“kidney” in the title", "all words", read, "Beijing (what pek stands for)", label)
    kept = ("“kidney” in the title", "all words", "Beijing (what “pek” stands for)", label)
    assert reasons(told, Site("en", default_labels())) == kept
    assert reasons(("kidney", read), Site("en", default_labels()))[0] == "kidney"


def test_words_of_another_language_are_marked_in_a_reason(client: FlaskClient) -> None:
    chinese = soup(client.get("/zh/search?q=shangai+eye"))
    assert "shangai" in [each.get_text() for each in chinese.select(".reason [lang=en]")]
    english = soup(client.get("/search?q=眼科"))
    assert "眼科" in [each.get_text() for each in english.select(".reason [lang=zh-Hans]")]


def test_every_saying_is_known_to_the_catalogue(client: FlaskClient) -> None:
    """Each note and reason that another room can write finds its pattern; a reworded one would show English."""
    sources = {name: Path(f"search_app/{name}.py").read_text("utf-8") for name in ("typed", "understand", "grammar")}
    sources |= {name: Path(f"search_app/{name}.py").read_text("utf-8") for name in ("findings", "wording", "given")}
    written = [
        re.sub(r"\{[^}]*\}", "X", text)
        for source in sources.values()
        for text in re.findall(r'notes\[\s*f?"([^"]+)"\s*\]|Problem\([^,]+, f"(\'[^"]+\.)"\)', source)
        for text in text
        if text
    ]
    assert len(written) >= 10
    patterns = [pattern for pattern, _template in sayings._NOTE_PATTERNS]
    unexpected = "Unknown parameter", "may be given once"  # the API's own, never on a page
    strange = [
        text for text in written
        if not any(pattern.fullmatch(text) for pattern in patterns) and not any(part in text for part in unexpected)
    ]  # fmt: skip
    assert strange == []


def test_pages_turn_with_the_direction_of_their_language(client: FlaskClient) -> None:
    assert soup(client.get("/zh/")).html["dir"] == "ltr"
    app = client.application
    arabic = make_environment(app, "en", "ar")
    with app.test_request_context("/"):
        assert BeautifulSoup(arabic.get_template("about/api.html").render(), "lxml").html["dir"] == "rtl"


def test_a_card_names_some_fields_of_a_hospital_and_counts_the_others(client: FlaskClient) -> None:
    page = soup(client.get("/search?q=shanghai+eye+hospital"))
    (known,) = [row for row in page.select_one("ol.hits .card-facts").select("div") if row.dt.get_text() == "Known for"]
    assert known.dd.get_text() == "Eye disease\u00a0· Cataract\u00a0· Retina\u00a0· Cornea and 1 more"


@pytest.mark.parametrize(
    ("words", "lang", "direction", "part"),
    [
        ("лечение катаракты", "ru", "ltr", "по-английски"),
        ("مستشفى عيون", "ar", "rtl", "بالإنجليزية"),
        ("안과 병원", "ko", "ltr", "영어"),
        ("めがね", "ja", "ltr", "英語"),
        ("โรงพยาบาลตา", "th", "ltr", "ภาษาอังกฤษ"),
        ("आँख अस्पताल", "hi", "ltr", "अंग्रेज़ी"),
    ],
)
def test_who_types_in_a_script_of_no_page_is_told_in_it_what_can_be_searched(
    client: FlaskClient, words: str, lang: str, direction: str, part: str
) -> None:
    notice = soup(client.get("/search", query_string={"q": words})).select_one(f".notice[lang={lang}]")
    assert part in notice.get_text()
    assert notice["dir"] == direction
    assert not soup(client.get("/search?q=眼科+eye+Jørgensen")).select(".notice[dir]")


def test_a_headline_repeats_no_more_than_the_beginning_of_a_long_search(client: FlaskClient) -> None:
    words = "my mother has had a cataract in both eyes for years " * 8
    page = soup(client.get("/search", query_string={"q": words}))
    assert "“my mother has had a cataract" in page.h1.get_text()
    assert page.h1.get_text().endswith("…”")
    assert len(page.h1.get_text()) < 200
    assert len(page.title.get_text()) < 200
    assert page.select_one("input[name=q]")["value"] == words.strip()
    page = soup(client.get("/search", query_string={"q": "eye " * 140}))
    assert sum("the last words were left out" in each.get_text() for each in page.select(".notice")) == 0
    assert sum("Only the first" in each.get_text() for each in page.select(".notice")) == 1


def test_services_stand_in_one_row(client: FlaskClient) -> None:
    rows = soup(client.get("/hospitals/renji-hospital")).select(".facts dl > div")
    (services,) = [row for row in rows if row.dt.get_text() == "Services"]
    assert [each.get_text() for each in services.select("dd")] == ["Health checks[1]", "Interpreting[1]"]
    assert all(len(row.select("dt")) == 1 for row in rows)


# -- machines ---------------------------------------------------------------------------------------------------------


def data_of(page: BeautifulSoup) -> dict:
    return json.loads(page.select_one("script[type='application/ld+json']").string)


def test_pages_describe_themselves(client: FlaskClient) -> None:
    home = data_of(soup(client.get("/")))
    assert home["potentialAction"]["target"]["urlTemplate"] == "http://localhost/search?q={search_term_string}"
    results = data_of(soup(client.get("/search?q=eye")))
    assert results["@type"] == "SearchResultsPage"
    assert results["mainEntity"]["itemListElement"][0]["position"] == 1
    hospital, trail = data_of(soup(client.get("/hospitals/renji-hospital")))["@graph"]
    assert hospital["@type"] == "Hospital"
    assert hospital["foundingDate"] == "1844"
    assert hospital["alternateName"] == ["仁济医院"]
    assert [each["name"] for each in hospital["availableService"]] == ["Health checks", "Interpreting"]
    assert [step["name"] for step in trail["itemListElement"]] == [
        "medsearch",
        "hospitals",
        "Shanghai",
        "Renji Hospital",
    ]
    assert data_of(soup(client.get("/hospitals/shanghai-eye-hospital")))["@graph"][0]["knowsAbout"] == list(EYE_FIELDS)
    article = data_of(soup(client.get("/articles/s2-visa")))["@graph"][0]
    assert article["@type"] == "MedicalWebPage"
    assert article["about"] == ["Visa & Entry"]


def test_structured_data_cannot_end_its_script(client: FlaskClient) -> None:
    text = client.get("/search", query_string={"q": "</script><script>alert(1)</script>"}).text
    assert text.count("</script>") == 2


def test_searches_are_not_to_be_listed_and_pages_are(client: FlaskClient) -> None:
    assert client.get("/search?q=eye").headers["X-Robots-Tag"] == "noindex, follow"
    for path in ("/", "/hospitals/renji-hospital", "/cities/shanghai"):
        response = client.get(path)
        assert "X-Robots-Tag" not in response.headers
        assert not soup(response).select("meta[name=robots]")


def test_the_sitemap_holds_every_page_and_no_search(client: FlaskClient) -> None:
    response = client.get("/sitemap.xml")
    assert response.mimetype == "application/xml"
    addresses = re.findall(r"<loc>http://localhost(.*?)</loc>", response.text)
    assert {f"/{document.doc_id}" for document in DOCUMENTS} <= set(addresses)
    assert "/zh/hospitals/renji-hospital" in addresses
    assert not any("search" in address or "compare" in address for address in addresses)
    for address in addresses:
        page = client.get(address)
        assert page.status_code == 200, address
        assert "noindex" not in page.text, address


def test_the_documents_are_read_once_for_the_sitemap_of_a_generation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = site_app(tmp_path).test_client()
    made: list[int] = []
    monkeypatch.setattr(feeds, "_listed", lambda searcher: made.append(1) or [("/", "")])
    first, second = (client.get("/sitemap.xml") for _ in range(2))
    assert first.text == second.text
    assert len(made) == 1
    services = client.application.extensions[EXTENSION]
    # While one request lists a new generation, the others get the list of the one before, which must not be kept.
    monkeypatch.setattr(services.listed, "get", lambda key, make: ("earlier", [("/", "")]))
    assert client.get("/sitemap.xml").headers["Cache-Control"] == "no-store"


def test_robots_and_pages_agree(client: FlaskClient) -> None:
    text = client.get("/robots.txt").text
    assert "Sitemap: http://localhost/sitemap.xml" in text
    assert "Disallow: /search?*&*&" in text
    assert "Disallow: /zh/search?*&*&" in text
    assert "Disallow: /\n" not in text


def test_a_search_is_a_feed(client: FlaskClient) -> None:
    response = client.get("/search.atom?q=eye&per_page=2")
    assert response.mimetype == "application/atom+xml"
    feed = BeautifulSoup(response.data, "xml")
    total = int(feed.find("totalResults").get_text())
    assert total == len(titles(soup(client.get("/search?q=eye"))))
    assert len(feed.find_all("entry")) == 2
    assert feed.find("link", rel="next")["href"] == "http://localhost/search.atom?q=eye&page=2&per_page=2"
    assert feed.find("entry").find("id").get_text().startswith("tag:localhost,2026:/hospitals/")
    assert feed.find("entry").find("updated").get_text() == "2026-11-22T00:00:00Z"


def test_a_feed_speaks_the_language_of_its_address(client: FlaskClient) -> None:
    feed = BeautifulSoup(client.get("/zh/search.atom?q=renji").data, "xml")
    assert feed.find("entry").find("title").get_text() == "仁济医院"
    city = feed.find("category", scheme="city")
    assert (city["term"], city["label"]) == ("Shanghai", "上海")


def test_a_feed_of_a_hostile_query_is_still_xml(client: FlaskClient) -> None:
    response = client.get("/search.atom", query_string={"q": "]]><x>&\x0b\"'"})
    assert response.status_code == 200
    assert BeautifulSoup(response.data, "xml").find("Query")["searchTerms"] == "]]><x>& \"'"


def test_a_browser_can_take_the_site_as_search_engine(client: FlaskClient) -> None:
    description = BeautifulSoup(client.get("/opensearch.xml").data, "xml")
    assert len(description.find("ShortName").get_text()) <= 16
    templates = {url["type"]: url["template"] for url in description.find_all("Url")}
    assert templates["text/html"].startswith("http://localhost/search?q={searchTerms}")
    address = (
        templates["application/x-suggestions+json"].replace("http://localhost", "").replace("{searchTerms}", "eye")
    )
    response = client.get(address)
    assert response.mimetype == "application/x-suggestions+json"
    query, completions, descriptions, addresses = response.get_json(force=True)
    assert query == "eye"
    assert len(completions) == len(descriptions) == len(addresses) > 0


def test_small_conventions(client: FlaskClient) -> None:
    assert client.get("/favicon.ico").mimetype == "image/svg+xml"
    manifest = client.get("/zh/manifest.webmanifest").get_json(force=True)
    assert manifest["start_url"] == "/zh/"
    assert {client.get(icon["src"]).mimetype for icon in manifest["icons"]} == {"image/svg+xml", "image/png"}
    picture = soup(client.get("/hospitals/renji-hospital")).select_one("meta[property='og:image']")["content"]
    found = client.get(picture.removeprefix("http://localhost"))
    assert found.data.startswith(b"\x89PNG")
    assert int.from_bytes(found.data[16:20]) == int.from_bytes(found.data[20:24]) == 512, "as the page says"
    text = client.get("/.well-known/security.txt").text
    assert "Contact: " in text
    assert "Expires: " in text


def test_security_txt_names_the_contact(tmp_path: Path) -> None:
    client = site_app(tmp_path, contact="security@example.org", site_url="https://med.example/").test_client()
    text = client.get("/.well-known/security.txt").text
    assert "Contact: mailto:security@example.org" in text
    assert "Canonical: https://med.example/.well-known/security.txt" in text
    assert "https://med.example/cities" in client.get("/sitemap.xml").text


def test_the_ranking_page_states_the_weights_that_are_used(client: FlaskClient) -> None:
    ranking = Ranking()
    cells = [cell.text for cell in soup(client.get("/about/ranking")).select("table td")]
    assert cells == [f"{weight:g}" for weight in ranking.field_weights]
    assert f"first {ranking.rerank_window} pages" in client.get("/about/ranking").text


def test_a_panel_without_anything_to_tick_is_not_shown(client: FlaskClient) -> None:
    assert soup(client.get("/search?q=zzqqxx")).select_one(".facets").has_attr("hidden")
    assert not soup(client.get("/search?q=eye")).select_one(".facets").has_attr("hidden")
    chosen = soup(client.get("/search?q=zzqqxx&city=Shanghai")).select_one(".facets")
    assert not chosen.has_attr("hidden"), "a chosen value can be taken back even without a hit"


def test_how_a_name_was_found_is_said_in_chinese_too(client: FlaskClient) -> None:
    for reason in ("exact name", "exact name in pinyin", "name with its words in another order or left out"):
        assert reason in {template for _pattern, template in sayings._REASON_PATTERNS}
    catalog = translations.read("zh")
    assert catalog.get("exact name in pinyin").string == "名称拼音完全一致"


def test_a_remembered_page_is_that_of_the_same_address_host_and_language_only(client: FlaskClient) -> None:
    def ask(address: str, **headers: str) -> str:
        return client.get(address, headers=headers).get_data(as_text=True)

    first = ask("/search?q=eye+hospital&sort=title")
    assert ask("/search?q=eye+hospital&sort=title") == first
    assert ask("/search?sort=title&q=eye+hospital") != ""
    assert "zh/search" in first
    assert ask("/zh/search?q=eye+hospital&sort=title") != first
    offered = ask("/search?q=eye+hospital&sort=title", **{"Accept-Language": "zh"})
    assert offered != first
    assert ask("/search?q=eye+hospital&sort=title") == first
    elsewhere = ask("/search?q=eye+hospital&sort=title", Host="other.example")
    assert "http://other.example/" in elsewhere
    assert "other.example" not in first
    past = client.get("/search?q=eye+hospital&page=900")
    assert past.status_code == client.get("/search?q=eye+hospital&page=900").status_code == 404


def test_an_article_lists_the_questions_it_answers_one_of_each_section_first(client: FlaskClient) -> None:
    page = soup(client.get("/articles/s2-visa"))
    listed = [(link.text, link["href"]) for link in page.select(".answered a")]
    order = (0, 2, 4, 1, 3, 5, 6)
    assert listed == [(VISA_QUESTIONS[n].text, f"#{VISA_QUESTIONS[n].anchor or 'top'}") for n in order]
    assert [link.text for link in page.select(".answered details a")] == [VISA_QUESTIONS[n].text for n in (5, 6)]
    assert page.select_one(".answered summary").text == "2 more questions"
    assert "本页回答的问题" in client.get("/zh/articles/s2-visa").text
    first = data_of(page)["@graph"][0]["mainEntity"][0]
    assert (first["name"], first["acceptedAnswer"]["url"].partition("/articles/")[2]) == (
        "Where do I apply for an S2 visa?",
        "s2-visa#the-short-answer",
    )
    assert not soup(client.get("/articles/eye-care-in-shanghai")).select(".answered")


def test_a_result_that_answers_what_was_asked_says_so_and_leads_there(client: FlaskClient) -> None:
    hit = soup(client.get("/search?q=where+to+apply+for+S2+visa")).select_one(".hits article")
    link = hit.select_one(".section-link a")
    assert link.text == "Where do I apply for an S2 visa?"
    assert link["href"].endswith("/articles/s2-visa?q=where%20to%20apply%20for%20S2%20visa#the-short-answer")
    answers = client.get("/api/v1/search?q=where+to+apply+for+S2+visa").json["hits"][0]["answers"]
    assert answers == {"question": "Where do I apply for an S2 visa?", "anchor": "the-short-answer"}
    assert client.get("/api/v1/search?q=embassy").json["hits"][0]["answers"] is None
