"""Sends e-mails through an SMTP server, over TLS unless that is switched off."""

import base64
import logging
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.policy import default
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from alerts.config_parts import (
    InlineSecret,
    IntegrationConfig,
    PositiveDuration,
    Secret,
    Surroundings,
    TlsConfig,
    require_one_of,
)
from alerts.messages.digest_email import digest_email
from alerts.messages.email_message import MOST_ALERTS, email_message, message_id
from alerts.messages.story import tell
from alerts.messages.text_limits import one_line
from alerts.notification import FailureReason, Notification
from alerts.notifiers.notifier import DeliveryError, Notifier, reading_secrets
from domain.errors import ConfigError

logger = logging.getLogger(__name__)
_IMPLICIT_TLS_PORT = 465
_EXPLANATION = 200
# The server is no longer willing to talk, which says nothing about the message. RFC 5321, 4.2.3
_SHUTTING_DOWN = 421
_AUTHENTICATION_CODES = (530, 534, 535, 538)


def read_addresses(text: str) -> tuple[Address, ...]:
    """The addresses in a list separated by commas; ValueError says what is accepted."""
    found: tuple[Address, ...] = ()
    # The parser stumbles over some texts that are cut short.
    with suppress(IndexError):
        header = default.header_factory("To", text) if text.isprintable() else None
        found = () if header is None or header.defects else header.addresses
    if not found or not all(one.username and one.domain and one.addr_spec.isascii() for one in found):
        raise ValueError(
            "is not a list of e-mail addresses; give one such as finance@example.com, or several with commas between"
        )
    return found


def _addresses(value: str) -> str:
    read_addresses(value)
    return value


def _one_address(value: str) -> str:
    if len(read_addresses(value)) != 1:
        raise ValueError("is more than one e-mail address; give one such as milepost@example.com")
    return value


def _smarthost(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError("is not a host with a port; give one such as smtp.example.com:587")
    return value


class EmailConfig(IntegrationConfig):
    """Who writes to whom, through which server; `auth_password_file` or `auth_password_env` holds the password."""

    send_resolved: bool = False
    to: Annotated[str, AfterValidator(_addresses)]
    from_: Annotated[str, AfterValidator(_one_address)] = Field(alias="from")
    smarthost: Annotated[str, AfterValidator(_smarthost)]
    hello: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:\[\]-]+$")] = "localhost"
    auth_username: Annotated[str, Field(pattern=r"^[\x21-\x7e]+$")] | None = None
    auth_password: InlineSecret
    auth_password_file: Path | None = None
    auth_password_env: str | None = None
    require_tls: bool = True
    force_implicit_tls: bool | None = None
    tls_config: TlsConfig = TlsConfig()
    timeout: PositiveDuration = timedelta(seconds=10)

    @model_validator(mode="after")
    def _password_for_whom(self) -> Self:
        if self.auth_username is not None:
            require_one_of(self, "auth_password_file", "auth_password_env")
            if not self.require_tls and not self.implicit_tls:
                raise ValueError("a password goes over TLS only; leave require_tls: false out")
        elif self.auth_password_file is not None or self.auth_password_env is not None:
            raise ValueError("give auth_username with the password")
        return self

    @property
    def implicit_tls(self) -> bool:
        """Whether TLS begins with the connection, and not with a command after it."""
        return self.force_implicit_tls if self.force_implicit_tls is not None else self.port == _IMPLICIT_TLS_PORT

    @property
    def host(self) -> str:
        """The server's name, without the brackets of an IPv6 address."""
        return self.smarthost.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The server's port."""
        return int(self.smarthost.rpartition(":")[2])

    def notifier(self, surroundings: Surroundings) -> Notifier:
        return EmailNotifier(self, surroundings)


