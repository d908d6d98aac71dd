"""Every page with all its samples: nothing that axe-core objects to, narrow and wide, light and dark; and no sideways scrolling on
the narrowest phone, in any language, from the left and from the right."""

import itertools

import pytest

from accessibility import Axe
from samples import draw, served
from test_look import SCHEMES, WIDTHS, choose_scheme, resize

LANGUAGES = ("de", "en", "es", "fr", "nl", "pt-BR")

TOO_WIDE = """
document.documentElement.dir = arguments[0];
const root = document.documentElement;
const outside = [...document.querySelectorAll(".card *")].filter((one) => {
  const box = one.getBoundingClientRect();
  return !one.closest(".unseen") && box.width > 0 && (box.left < -0.5 || box.right > innerWidth + 0.5);
});
return [root.scrollWidth, outside.map((one) => one.outerHTML.slice(0, 120))];
"""


@pytest.fixture(scope="module", params=LANGUAGES)
def drawn(request, tmp_path_factory):
    """A language, the address of its pages, and their names."""
    folder = tmp_path_factory.mktemp("samples")
    names = draw(folder, request.param)
    with served(folder) as address:
        yield request.param, address, names


@pytest.fixture
def looking(browser):
    yield browser
    browser.cdp("Emulation.clearDeviceMetricsOverride")
    browser.cdp("Emulation.setEmulatedMedia", features=[])


def test_nothing_is_in_the_way_of_anybody_and_everything_fits(looking, drawn):
    language, address, names = drawn
    # The words change nothing about the colours.
    in_all = language == "en"
    looks = list(itertools.product(WIDTHS.items(), SCHEMES)) if in_all else [((360, 740), "light")]
    without = () if in_all else ("color-contrast",)
    axe, found = Axe(looking), []
    with axe.on_every_page():
        for name in names:
            looking.driver.get(f"{address}/{name}")
            for (width, height), scheme in looks:
                resize(looking, width, height)
                choose_scheme(looking, scheme)
                found += [f"{name} {width} {scheme} {one}" for one in axe.violations(without)]
            found += [f"{name} {one}" for one in sticking_out(looking)]
    assert len(names) > 50
    assert not found, "\n".join(found)


def sticking_out(looking):
    """What does not fit on the narrowest phone, from the left and from the right."""
    resize(looking, 320, 640)
    for direction in ("ltr", "rtl"):
        wide, outside = looking.driver.execute_script(TOO_WIDE, direction)
        if wide > 320 or outside:
            yield f"{direction}: {wide} {outside}"


def test_axe_would_object(looking, tmp_path):
    draw(tmp_path, "en")
    with served(tmp_path) as address:
        looking.driver.get(f"{address}/sign-in.html")
        looking.driver.execute_script("document.documentElement.lang = ''; document.querySelector('h1').remove()")
        axe = Axe(looking)
        axe.enter()
        objections = " ".join(axe.violations())
    assert "html-has-lang" in objections and "page-has-heading-one" in objections, objections


def test_what_sticks_out_would_be_found(looking, tmp_path):
    draw(tmp_path, "en")
    with served(tmp_path) as address:
        looking.driver.get(f"{address}/sign-in.html")
        looking.driver.execute_script("document.querySelector('h1').style.minWidth = '400px'")
        assert len(list(sticking_out(looking))) == 2
