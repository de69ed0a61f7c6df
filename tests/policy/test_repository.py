"""House rules that a machine can check over the whole tree."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("tracer", "collectors", "webui")
FOLDERS = (*PACKAGES, "tests", "docs", "bench", ".ci")
EVIDENCE = (ROOT / "tests" / "corpus", ROOT / "tests" / "system", ROOT / "webui" / "static")
MAX_LINES, MAX_FUNCTION_LINES, MAX_OCTETS = 400, 40, 1_000_000
FORBIDDEN = {"utils", "util", "helpers", "helper", "common", "manager"}
MARKS = ("TO" + "DO", "FIX" + "ME", "X" + "XX")
FOREIGN = ("../" + "shared", "/" + "work/", "/root" + "/.", "/opt/" + "wheels")


def tree() -> Iterator[Path]:
    """Every file of the project, whether git knows it yet or not."""
    yield from (path for path in ROOT.iterdir() if path.is_file())
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def none(found: Iterable[str]) -> None:
    """Fails and names each of what was found."""
    named = list(found)
    assert not named, "\n" + "\n".join(named)


def text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def section(text: str, start: str, end: str) -> list[str]:
    return text.partition(start)[2].partition(end)[0].splitlines()


def project() -> dict[str, object]:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return dict(table["project"])


def test_no_source_file_is_long() -> None:
    lines = {shown(path): len(path.read_text("utf-8").splitlines()) for path in sources()}
    none(f"{name}: {count} lines" for name, count in lines.items() if count > MAX_LINES)


def test_no_function_is_long() -> None:
    found = [
        f"{shown(path)}:{function.lineno} {function.name}"
        for path in sources()
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno >= MAX_FUNCTION_LINES
    ]
    none(found)


def test_no_function_imports_our_own_packages() -> None:
    found = [
        f"{shown(path)}:{node.lineno}"
        for path in sources()
        for function in functions(path)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None) or node.names[0].name]
        if name.partition(".")[0] in PACKAGES
    ]
    none(found)


def test_no_module_has_a_name_that_says_nothing() -> None:
    none(shown(path) for path in tree() if path.stem in FORBIDDEN)


def test_nothing_is_left_open_in_the_code() -> None:
    found = [
        f"{shown(path)}: {mark}"
        for path in sources()
        for mark in MARKS
        if re.search(rf"\b{mark}\b", path.read_text("utf-8"))
    ]
    none(found)


def test_nothing_names_a_place_on_one_machine() -> None:
    found = [
        f"{shown(path)}: {foreign}"
        for path in tree()
        if not path.is_relative_to(ROOT / "tests" / "corpus")
        for foreign in FOREIGN
        if foreign in (text_of(path) or "")
    ]
    none(found)


def test_no_file_is_large() -> None:
    none(shown(path) for path in tree() if path.stat().st_size > MAX_OCTETS)


def test_every_text_ends_with_one_newline() -> None:
    found = [
        shown(path)
        for path in tree()
        if not any(path.is_relative_to(place) for place in EVIDENCE)
        for text in [text_of(path)]
        if text and (not text.endswith("\n") or text.endswith("\n\n"))
    ]
    none(found)


@pytest.mark.parametrize("start", ["dependencies = [", "dev = ["])
def test_every_dependency_has_a_reason_beside_it(start: str) -> None:
    lines = section((ROOT / "pyproject.toml").read_text("utf-8"), f"\n{start}", "\n]")
    wanted = [line for line in lines if line.strip()]
    assert wanted
    none(line for line in wanted if not re.search(r'",  # \w.{9}', line))


def test_every_dependency_is_locked_with_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    wanted = [re.match(r"[\w-]+", str(line)) for line in project()["dependencies"]]  # type: ignore[attr-defined]
    none(one[0] for one in wanted if one and f"\n{one[0]}==" not in f"\n{lock}")
    pins = re.findall(r"^[\w-]+==.*(?:\n .*)*", lock, flags=re.MULTILINE)
    none(pin for pin in pins if "--hash=sha256:" not in pin)


def test_the_lock_for_tests_pins_the_same_versions() -> None:
    pins = {
        name: set(re.findall(r"^[\w-]+==[^ ;]+", (ROOT / name).read_text("utf-8"), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    }
    none(pins["requirements.lock"] - pins["requirements-dev.lock"])


def test_the_architecture_page_stays_short() -> None:
    page = ROOT / "ARCHITECTURE.md"
    assert not page.exists() or len(page.read_text("utf-8").splitlines()) <= 150


def test_the_readme_starts_with_the_two_commands() -> None:
    first_screen = (ROOT / "README.md").read_text("utf-8").splitlines()[:40]
    assert {"make run", "make test"} <= {line.split("#")[0].strip() for line in first_screen}


def test_every_link_of_a_page_leads_to_a_file() -> None:
    pages = [path for path in tree() if path.suffix == ".md"]
    found = [
        f"{shown(page)}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8"))
        if "://" not in link and not (page.parent / link).exists()
    ]
    none(found)


def test_every_page_of_the_documentation_is_linked_from_the_top() -> None:
    tops = "".join((ROOT / name).read_text("utf-8") for name in ("README.md", "CONTRIBUTING.md"))
    pages = [shown(page) for page in (ROOT / "docs").glob("*.md")]
    none(page for page in pages if f"]({page})" not in tops)
