"""A site's own rules: added to ours when they are right, refused with the place when not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tracer.causes import built_in, catalog
from tracer.causes.catalog import Example
from tracer.causes.teaching import file_name, heard_words, rule_file, suggested
from tracer.errors import ConfigError
from tracer.explain import classify, explain_by, label
from tracer.model import Outcome
from tracer.site_rules import add, prove, use

REPLY = "host mx.zz.example[192.0.2.9] said: 550 <bob@zz.example> De zolder zit tjokvol 12"
RULE = """\
id = "mailbox_full"

[[match]]
level = "phrase"
text = ["de zolder zit tjokvol"]

[[example]]
reply = "550 De zolder zit tjokvol"
"""
OWN = """\
id = "attic_full"
side = "recipient"
urgency = "none"
severity = "soft"
reference = [{ text = "The attic", url = "https://attic.example/" }]
[[match]]
level = "phrase"
text = ["de zolder zit tjokvol"]
[[example]]
reply = "550 De zolder zit tjokvol"
[en]
title = "Attic is full"
headline = "The attic of {recipient} is full."
steps = [["Clear", " it."]]
tell_user = "a"
tell_their_admin = "b"
[ru]
title = "Чердак переполнен"
headline = "Чердак получателя {recipient} переполнен."
steps = [["Разберите", " его."]]
tell_user = "а"
tell_their_admin = "б"
"""


@pytest.fixture(autouse=True)
def own_causes() -> Iterator[None]:
    """Every test begins and ends with our own causes."""
    explain_by(built_in())
    yield
    explain_by(built_in())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "causes.d"
    made.mkdir()
    return made


def cause() -> str:
    return classify(Outcome.BOUNCED, REPLY, "5.0.0", "RCPT", "postfix/smtp")


def write(folder: Path, text: str, name: str = "attic") -> None:
    (folder / f"{name}.toml").write_text(text, "utf-8")


def test_rule_of_the_site_gives_a_reply_its_cause(folder: Path) -> None:
    assert cause() == "unknown"
    write(folder, RULE)
    assert [file.name for file in use(folder)] == ["causes.d/attic.toml"]
    assert cause() == "mailbox_full"


def test_site_may_have_a_cause_of_its_own_and_add_to_it(folder: Path) -> None:
    write(folder, OWN, "b")
    write(folder, RULE.replace("mailbox_full", "attic_full").replace("zit", "is"), "a")
    with pytest.raises(ConfigError, match="missing required field"):
        use(folder)  # two files of one cause: the second one must be whole, or in the first
    (folder / "a.toml").unlink()
    use(folder)
    assert cause() == "attic_full"
    assert label("attic_full", "ru") == "Чердак переполнен"


def test_folder_that_is_not_there_leaves_our_causes(tmp_path: Path) -> None:
    assert use(tmp_path / "causes.d") == ()
    assert catalog() == built_in()


@pytest.mark.parametrize(
    ("was", "becomes", "complaint"),
    [
        ('reply = "550 De zolder', 'reply = "550 De kelder', r"attic\.toml:7: example 1 gets"),
        ('"de zolder zit tjokvol"', '"user unknown"', r"attic\.toml:7: example 1"),
        ('["de zolder', '["user unknown", "de zolder', r"attic\.toml:3: this rule takes over"),
        ('["de zolder', '["De zolder', r"attic\.toml: match 1: .*lower case"),
        ('level = "phrase"', 'level = "sure"', r"attic\.toml: match 1: `level`"),
        ('level = "phrase"', 'level = "phrase', r"attic\.toml: not TOML .*line 4"),
        ("[[example]]", "[[not_example]]", r"attic\.toml: .*example"),
        ("[[match]]", 'title = "x"\n[[match]]', r"attic\.toml: .*`title`.*cause of your own"),
        ('"mailbox_full"', '"Mailbox"', r"attic\.toml: "),
    ],
)
def test_wrong_rule_is_refused_with_its_place(
    folder: Path, was: str, becomes: str, complaint: str
) -> None:
    assert was in RULE
    write(folder, RULE.replace(was, becomes, 1))
    with pytest.raises(ConfigError, match=rf"^causes\.d/{complaint}"):
        use(folder)
    assert cause() == "unknown"
    assert catalog() == built_in()


def test_counter_example_that_gets_the_cause_is_refused(folder: Path) -> None:
    write(folder, RULE + '[[not_example]]\nreply = "550 Nu: de zolder zit tjokvol"\n')
    with pytest.raises(ConfigError, match=r"^causes\.d/attic\.toml:9: not_example 1"):
        use(folder)


def test_proving_a_file_does_not_put_it_in_force(folder: Path) -> None:
    assert "mailbox_full" in prove(folder, "attic", RULE)
    assert cause() == "unknown"
    assert not list(folder.iterdir())


def test_added_file_is_in_force_at_once_and_never_overwrites(tmp_path: Path) -> None:
    folder = tmp_path / "causes.d"
    first = add(folder, "attic", RULE)
    second = add(folder, "attic", RULE.replace("tjokvol", "propvol"))
    assert cause() == "mailbox_full"
    assert (first.name, second.name) == ("attic.toml", "attic-2.toml")
    assert "tjokvol" in first.read_text("utf-8")


def test_suggested_words_leave_out_names_and_numbers() -> None:
    example = Example(REPLY, "5.0.0", "RCPT", "postfix/smtp")
    assert heard_words(example) == "@ de zolder zit tjokvol 12"
    assert suggested(example) == "de zolder zit tjokvol"


def test_taught_file_names_nobody_and_proves_itself(folder: Path) -> None:
    example = Example(REPLY, "5.0.0", "RCPT", "postfix/smtp")
    text = rule_file("mailbox_full", [suggested(example)], example)
    assert "bob" not in text and "192.0.2.9" not in text
    add(folder, file_name("mailbox_full", suggested(example)), text)
    assert cause() == "mailbox_full"


def test_strange_letters_make_no_other_toml(folder: Path) -> None:
    words = 'tjok "vol" \\ \x7f ]]'
    text = rule_file("mailbox_full", [words], Example(f"550 {words}"))
    prove(folder, "odd", text)
