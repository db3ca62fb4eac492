"""The same three nodes with OpenSearch's own security plug-in: TLS between them and to them, users and their roles."""

from __future__ import annotations

import base64
import json
import secrets
import shutil
import ssl
import subprocess
import urllib.request
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from scripts.cluster import HERE, LIBRARIES, NODES, LocalCluster, bring

SECURITY = LIBRARIES.parent / "security"
PLUGIN = SECURITY / "plugin"
ADMINISTRATOR = "administrator"
OWN_FILES = ("internal_users", "roles", "roles_mapping")  # the others are as the plug-in brings them


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may ask: a password, and one role as the plug-in writes it in ``roles.yml``."""

    password: str
    role: Mapping[str, object]


class SecuredCluster(LocalCluster):
    """Three nodes that know these users and nobody else; ``authority`` is the file with which to check them."""

    def __init__(self, folder: Path, users: Mapping[str, User], *, brief: bool = False) -> None:
        super().__init__(folder, brief=brief)
        self.authority = folder / "authority.pem"
        self._users = users
        self._certificates = trustme.CA()
        self._secret = secrets.token_urlsafe()

    def settings(self, number: int) -> dict[str, object]:
        """Settings of one node, its certificates among them."""
        security = "plugins.security"
        pem = {"pemcert": "node.pem", "pemkey": "node.key", "pemtrustedcas": "authority.pem"}
        return {
            **super().settings(number),
            "plugin": "org.opensearch.security.OpenSearchSecurityPlugin",
            **{
                f"{security}.ssl.{layer}.{name}_filepath": file
                for layer in ("transport", "http")
                for name, file in pem.items()
            },
            f"{security}.ssl.http.enabled": "true",
            f"{security}.ssl.transport.enforce_hostname_verification": "false",
            f"{security}.nodes_dn": "CN=node*",
            f"{security}.allow_default_init_securityindex": "true",
            f"{security}.audit.type": "noop",
        }

    def classes(self) -> str:
        """The plug-in's own libraries come last: the nodes' versions of them count."""
        return f"{super().classes()}:{PLUGIN}/*"

    def fetch(self) -> None:
        """Bring nodes and plug-in, once, and write who may do what; raises ``NotPossible``."""
        super().fetch()
        stamp, wanted = SECURITY / ".complete", (HERE / "security.xml").read_text("utf-8")
        if not stamp.is_file() or stamp.read_text("utf-8") != wanted:
            bring(HERE / "security.xml", SECURITY)
            (archive,) = SECURITY.glob("*.zip")
            with zipfile.ZipFile(archive) as found:
                found.extractall(PLUGIN)
            stamp.write_text(wanted, "utf-8")
        self._certificates.cert_pem.write_to_path(str(self.authority))
        files = self._who()
        for number in range(NODES):
            self._configure(self.folder / f"node{number}" / "config", number, files)

    def _configure(self, folder: Path, number: int, files: Mapping[str, object]) -> None:
        shutil.copytree(PLUGIN / "config", folder / "opensearch-security", dirs_exist_ok=True)
        for name, content in files.items():
            # JSON is YAML too.
            (folder / "opensearch-security" / f"{name}.yml").write_text(json.dumps(content), "utf-8")
        certificate = self._certificates.issue_cert("127.0.0.1", common_name=f"node{number}")
        (folder / "node.pem").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
        key = load_pem_private_key(certificate.private_key_pem.bytes(), None)
        (folder / "node.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        shutil.copy(self.authority, folder / "authority.pem")

    def _who(self) -> dict[str, object]:
        """The plug-in's three files of users, roles, and which user has which."""
        passwords = {ADMINISTRATOR: self._secret} | {name: user.password for name, user in self._users.items()}
        mapped = {"all_access": {"users": [ADMINISTRATOR]}} | {name: {"users": [name]} for name in self._users}
        contents: tuple[dict[str, object], ...] = (
            {name: {"hash": self._hash(password)} for name, password in passwords.items()},
            {name: dict(user.role) for name, user in self._users.items()},
            dict(mapped),
        )
        kinds = ("internalusers", "roles", "rolesmapping")
        return {
            file: {"_meta": {"type": kind, "config_version": 2}, **content}
            for file, kind, content in zip(OWN_FILES, kinds, contents, strict=True)
        }

    def _hash(self, password: str) -> str:
        command = ["java", "-cp", self.classes(), "org.opensearch.security.tools.Hasher", "-p", password]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
        return done.stdout.strip().splitlines()[-1]

    def ask(self, port: int, path: str) -> None:
        """Ask one node as its administrator."""
        pair = base64.b64encode(f"{ADMINISTRATOR}:{self._secret}".encode()).decode("ascii")
        request = urllib.request.Request(f"https://127.0.0.1:{port}{path}", headers={"Authorization": f"Basic {pair}"})
        context = ssl.create_default_context(cafile=str(self.authority))
        with urllib.request.urlopen(request, timeout=5, context=context):
            return
