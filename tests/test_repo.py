"""What may stand in the repository at all: names at the top, no secrets, nothing of one machine."""

import ast
import os
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOP_LEVEL = {
    *("firmware", "gateway", "hardware", "tools", "tests", "docs"),
    *("pyproject.toml", "README.md", "Makefile", "LICENSE"),
}

# Written so that no pattern matches its own source.
FORBIDDEN = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE[ ]KEY-----",
    "a cloud or forge token": r"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_\w{36}|glpat-[\w-]{20}|xox[bp]-[\w-]{20,})",
    "a path of one machine": r"(?<![\w.$})])/(?:work|root|home/\w+)/|/tmp[/]w\b",
    "the address of a package registry": (
        r"\b(?:pypi|pythonhosted|npmjs|debian)[.](?:org|net|com)\b|\bpkg[.]dev\b"
    ),
    "an exception from a checker without its reason beside it": (
        r"# (?:noqa(?:: [A-Z0-9, ]+)?|type: ignore(?:\[[\w, -]+\])?|pragma: [\w ]+)\s*$"
    ),
    "a document that is not here": (
        r"(?<![\w/-])shared[/]|"
        r"\b(?:BASELINES|CONTRACTS|DECISIONS|DESIGN|FACTS|FIELD_RULES|LESSONS|PEOPLE_RULES|RECIPES|SCENARIO|"
        r"STYLE|TEXTS)[.]md\b"
    ),
}
# A literal that looks like a key: 128 bits or more of hexadecimal beside a telling name. Tests may make them up.
KEY_LITERAL = re.compile(r"(?i)\b\w*(?:key|secret|token|passw\w*)['\"]?\s*[:=]\s*b?['\"][0-9a-f]{32,}['\"]")
LOCKS = ("demo", "dev", "stubs")


@cache
def tracked() -> tuple[str, ...]:
    """Every file of the repository, and those that are about to be: not ignored, not deleted."""
    command = "git -c safe.directory=* ls-files -z --cached --others --exclude-standard"
    listed = subprocess.run(command.split(), cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(sorted(name for name in set(listed.split("\0")) if name and (ROOT / name).is_file()))


def text_of(name: str) -> str:
    """The file's text; empty for a picture or another binary file."""
    data = (ROOT / name).read_bytes()
    return "" if b"\0" in data else data.decode()


def faults(pattern: str) -> list[str]:
    """Name and line of every match in any file."""
    search = re.compile(pattern).search
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name in tracked()
        for number, line in enumerate(text_of(name).splitlines(), 1)
        if search(line)
    ]


def test_top_level_holds_only_what_belongs_there() -> None:
    """The first listing a newcomer sees stays short: nothing new at the top, dot-files aside."""
    top = {name.partition("/")[0] for name in tracked()}
    assert {name for name in top if not name.startswith(".")} <= TOP_LEVEL


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    """No secret, and nothing that is true on one machine or in one workplace only, is ever published."""
    found = faults(FORBIDDEN[what])
    assert not found, f"{what}:\n" + "\n".join(found)


def test_no_key_is_written_down_outside_the_tests() -> None:
    """Keys are made on the spot; none stands in code, configuration or documents."""
    published = [name for name in tracked() if not name.startswith("tests/")]
    assert not [name for name in published if KEY_LITERAL.search(text_of(name))]


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a private key", "-----BEGIN RSA PRIVATE" + " KEY-----"),
        ("a path of one machine", "open('/wo" + "rk/main/x')"),
        ("a path of one machine", "cp /ho" + "me/someone/x ."),
        ("the address of a package registry", "--index-url https://py" + "pi.org/simple"),
        ("an exception from a checker without its reason beside it", "import x  # no" + "qa: E402"),
        ("an exception from a checker without its reason beside it", "x()  # type: ig" + "nore[misc] "),
        ("an exception from a checker without its reason beside it", "x = 1  # prag" + "ma: no cover"),
        ("a document that is not here", "see FA" + "CTS.md, section 1"),
        ("a document that is not here", "see share" + "d/notes"),
    ],
)
def test_a_forbidden_line_is_caught(what: str, line: str) -> None:
    """The patterns themselves work: each of these lines would be found."""
    assert re.search(FORBIDDEN[what], line)


def test_a_key_literal_is_caught() -> None:
    """The search for keys works on the way we write them."""
    assert KEY_LITERAL.search('{"generation": 1, "key": "%s"}' % ("0f" * 16))
    assert not KEY_LITERAL.search('key = read("key.json")')


@pytest.mark.parametrize("name", [name for name in tracked() if name.endswith(".sh") or name == ".ci/run"])
def test_scripts_can_be_run(name: str) -> None:
    """Make and continuous integration start scripts by name, so they are executable and say their interpreter."""
    assert os.access(ROOT / name, os.X_OK)
    assert text_of(name).startswith("#!/usr/bin/env bash\n")


def pins(lock: str) -> dict[str, str]:
    """Name to version of everything in a lock."""
    text = (ROOT / f"tools/requirements-{lock}.lock").read_text()
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ ]+)", text, flags=re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_name_version_and_hash_only(lock: str) -> None:
    """What is installed is what was locked, from whichever mirror: each entry has hashes, none an address."""
    text = (ROOT / f"tools/requirements-{lock}.lock").read_text()
    entries = re.split(r"^(?=\w)", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(pins(lock)) > 0
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text


def test_demo_and_tests_run_the_same_versions() -> None:
    """The demo's environment is a part of the developers': what was tested is what is shown."""
    assert pins("demo").items() <= pins("dev").items()


def test_every_test_says_what_it_protects() -> None:
    """A test without a sentence is one that nobody dares to change."""
    silent = [
        f"{name}:{node.lineno} {node.name}"
        for name in tracked()
        if name.startswith("tests/") and name.endswith(".py")
        for node in ast.walk(ast.parse(text_of(name)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert not silent, "\n".join(silent)