class EmailNotifier:
    """One entry of `email_configs`: a connection for each message, which is sent to all recipients or to none.

    A repeat has the same Message-ID, by which mailboxes can drop it; not all do.
    """

    def __init__(self, config: EmailConfig, surroundings: Surroundings) -> None:
        self._config = config
        self._console_url = surroundings.console_url
        (self._sender,) = read_addresses(config.from_)
        self._recipients = read_addresses(config.to)
        self._context = config.tls_config.context()
        self._password = Secret(config.auth_password_file, config.auth_password_env, surroundings.environ)
        if config.auth_username is not None:
            self._read_password()

    def compose(self, notification: Notification) -> str:
        story = tell(notification, self._console_url, MOST_ALERTS)
        if notification.digest is not None:
            created_at = notification.created_at
            return digest_email(story, notification.digest, self._sender, self._recipients, created_at)
        return email_message(story, self._sender, self._recipients, notification.created_at, notification.thread)

    def send(self, notification: Notification, now: datetime) -> str:
        with reading_secrets():
            password = self._read_password() if self._config.auth_username is not None else ""
        with _failures(self._config, _as_sent(self._config.auth_username or "", password)):
            client = self._connect()
            try:
                if self._config.auth_username is not None:
                    client.login(self._config.auth_username, password)
                self._hand_over(client, notification.body)
            finally:
                client.close()
        return message_id(notification.notification_id, self._sender)

    def close(self) -> None:
        """Holds no connection."""

    def _read_password(self) -> str:
        password = self._password.read_text()
        if not password.isascii():
            raise ConfigError(message=f"{self._password.place} holds characters that SMTP has no way to send")
        return password

    def _connect(self) -> smtplib.SMTP:
        config = self._config
        seconds = config.timeout.total_seconds()
        if config.implicit_tls:
            return smtplib.SMTP_SSL(config.host, config.port, config.hello, timeout=seconds, context=self._context)
        client = smtplib.SMTP(config.host, config.port, config.hello, timeout=seconds)
        if config.require_tls:
            try:
                client.ehlo_or_helo_if_needed()
                if not client.has_extn("starttls"):
                    raise DeliveryError(FailureReason.CLIENT_ERROR, "the server offers no STARTTLS", permanent=True)
                client.starttls(context=self._context)
            except BaseException:
                client.close()
                raise
        return client

    def _hand_over(self, client: smtplib.SMTP, message: str) -> None:
        client.ehlo_or_helo_if_needed()
        _check(*client.mail(self._sender.addr_spec))
        refused: smtplib.SMTPResponseException | None = None
        taken = 0
        for recipient in self._recipients:
            try:
                _check(*client.rcpt(recipient.addr_spec))
                taken += 1
            except smtplib.SMTPResponseException as error:
                if error.smtp_code < 500:
                    # Before the text is sent nothing has reached anybody, so all can be tried again.
                    raise
                # The others still hear of it; who does not is for somebody to see.
                logger.warning("%s is no recipient: answered %d", recipient.addr_spec, error.smtp_code)
                refused = error
        if refused is not None and not taken:
            raise refused
        _check(*client.data(message.encode("ascii")))
        # The message is taken; how the server says good-bye does not matter any more.
        with suppress(smtplib.SMTPException, OSError):
            client.putcmd("quit")


@contextmanager
def _failures(config: EmailConfig, secrets: tuple[str, ...]) -> Iterator[None]:
    """Says of whatever SMTP meets whether another try can help."""
    too_late = DeliveryError(FailureReason.TIMEOUT, f"no answer within {config.timeout.total_seconds():g} s")
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise _refusal(error.smtp_code, error.smtp_error, secrets) from None
    except smtplib.SMTPNotSupportedError as error:
        raise DeliveryError(FailureReason.CLIENT_ERROR, f"the server cannot do it: {error}", permanent=True) from None
    except TimeoutError as error:
        raise too_late from error
    except (smtplib.SMTPException, OSError) as error:
        # smtplib calls silence a lost connection.
        if isinstance(error.__context__, TimeoutError):
            raise too_late from error
        raise DeliveryError(FailureReason.CONNECTION, f"no connection: {error}") from error


def _check(code: int, text: bytes) -> None:
    if not 200 <= code < 300:
        raise smtplib.SMTPResponseException(code, text)


def _as_sent(user: str, password: str) -> tuple[str, ...]:
    """The password in every form in which a server has seen it and may repeat it."""
    if not password:
        return ()
    forms = (password, f"\0{user}\0{password}")
    return (*(base64.b64encode(form.encode()).decode() for form in forms), password)


def _refusal(code: int, text: bytes | str, secrets: tuple[str, ...]) -> DeliveryError:
    explanation = one_line(text.decode("utf-8", "replace") if isinstance(text, bytes) else text)
    for secret in secrets:
        explanation = explanation.replace(secret, "[hidden]")
    message = f"answered {code} {explanation[:_EXPLANATION]}".rstrip()
    if code in _AUTHENTICATION_CODES:
        return DeliveryError(FailureReason.UNAUTHORIZED, message, permanent=True)
    if 500 <= code < 600:
        return DeliveryError(FailureReason.CLIENT_ERROR, message, permanent=True)
    if code == _SHUTTING_DOWN or code < 0:
        return DeliveryError(FailureReason.CONNECTION, message)
    return DeliveryError(FailureReason.SERVER_ERROR, message)
