"""A mail server on loopback: STARTTLS or TLS from the start, passwords, and refusals as the test says."""

import asyncio
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "milepost", "mail pass secret-0123456789"
DROP, SILENCE = "drop", "silence"


@dataclass(frozen=True, slots=True)
class Mail:
    """One message that was taken, with the addresses of its envelope."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    was_encrypted: bool
    user: bytes | None


@dataclass
class MailServer:
    """What came, and what to say instead of 250: by recipient, or for the next texts in turn."""

    port: int
    certificate: Path
    mails: list[Mail] = field(default_factory=list)
    for_recipients: Mapping[str, str] = field(default_factory=dict)
    for_texts: list[str] = field(default_factory=list)

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, _: list[str]) -> str:
        """The answer to a recipient."""
        answer = self.for_recipients.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """The answer to a text."""
        answer = self.for_texts.pop(0) if self.for_texts else "250 OK"
        if answer == SILENCE:
            # Longer than any test waits; the end of the server ends it.
            await asyncio.get_running_loop().create_future()
        if answer == DROP:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=default)
            assert isinstance(message, EmailMessage)
            user = session.auth_data.login if isinstance(session.auth_data, LoginPassword) else None
            sender = envelope.mail_from or ""
            assert server.transport is not None
            encrypted = server.transport.get_extra_info("sslcontext") is not None
            self.mails.append(Mail(sender, tuple(envelope.rcpt_tos), message, encrypted, user))
        return answer


def _authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
) -> AuthResult:
    good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False, auth_data=data)


@contextmanager
def mail_server(
    folder: Path, *, implicit_tls: bool = False, encrypted: bool = True, without: Sequence[str] = ()
) -> Iterator[MailServer]:
    """A mail server for the length of a block, its certificate in the folder; `without` some ways to sign in."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    certificate, key = self_signed(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    server = MailServer(port, certificate)
    doors: dict[str, Any] = {}
    if encrypted:
        doors = {"authenticator": _authenticate, "auth_required": not implicit_tls}
        doors["auth_exclude_mechanism"] = without
        # With TLS from the start aiosmtpd does not know that a password is safe, and then asks for none.
        doors |= {"ssl_context": context, "auth_require_tls": False} if implicit_tls else {"tls_context": context}
    controller = Controller(server, hostname="127.0.0.1", port=port, **doors)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key
