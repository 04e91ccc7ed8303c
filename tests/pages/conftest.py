"""The companies that page tests only read, made once, and the driver that opens their pages."""

import pytest

from dashboard.texts import set_language
from dashboard.web import wiring
from tests.journeys.company import make_company
from tests.pages.opening import open_page


@pytest.fixture(scope="session")
def company(tmp_path_factory):
    """The small company. Whoever changes it copies it first."""
    return make_company(tmp_path_factory.mktemp("company") / "home")


@pytest.fixture(scope="session")
def nothing(tmp_path_factory):
    """A company to which nothing has come yet."""
    return make_company(tmp_path_factory.mktemp("nothing") / "home", filled=False)


@pytest.fixture(autouse=True)
def _chinese():
    """A page leaves its language behind; the driver names choices in it."""
    set_language("zh")


@pytest.fixture
def opened():
    """`opened(home, page, person, **parameters)` runs a page; no other test meets its application."""
    yield open_page
    wiring.forget()
