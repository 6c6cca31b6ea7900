"""The page's files."""

import re
from urllib.parse import urljoin, urlsplit

import pytest

from predict.static import page_file
from tests.unit.functions.api import ROOT, Api


def test_the_page_runs_its_own_scripts_only() -> None:
    api = Api()
    page = api.call("GET", "/")
    assert page.kind == "text/html; charset=utf-8"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script>|<style|style=|\son[a-z]+=|(src|href)=\"(https?:|//)", page.document)
    for name in re.findall(r'(?:src|href)="(page/[^"]+)"', page.document):
        assert api.call("GET", f"/{name}").status == 200, name
    assert api.loaded == 0


def test_each_module_that_a_script_imports_is_served() -> None:
    api = Api()
    waiting, served = ["app.js", "review.js"], set[str]()
    while waiting:
        name = waiting.pop()
        script = api.call("GET", f"/page/{name}")
        assert (script.status, script.kind) == (200, "text/javascript; charset=utf-8"), name
        served.add(name)
        imported = re.findall(r'^(?:import .*|\}) from "\./([^"/]+)";$', script.document, re.MULTILINE)
        waiting += set(imported) - served
    assert served == {path.name for path in (ROOT / "functions/predict/page").glob("*.js")}


def test_the_page_finds_its_files_without_a_slash_at_the_end() -> None:
    assert "<base" not in str(page_file("index.html").body)
    assert '<base href="/prod/">' in str(page_file("index.html", base="/prod/").body)


def test_the_page_of_a_review_finds_its_files_at_the_apis_root() -> None:
    api = Api()
    page = api.call("GET", "/runs/r-1/review").document
    (base,) = re.findall(r'<base href="([^"]+)">', page)
    for name in re.findall(r'(?:src|href)="(page/[^"]+)"', page):
        assert api.call("GET", urlsplit(urljoin(f"https://e.org/runs/r-1/{base}", name)).path).status == 200


@pytest.mark.parametrize("name", ["app.py", "nothing.js", "%2e%2e%2fapp.py"])
def test_nothing_but_the_pages_files_is_served(name: str) -> None:
    answered = Api().call("GET", f"/page/{name}")
    assert answered.problem == (404, "not-found")
