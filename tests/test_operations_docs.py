"""docs/operations.md is tried as written; deploy/ holds what it says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from search_app.settings import Settings
from tests.live import ROOT, medsearch, write_corpus

DOCS = (ROOT / "docs" / "operations.md").read_text("utf-8")
DEPLOY = ROOT / "deploy"


def blocks(heading: str) -> list[str]:
    """The ``sh`` blocks under a heading."""
    section = re.split(r"^## ", DOCS, flags=re.MULTILINE)
    text = next(each for each in section if each.startswith(heading))
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


def run(script: str, tmp_path: Path, **folders: Path) -> str:
    """Run a block with ``medsearch`` on the path; it must succeed."""
    commands = tmp_path / "bin"
    commands.mkdir(exist_ok=True)
    command = commands / "medsearch"
    command.write_text(f"#!{sys.executable}\nfrom search_app.cli import main\n\nmain()\n")
    command.chmod(0o755)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PATH": f"{commands}:{os.environ['PATH']}",
        **{k.upper(): str(v) for k, v in folders.items()},
    }
    done = subprocess.run(
        ["sh", "-euc", script], capture_output=True, text=True, cwd=ROOT, env=environment, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_backup_restore_and_rollback_work_as_written(tmp_path: Path) -> None:
    write_corpus(tmp_path / "one", 0)
    write_corpus(tmp_path / "two", 1)
    index = tmp_path / "index"
    for corpus in ("one", "two"):
        assert medsearch("index", "build", "--corpus", tmp_path / corpus, "--index", index).returncode == 0
    (rollback,) = blocks("Rollback")
    backup, restore = blocks("Backup")
    run(backup, tmp_path, corpus=tmp_path / "two", index=index, backup=tmp_path / "backup")
    rolled = run(rollback, tmp_path, index=index)
    assert "Serving generation 000001" in rolled
    assert "24 documents" in rolled
    shutil.rmtree(index)
    shutil.rmtree(tmp_path / "two")
    restored = run(restore, tmp_path, corpus=tmp_path / "two", index=index, backup=tmp_path / "backup")
    assert "000002-" in restored
    assert "whole, 25 documents" in restored
    assert "Nothing has changed in generation 000002-" in restored


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_the_shell_completes_as_written(tmp_path: Path) -> None:
    line = next(each for each in DOCS.splitlines() if "_MEDSEARCH_COMPLETE=bash_source" in each)
    script = f"""
    {line}
    complete -p medsearch | grep -q -- '-F _medsearch_completion' || exit 9
    offered() {{
        COMPREPLY=(); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        _medsearch_completion medsearch; echo "${{COMPREPLY[*]}}"
    }}
    offered medsearch ind; offered medsearch queries t; offered medsearch search eye --sor
    """
    assert run(f"bash -euc {shlex.quote(script)}", tmp_path).splitlines() == ["index", "top", "--sort"]


def test_every_setting_is_described_with_its_default() -> None:
    table = DOCS[DOCS.index("## Settings") : DOCS.index("## Behind")]
    defaults = Settings()
    for name, shown in {
        "rate_limit": "600",
        "rate_burst": "120",
        "query_log_minimum": "5",
        "query_log_days": "90",
        "cached_answers": "512",
    }.items():
        assert str(getattr(defaults, name)) == shown
        assert shown in table
    assert f"`{','.join(defaults.rate_exempt)}`" in table
    for name in (
        "site_url",
        "trusted_hosts",
        "trusted_proxies",
        "contact",
        "rate_limit",
        "rate_exempt",
        "query_log",
        "cached_answers",
    ):
        assert f"MEDSEARCH_{name.upper()}" in table


@pytest.mark.parametrize("unit", ["medsearch.service", "medsearch-build.service"])
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_units_are_right_and_hardened(unit: str, tmp_path: Path) -> None:
    text = (DEPLOY / unit).read_text("utf-8")
    for name in DEPLOY.glob("medsearch*"):
        (tmp_path / name.name).write_text(
            name.read_text("utf-8").replace("/opt/medsearch/.venv/bin/medsearch", "/bin/true"), "utf-8"
        )
    verified = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / unit], capture_output=True, text=True, check=False
    )
    assert [line for line in verified.stderr.splitlines() if unit in line] == []
    for line in (
        "User=medsearch",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "CapabilityBoundingSet=",
        "NUMBA_CACHE_DIR=",
    ):
        assert line in text
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", tmp_path / unit], capture_output=True, text=True, check=False
    )
    if match := re.search(r"exposure level for \S+: (\d+\.\d)", rated.stdout):
        assert float(match[1]) < 2


def test_the_container_runs_as_nobody_special_and_writes_only_where_it_may() -> None:
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    assert re.search(r"^USER 10001$", text, re.MULTILINE)
    assert "--read-only" in text
    assert "NUMBA_CACHE_DIR=/srv/cache" in text
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        for name in source.split():
            assert (ROOT / name).exists(), name
