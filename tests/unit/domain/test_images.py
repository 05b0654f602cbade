"""Image references, and which images make one release."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.domain.images import (
    ImageName,
    ImageRef,
    WaitingForImages,
    digest_set_hash,
    fed_containers,
    is_digest,
    parse_image,
    pinned,
    release_images,
)
from tidegate.domain.service import ImageSource, TagRule

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ANY = TagRule(pattern="*")
VERSIONS = TagRule(semver="^1")
URI = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/web"


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def image(
    repository: str, tag: str | None, minute: int = 0, number: int = 1, status: str = "ACTIVE"
) -> ImageRef:
    return ImageRef(repository, digest(number), tag, NOON + timedelta(minutes=minute), status)


WEB_AND_API = {"web": ImageSource("web", ANY), "api": ImageSource("api", ANY)}


def test_newest_takes_the_newest_wanted_image_of_each_repository():
    # Given a repository whose newest image has a tag that nobody wants, and another one
    containers = {"web": ImageSource("web", VERSIONS), "api": ImageSource("api", ANY)}
    web = [
        image("web", "1.0.0", 0),
        image("web", "1.1.0", 5),
        image("web", "2.0.0", 9),
        image("web", "latest", 9),
    ]
    api = [image("api", "b", 3), image("api", "a", 2)]
    # Then each container gets its newest wanted one
    assert release_images(containers, "newest", {"web": web, "api": api}) == {"web": web[1], "api": api[0]}


def test_newest_means_pushed_last_and_not_the_highest_version():
    # Given a fix of an old version, pushed after a newer version
    images = [image("web", "1.9.0", 0), image("web", "1.2.1", 5)]
    chosen = release_images({"web": ImageSource("web", VERSIONS)}, "newest", {"web": images})
    assert chosen == {"web": images[1]}


def test_of_several_tags_of_one_image_the_highest_version_names_it():
    # Given one push with three tags
    images = [image("web", tag) for tag in ("1.10.0", "1.9.0", "stable")]
    assert release_images({"web": ImageSource("web", ANY)}, "newest", {"web": images}) == {"web": images[0]}


@given(st.permutations(["green", "blue", "stable"]))
def test_of_several_words_for_one_image_always_the_same_names_it(words):
    images = [image("web", word) for word in words]
    chosen = release_images({"web": ImageSource("web", ANY)}, "newest", {"web": images})
    assert chosen == {"web": image("web", "stable")}


def test_without_a_wanted_image_a_release_waits_and_says_for_what():
    waiting = release_images(WEB_AND_API, "newest", {"web": [image("web", "x")]})
    assert waiting == WaitingForImages(
        "Waiting for companions: repository api has no image that container api wants yet.", ("api",)
    )


def test_same_tag_waits_until_every_repository_has_the_newest_tag():
    # Given a new tag in one of two repositories
    web = [image("web", "r1", 0), image("web", "r2", 10)]
    api = [image("api", "r1", 1)]
    # Then the release waits, although an older tag is complete
    assert release_images(WEB_AND_API, "same_tag", {"web": web, "api": api}) == WaitingForImages(
        "Waiting for companions: repository api has no tag r2 yet.", ("api",)
    )
    # And when the companion has come, it is one release
    api.append(image("api", "r2", 12))
    assert release_images(WEB_AND_API, "same_tag", {"web": web, "api": api}) == {"web": web[1], "api": api[1]}


def test_same_tag_follows_the_image_that_was_chosen():
    # Given an operator who asks for an older image, while newer ones are there
    web = [image("web", "r1", 0), image("web", "r2", 10)]
    api = [image("api", "r1", 1), image("api", "r2", 12)]
    chosen = release_images(WEB_AND_API, "same_tag", {"web": web, "api": api}, {"web": web[0]})
    assert chosen == {"web": web[0], "api": api[0]}


def test_same_tag_cannot_find_companions_of_an_image_without_a_tag():
    # Given an image asked for by digest that has no tag
    untagged = image("web", None)
    waiting = release_images(WEB_AND_API, "same_tag", {"api": [image("api", "r1")]}, {"web": untagged})
    assert isinstance(waiting, WaitingForImages)
    assert waiting.repositories == ("api",)


def test_a_chosen_image_is_taken_whatever_the_rule_says():
    hotfix = image("web", "hotfix-20261123-1200", 1, number=7)
    available = {"web": [image("web", "1.0.0", 5)]}
    containers = {"web": ImageSource("web", VERSIONS)}
    assert release_images(containers, "newest", available, {"web": hotfix}) == {"web": hotfix}


def test_archived_images_are_not_taken():
    # Given a newest image that cannot be pulled
    images = [image("web", "1.0.0", 0), image("web", "1.1.0", 5, status="ARCHIVED")]
    assert release_images({"web": ImageSource("web", ANY)}, "newest", {"web": images}) == {"web": images[0]}


def test_a_tag_feeds_the_containers_that_want_it():
    # Given one repository for two containers with different rules
    containers = {
        "app": ImageSource("shop", VERSIONS),
        "debug": ImageSource("shop", TagRule(pattern="debug-*")),
        "copy": ImageSource("shop", ANY),
        "other": ImageSource("else", ANY),
    }
    assert fed_containers(containers, "shop", "1.2.3") == ("app", "copy")
    assert fed_containers(containers, "shop", "debug-1") == ("copy", "debug")
    assert fed_containers(containers, "nobody", "1.2.3") == ()


@given(st.permutations([image("web", f"t{index}", index % 3, index) for index in range(6)]))
def test_the_order_in_which_images_are_listed_does_not_matter(images):
    expected = image("web", "t5", 2, 5)
    assert release_images({"web": ImageSource("web", ANY)}, "newest", {"web": images}) == {"web": expected}


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("nginx", ImageName(None, "nginx")),
        ("nginx:1.27", ImageName(None, "nginx", "1.27")),
        ("library/nginx", ImageName(None, "library/nginx")),
        (f"{URI}@{digest(1)}", ImageName(URI.split("/", maxsplit=1)[0], "shop/web", None, digest(1))),
        (f"{URI}:1.0@{digest(1)}", ImageName(URI.split("/", maxsplit=1)[0], "shop/web", "1.0", digest(1))),
        ("localhost:5000/web:1", ImageName("localhost:5000", "web", "1")),
        ("localhost/web", ImageName("localhost", "web")),
        ("registry.example:443/a/b", ImageName("registry.example:443", "a/b")),
        ("", ImageName(None, "")),
    ],
)
def test_references_are_taken_apart(reference, parts):
    assert parse_image(reference) == parts


def test_a_pinned_reference_names_the_digest():
    assert pinned(URI, digest(5)) == f"{URI}@{digest(5)}"
    assert parse_image(pinned(URI, digest(5))).digest == digest(5)


@pytest.mark.parametrize("text", ["", "latest", "sha256:abc", "sha256:" + "A" * 64, digest(1) + "\n"])
def test_what_is_no_digest_cannot_be_pinned(text):
    assert not is_digest(text)
    with pytest.raises(ValueError, match="is no image digest"):
        pinned(URI, text)


@given(st.dictionaries(st.text(max_size=5), st.integers(0, 5).map(digest), max_size=4))
def test_equal_sets_of_digests_have_equal_hashes_and_others_have_not(digests):
    again = dict(reversed(digests.items()))
    assert digest_set_hash(again) == digest_set_hash(digests)
    assert digest_set_hash({**digests, "new": digest(9)}) != digest_set_hash(digests)
    assert len(digest_set_hash(digests)) == 64
