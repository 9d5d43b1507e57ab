"""A project without specs must not notice that the plugin is installed."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = """
import pytest
def test_passes(): pass
def test_fails(): assert 1 == 2
@pytest.mark.xfail
def test_expected(): assert False
@pytest.mark.skip(reason="later")
def test_skipped(): pass
"""


@pytest.fixture
def ordinary(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyfile(test_it=TESTS)
    (pytester.path / "config.yaml").write_text("kind: Deployment\nmetadata: {name: x}\n")
    (pytester.path / "fixtures").mkdir()
    (pytester.path / "fixtures" / "models.yaml").write_text("gpt:\n  layers: 12\n")
    (pytester.path / "fixtures" / "case.yaml").write_text("kind: identity\nthis: is not ours\n")
    return pytester


def _stable(text: str) -> list[str]:
    """The output without what differs from run to run, and without the plugins line."""
    lines = [re.sub(r"in \d+\.\d+s( \(.*?\))?", "in Ns", line) for line in text.splitlines()]
    lines = [re.sub(r"0x[0-9a-f]+|\[gw\d\]( \[ *\d+%\])?", "", line) for line in lines]
    return [re.sub(r"=+", "=", line) for line in lines if not line.startswith("plugins:")]


@pytest.mark.parametrize("arguments", [[], ["-v"], ["-n", "2", "-v"], ["--collect-only"]])
def test_its_output_and_exit_status_are_the_same_with_the_plugin(
    ordinary: pytest.Pytester, arguments: list[str]
) -> None:
    base = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", *arguments]
    without = ordinary.run(*base, "-p", "no:distill_tests.plugin")
    with_it = ordinary.run(*base, "-p", "distill_tests.plugin")
    assert sorted(_stable(with_it.stdout.str())) == sorted(_stable(without.stdout.str()))
    assert with_it.ret == without.ret
    names = {path.name for path in ordinary.path.iterdir()}
    assert not names & {"reports", ".distill-tests"}


def test_nothing_heavy_is_imported_for_it(ordinary: pytest.Pytester) -> None:
    ordinary.makeconftest("""
        import sys
        def pytest_unconfigure(config):
            heavy = {"yaml", "jsonschema", "sqlite3", "httpx", "openai", "anthropic", "sklearn", "xllamacpp",
                     "distill_tests.session", "distill_tests.specfile", "distill_tests.engine"}
            print("heavy:", sorted(heavy & set(sys.modules)))
    """)
    command = [sys.executable, "-m", "pytest", "-p", "distill_tests.plugin", "-p", "no:cacheprovider",
               "-p", "no:schemathesis", "-s"]  # fmt: skip
    result = ordinary.run(*command)
    result.stdout.fnmatch_lines(["heavy: [[][]]"])


def test_its_help_has_the_options_with_our_prefix_only(ordinary: pytest.Pytester) -> None:
    result = ordinary.run(sys.executable, "-m", "pytest", "-p", "distill_tests.plugin", "--help")
    assert "--distill-target" in result.stdout.str()
    assert "--target" not in result.stdout.str().replace("--distill-target", "")
