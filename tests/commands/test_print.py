"""Units, crontab lines and proxies as they are printed, read by the programs they are for."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.commands.conftest import Run
from usertrack_cli.api.services import Place, cron, logrotate, systemd
from usertrack_cli.settings import resolve
from usertrack_cli.store.home import Home


def units(run: Run, folder: Path, *flags: str) -> list[Path]:
    folder.mkdir()
    done = run("print", "systemd", "--out", str(folder), *flags)
    assert done.code == 0, done.err
    return [Path(line) for line in done.out.splitlines()]


def needs(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"no {program} on the PATH")


def test_systemd_accepts_every_unit_and_calls_the_service_safe(run: Run, tmp_path: Path) -> None:
    needs("systemd-analyze")
    written = units(run, tmp_path / "units")
    services = [path for path in written if path.suffix == ".service"]

    verified = subprocess.run(["systemd-analyze", "verify", *written], capture_output=True, text=True)
    rated = [
        subprocess.run(["systemd-analyze", "security", "--offline=yes", path], capture_output=True, text=True)
        for path in services
    ]

    assert (verified.returncode, verified.stderr) == (0, "")
    assert len(written) == 8
    for each in rated:
        found = re.search(r"exposure level for \S+: ([\d.]+)", each.stdout)
        assert found is not None
        assert float(found[1]) < 2.5


def test_a_directory_with_blanks_and_percent_signs_survives_a_unit(run: Run, tmp_path: Path) -> None:
    needs("systemd-analyze")
    odd = tmp_path / 'my data 100% $HOME "x"'
    place = Place(program=["/bin/true"], data=odd, backups=odd, logs=odd)
    written = []
    for name, text in systemd(resolve({}, environ={}).settings, place).items():
        written.append(tmp_path / name)
        written[-1].write_text(text)

    verified = subprocess.run(["systemd-analyze", "verify", *written], capture_output=True, text=True)

    assert (verified.returncode, verified.stderr) == (0, "")
    assert 'ExecStart=/bin/true serve --data "' in (tmp_path / "usertrack.service").read_text()


def test_crontab_lines_run_as_written_without_any_environment(run: Run, home: Home, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    printed = run("print", "cron", "--backups", str(tmp_path / "backups"), "--logs", str(tmp_path / "logs")).out
    lines = [line for line in printed.splitlines() if line and not line.startswith("#")]

    for line in lines:
        *when, user, command = line.split(None, 6)
        done = subprocess.run(
            ["env", "-i", "/bin/sh", "-c", command.replace("\\%", "%")],
            capture_output=True,
            text=True,
            cwd="/",
            timeout=120,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), line
        broken = subprocess.run(
            ["env", "-i", "/bin/sh", "-c", command.replace(str(home.root), "/nowhere/data")],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert "no usertrack data in" in broken.stdout + broken.stderr
        assert (len(when), user) == (5, "usertrack")
        assert str(home.root) in command

    assert len(lines) == 3
    assert len(list((tmp_path / "backups").iterdir())) == 1
    assert "default: removed 0 sessions" in (tmp_path / "logs" / "cron.log").read_text()


def test_a_percent_sign_does_not_end_a_crontab_line(tmp_path: Path) -> None:
    odd = tmp_path / "100% data"
    text = cron(Place(program=["/usr/bin/usertrack"], data=odd, backups=odd, logs=odd))

    assert "100% data" not in text.partition("17 * * * *")[2]
    assert shlex.quote(str(odd)).replace("%", "\\%") in text


def test_logrotate_accepts_its_file(tmp_path: Path) -> None:
    needs("logrotate")
    (tmp_path / "cron.log").write_text("x\n")
    file = tmp_path / "usertrack"
    text = logrotate(Place(program=["x"], data=tmp_path, backups=tmp_path, logs=tmp_path))
    file.write_text(text.replace("su usertrack usertrack", "su root root"))
    file.chmod(0o644)

    done = subprocess.run(
        ["logrotate", "-d", "-s", str(tmp_path / "state"), str(file)], capture_output=True, text=True
    )

    assert done.returncode == 0
    assert "error" not in done.stderr
    assert "considering log" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nginx"], "public_url is not set"),
        (["caddy"], "public_url is not set"),
        (["apache"], "WHAT cannot be 'apache'"),
        (["nginx", "--public-url", "https://a.example", "--key", "k"], "belong together"),
        (["nginx", "--public-url", "https://a.example", "--key", "k k", "--certificate", "c"], "blanks"),
        (["nginx", "--public-url", "https://a.example", "--out", "."], "--out is for systemd"),
        (["nginx", "--public-url", "https://a.example", "--port", "0"], "port is 0"),
        (["systemd", "--host", "stats.example"], "systemd listens on addresses"),
        (["systemd", "--out", "/nowhere"], "cannot be written"),
        (["cron", "--logs", "/var/a\nb"], "line break"),
    ],
)
def test_what_cannot_be_printed_is_said(run: Run, arguments: list[str], said: str) -> None:
    done = run("print", *arguments)

    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_the_settings_in_force_are_written_down(run: Run) -> None:
    flags = ["--public-url", "https://shop.example:8443/s/t", "--host", "::1", "--port", "9001"]
    flags += ["--client-ip-header", "X-Real-IP", "--certificate", "/etc/c.pem", "--key", "/etc/k.pem"]

    nginx, caddy = run("print", "nginx", *flags).out, run("print", "caddy", *flags).out

    for text in (nginx, caddy):
        for part in ("8443", "shop.example", "[::1]:9001", "X-Real-IP", "/s/t/", "/etc/c.pem", "/etc/k.pem"):
            assert part in text
        assert "X-Forwarded-For" not in text
    assert "ssl" not in run("print", "nginx", "--public-url", "http://stats.example").out
