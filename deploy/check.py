#!/usr/bin/env python3
"""Parses every file of deploy/ and checks what a host relies on.

Prints one `ok` line per file and exits with 0, or says everything that is wrong and exits with 1. Needs Python 3.11 or later
and PyYAML, and systemd-analyze for the unit file. ./check reads the Dockerfile and compose.yml with hadolint and the schema
of the Compose Specification besides.
"""

import ipaddress
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
PORT = 8400
DATA = "/data"
USER = "1000:1000"
LISTEN = f"0.0.0.0:{PORT}"
# The program finishes within ten seconds of SIGTERM; whoever stops it must wait longer than that.
LONGEST_SHUTDOWN = 10


class Problems(list):
    """What is wrong with one file. Later checks go on after an earlier one failed."""

    def expect(self, holds, sentence):
        if not holds:
            self.append(sentence)


def seconds(value):
    """Reads 15, "15" or "15s"; None if it is something else."""
    match = re.fullmatch(r"(\d+)s?", str(value))
    return int(match.group(1)) if match else None


def outlasts_shutdown(value):
    limit = seconds(value)
    return limit is not None and limit > LONGEST_SHUTDOWN


def dockerfile_stages(text):
    """The stages of a Dockerfile: lists of (instruction, arguments), each beginning with FROM."""
    joined = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", text))
    stages = []
    for line in filter(None, map(str.strip, joined.splitlines())):
        word, _, rest = line.partition(" ")
        if word.upper() == "FROM":
            stages.append([])
        elif not stages:
            raise ValueError(f"{word} stands before the first FROM")
        stages[-1].append((word.upper(), rest.strip()))
    if not stages:
        raise ValueError("there is no FROM")
    return stages


def exec_form(stage, instruction):
    """The JSON arguments of the last such instruction, or None: a scratch image has no shell for the other form."""
    found = [rest for word, rest in stage if word == instruction]
    if not found or "[" not in found[-1]:
        return None
    try:
        return json.loads(found[-1][found[-1].index("["):])
    except ValueError:
        return None


def check_dockerfile(path, problems):
    stages = dockerfile_stages(path.read_text())
    build, final = stages[0], stages[-1]
    problems.expect(len(stages) > 1, "it has no separate build stage")
    problems.expect(final[0] == ("FROM", "scratch"), "the last stage is not FROM scratch")
    words = [word for word, _ in final]
    problems.expect("RUN" not in words, "the last stage has a RUN, but scratch has nothing to run")
    for word in ("COPY", "USER", "ENTRYPOINT", "CMD", "HEALTHCHECK", "VOLUME", "EXPOSE"):
        problems.expect(word in words, f"the last stage has no {word}")
    if problems:
        return
    last = dict(final)  # of instructions that are repeated, the last one counts
    uid = last["USER"].split(":")[0]
    problems.expect(uid.isdigit() and int(uid) > 0, f"USER {last['USER']} is not a number other than 0")
    problems.expect(last["USER"] == USER, f"USER is {last['USER']}, not {USER}")
    problems.expect(exec_form(final, "ENTRYPOINT") == ["/plex-oidc"], "ENTRYPOINT is not [\"/plex-oidc\"]")
    problems.expect(exec_form(final, "CMD") == ["serve"], "CMD is not [\"serve\"]")
    problems.expect(
        exec_form(final, "HEALTHCHECK") == ["/plex-oidc", "healthcheck"], "HEALTHCHECK does not run /plex-oidc healthcheck"
    )
    problems.expect(exec_form(final, "VOLUME") == [DATA], f"VOLUME is not [\"{DATA}\"]")
    problems.expect(last["EXPOSE"] == str(PORT), f"EXPOSE is not {PORT}")
    problems.expect(last.get("WORKDIR") == DATA, f"WORKDIR is not {DATA}")
    environment = " ".join(rest for word, rest in final if word == "ENV").split()
    problems.expect(f"PLEX_OIDC__LISTEN={LISTEN}" in environment, f"it does not listen on {LISTEN}")
    problems.expect(f"PLEX_OIDC_CONFIG={DATA}/plex-oidc.toml" in environment, f"its configuration is not in {DATA}")
    first_user = words.index("USER")
    problems.expect(words.index("VOLUME") > words.index("COPY"), "VOLUME stands before the COPY that fills the folder")
    problems.expect("COPY" not in words[first_user:], "a COPY stands after USER")
    owned = [rest for word, rest in final if word == "COPY" and f"--chown={USER}" in rest]
    problems.expect(len(owned) == 1, f"not exactly one COPY gives its files to {USER}")
    building = " ".join(rest for word, rest in build if word == "RUN")
    for part in ("-unknown-linux-musl", "--locked", "--release", "readelf"):
        problems.expect(part in building, f"the build stage has no {part}")
    copied = {
        source for word, rest in build if word == "COPY" and "--from" not in rest for source in rest.split()[:-1]
    }
    for source in sorted(copied):
        problems.expect((HERE.parent / source).exists(), f"COPY {source}: there is no such file")
    first, *let_in = [line for line in (HERE.parent / ".dockerignore").read_text().splitlines() if line[:1] not in ("", "#")]
    problems.expect(first == "*", ".dockerignore does not begin by leaving everything out")
    problems.expect(let_in == [f"!{source}" for source in sorted(copied)], ".dockerignore lets in other files than are copied")


