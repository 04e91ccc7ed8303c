"""Opening a page in Streamlit's own test driver, and reading it as a person does."""

import html
import re
from pathlib import Path

from streamlit.testing.v1 import AppTest

from dashboard.web import wiring
from tests.journeys.company import PERIOD, PERSON

APP = Path(__file__).parents[2] / "dashboard" / "app.py"


def open_page(home, page="today", person=PERSON, **parameters):
    """The page of a company's folder, run as this person (None: nobody chosen yet). It failed nowhere."""
    wiring.forget()
    wiring.use_folder(home)
    return run_page(page, person, **parameters)


def run_page(page, person=PERSON, **parameters):
    """The same for the application that is already wired."""
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.query_params.update({"period": PERIOD, **parameters})
    if person:
        app.session_state["mingcha_person"] = person
    app.run()
    if page != "today":
        app.switch_page(f"../pages/{page}.py").run()
    assert not app.exception, app.exception
    return app


def markup_of(app):
    assert not app.exception, app.exception
    return "".join(element.proto.body for element in app.get("html"))


def words_of(markup):
    """What a person reads of markup: no tags, no styles, one blank between words."""
    text = re.sub(r"<style>.*?</style>", "", markup, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))


def text_of(app):
    return words_of(markup_of(app))


def press(app, label):
    """Click the button whose words contain these; the text of the page then."""
    next(one for one in app.button if label in one.label).click().run()
    return text_of(app)
