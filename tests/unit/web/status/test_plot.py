"""The plot of a judged deployment."""

import xml.etree.ElementTree as ET

from tidegate.web.status.plot import Sample, draw, draw_bake

SAMPLES = [
    Sample(5, 1.0, 0.9, -0.2, 0.1),
    Sample(25, None, None, None, None),
    Sample(25, 12.0, 0.8, 99.0, -99.0, "roll_back"),
]
Y = "M52.0 "


def drawn(samples: list[Sample], where: str = "r in prod", metric: str = "5xx") -> ET.Element:
    return ET.fromstring(str(draw(samples, where, metric)))


def test_it_is_one_picture_with_a_name_and_three_panels():
    picture = drawn(SAMPLES)

    assert picture.get("role") == "img"
    assert "r in prod" in (picture.get("aria-label") or "")
    texts = [each.text for each in picture.iter("text")]
    assert "Weight of the canary, percent" in texts
    assert "5xx, percent of the requests" in texts
    assert "Evidence, natural logarithm" in texts
    assert texts[-2:] == ["period 1", "period 3"]


def test_weights_go_in_steps_and_curves_have_gaps_where_nothing_is_known():
    paths = [
        each.get("d") or "" for each in drawn(SAMPLES).iter("path") if "h20" not in (each.get("d") or "")
    ]

    assert "H" in paths[0]
    assert paths[1].count("M") == 2


def test_values_beyond_a_panel_lie_at_its_edge():
    heights = [
        float(part.split()[1].split("h")[0])
        for path in drawn(SAMPLES).iter("path")
        for part in (path.get("d") or "").replace("L", "M").split("M")
        if " " in part and "h20" not in part
    ]

    assert max(heights) <= 24 + 3 * 96 + 2 * 36
    assert min(heights) >= 24


def test_it_has_no_colour_and_no_style_of_its_own_and_escapes_what_it_is_told():
    text = str(draw(SAMPLES, "<r>\"'&", "</text><script>"))

    assert "<script" not in text
    assert "style=" not in text
    assert "#" not in text.replace("&#", "")
    ET.fromstring(text)


def test_without_a_period_it_says_so():
    texts = [each.text for each in drawn([]).iter("text")]

    assert "no period was judged" in texts
    assert drawn([SAMPLES[0]]).findall("path")


def test_a_bake_has_what_is_tolerated_beside_green_and_no_weight():
    samples = [Sample(None, 0.3, 1.0, -0.4, 4.6), Sample(None, 10.5, 1.0, 7.2, 4.6, "roll_back")]

    picture = ET.fromstring(str(draw_bake(samples, "r in prod", "errors")))

    texts = [each.text or "" for each in picture.iter("text")]
    assert [each for each in texts if "percent" in each] == ["errors, percent of the requests"]
    assert {"green", "tolerated", "of more", "limit"} <= set(texts)
    assert not {"canary", "stable", "of none"} & set(texts)