def check_compose(path, problems):
    import yaml

    document = yaml.safe_load(path.read_text())
    services = document.get("services", {})
    problems.expect(set(document) <= {"name", "services", "volumes", "networks"}, "it has an unknown top-level key")
    problems.expect("plex-oidc" in services, "there is no service plex-oidc")
    if problems:
        return
    service = services["plex-oidc"]
    context = (HERE / service["build"]["context"]).resolve()
    problems.expect(context == HERE.parent, "the build context is not the root of the repository")
    problems.expect((context / service["build"]["dockerfile"]).is_file(), "the Dockerfile it names is not there")
    problems.expect(service.get("user") == USER, f"user is not {USER}")
    problems.expect(service.get("read_only") is True, "read_only is not true")
    problems.expect(service.get("cap_drop") == ["ALL"], "it keeps capabilities")
    problems.expect("no-new-privileges:true" in service.get("security_opt", []), "no-new-privileges is not set")
    problems.expect(service.get("privileged", False) is False, "it is privileged")
    ports = service.get("ports", [])
    problems.expect(f"127.0.0.1:{PORT}:{PORT}" in ports, f"port {PORT} is not published on the loopback interface")
    problems.expect(all(str(port).startswith("127.0.0.1:") for port in ports), "a port is published to the outside")
    mounts = {target: source for source, _, target in (str(one).partition(":") for one in service.get("volumes", []))}
    problems.expect(DATA in mounts, f"nothing is mounted at {DATA}")
    unseen = mounts.get(DATA, "").replace("./", "/deploy/") + "/"
    problems.expect(unseen in (HERE.parent / ".gitignore").read_text().splitlines(), f".gitignore does not name {unseen}")
    problems.expect(outlasts_shutdown(service.get("stop_grace_period")), "stop_grace_period is shorter than a shutdown")


def is_network(text):
    try:
        ipaddress.ip_network(text.strip())
    except ValueError:
        return False
    return True


def check_fly(path, problems):
    document = tomllib.loads(path.read_text())
    service = document.get("http_service", {})
    problems.expect(bool(document.get("app")), "there is no app")
    problems.expect((HERE / document.get("build", {}).get("dockerfile", "?")).is_file(), "the Dockerfile it names is not there")
    problems.expect(document.get("kill_signal") == "SIGTERM", "kill_signal is not SIGTERM")
    problems.expect(outlasts_shutdown(document.get("kill_timeout")), "kill_timeout is shorter than a shutdown")
    problems.expect(service.get("internal_port") == PORT, f"internal_port is not {PORT}")
    problems.expect(service.get("force_https") is True, "force_https is not true")
    problems.expect(service.get("auto_stop_machines") == "off", "machines may be put to sleep")
    checks = [check.get("path") for check in service.get("checks", [])]
    problems.expect(checks == ["/healthz"], "there is no check of /healthz, or another one")
    destinations = [mount.get("destination") for mount in document.get("mounts", [])]
    problems.expect(destinations == [DATA], f"not exactly one volume is mounted, at {DATA}")
    environment = document.get("env", {})
    problems.expect(environment.get("PLEX_OIDC__LISTEN") == LISTEN, f"it does not listen on {LISTEN}")
    public = environment.get("PLEX_OIDC__PUBLIC_URL", "")
    problems.expect(re.fullmatch(r"https://[a-z0-9.-]+", public), "the public address is not https://host")
    proxies = environment.get("PLEX_OIDC__TRUSTED_PROXIES", "").split(",")
    problems.expect(all(map(is_network, proxies)), "trusted_proxies names no network")
    problems.expect([vm.get("memory") for vm in document.get("vm", [])] == ["256mb"], "the machine has not 256 MB")


def unit_sections(text):
    """A unit file as {section: {key: [values]}}. configparser cannot read one: keys may be repeated there."""
    sections, current = {}, None
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith(("#", ";")):
            continue
        if line.startswith("[") and line.endswith("]"):
            current = sections.setdefault(line[1:-1], {})
        elif "=" in line and current is not None:
            key, _, value = line.partition("=")
            current.setdefault(key.strip(), []).append(value.strip())
        else:
            raise ValueError(f"line {number} is neither a section nor a setting")
    return sections


def verify_unit(text, problems):
    """Asks systemd-analyze, with a program that exists on every machine in the place of ours."""
    tool = shutil.which("systemd-analyze")
    if tool is None:
        problems.append("cannot be verified: systemd-analyze is not installed (Debian: systemd)")
        return
    stand_in = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=" + os.path.realpath(sys.executable), text)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "plex-oidc.service"
        copy.write_text(stand_in)
        run = subprocess.run(
            [tool, "verify", "--man=no", str(copy)], capture_output=True, text=True, timeout=60, check=False
        )
    # It reports an unknown setting on stderr and still exits with 0. It may also talk about other units of the machine.
    ours = [line for line in run.stderr.splitlines() if "plex-oidc.service" in line]
    problems.extend(f"systemd-analyze: {line}" for line in ours)
    if run.returncode != 0 and not ours:
        problems.append(f"systemd-analyze exited with {run.returncode}: {run.stderr.strip()}")


def check_unit(path, problems):
    text = path.read_text()
    sections = unit_sections(text)
    problems.expect(set(sections) == {"Unit", "Service", "Install"}, "its sections are not Unit, Service and Install")
    service = {key: values[-1] for key, values in sections.get("Service", {}).items()}
    wanted = {
        "ExecStart": "/usr/local/bin/plex-oidc serve",
        "User": "plex-oidc",
        "WorkingDirectory": "/var/lib/plex-oidc",
        "StateDirectory": "plex-oidc",
        "StateDirectoryMode": "0700",
        "UMask": "0077",
        "Restart": "on-failure",
        "RestartPreventExitStatus": "78",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "CapabilityBoundingSet": "",
    }
    for key, value in wanted.items():
        problems.expect(service.get(key) == value, f"{key} is {service.get(key)!r}, not {value!r}")
    problems.expect(outlasts_shutdown(service.get("TimeoutStopSec")), "TimeoutStopSec is shorter than a shutdown")
    verify_unit(text, problems)


CHECKS = {
    "Dockerfile": check_dockerfile,
    "compose.yml": check_compose,
    "fly.toml": check_fly,
    "plex-oidc.service": check_unit,
}


def main():
    failed = False
    for name, check in CHECKS.items():
        problems = Problems()
        try:
            check(HERE / name, problems)
        except ModuleNotFoundError as error:
            problems.append(f"cannot be checked: {error} (install PyYAML)")
        except Exception as error:  # whatever a broken file does to a parser is a finding, not a traceback
            problems.append(f"cannot be read: {type(error).__name__}: {error}")
        for problem in problems:
            print(f"FAILED {name}: {problem}", file=sys.stderr)
        if not problems:
            print(f"ok {name}")
        failed = failed or bool(problems)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
